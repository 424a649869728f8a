from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.data.records import DataError, Record, assemble, name_some

ROOT = Path("somewhere")


def test_splits_are_sorted_and_labels_contiguous():
    train = [Record("b.jpg", 7, 1), Record("a.jpg", 30, 2), Record("c.jpg", 2, 1)]
    dataset = assemble("own", ROOT, {"train": train})
    assert [r.path for r in dataset.train] == ["a.jpg", "b.jpg", "c.jpg"]
    assert dataset.labels() == {2: 0, 7: 1, 30: 2}
    assert dataset.query == dataset.gallery == dataset.multi_query == ()


def test_cameras_are_known_only_where_all_are_that_are_tested_on():
    known, unknown = Record("a.jpg", 1, 3), Record("b.jpg", 2, -1)
    assert assemble("own", ROOT, {"gallery": [known]}).has_cameras
    assert not assemble("own", ROOT, {"gallery": [known, unknown]}).has_cameras
    assert not assemble("own", ROOT, {"query": [replace(unknown, pid=1)], "gallery": [known]}).has_cameras
    assert assemble("own", ROOT, {"train": [unknown], "gallery": [known]}).has_cameras  # only a test needs them


def test_0_is_a_distractor_but_where_identities_are_numbered_apart():
    splits = {"train": [Record("a.jpg", 0, 1)], "gallery": [Record("b.jpg", 0, 1)]}
    assert assemble("own", ROOT, splits).is_distractor(0)
    assert not assemble("msmt17", ROOT, splits, numbered_apart=True).is_distractor(0)
    assert not assemble("own", ROOT, splits).is_distractor(1)


def test_two_identities_sharing_a_file_are_refused():
    with pytest.raises(DataError, match=r"a\.jpg belongs to two identities in train, 1 and 2"):
        assemble("own", ROOT, {"train": [Record("a.jpg", 1, 1), Record("a.jpg", 2, 1)]})


def test_a_file_listed_twice_is_refused():
    with pytest.raises(DataError, match=r"a\.jpg is listed twice in gallery"):
        assemble("own", ROOT, {"gallery": [Record("a.jpg", 1, 1), Record("a.jpg", 1, 1)]})


def test_a_file_in_train_and_test_is_refused():
    splits = {"train": [Record("a.jpg", 1, 1)], "gallery": [Record("a.jpg", 1, 1)]}
    with pytest.raises(DataError, match=r"both in train and in the test.*a\.jpg"):
        assemble("own", ROOT, splits)


def test_no_image_at_all_is_refused():
    with pytest.raises(DataError, match="no image"):
        assemble("own", ROOT, {"train": [], "query": []})


def test_query_identities_absent_from_the_gallery_are_said():
    query = [Record("q1.jpg", 1, 1), Record("q2.jpg", 2, 1)]
    dataset = assemble("own", ROOT, {"query": query, "gallery": [Record("g1.jpg", 1, 2)]})
    assert len(dataset.notes) == 1
    assert "1 query identity is absent from the gallery" in dataset.notes[0]
    assert dataset.notes[0].endswith(": 2")


def test_no_query_identity_in_the_gallery_is_refused():
    splits = {"query": [Record("q.jpg", 1, 1)], "gallery": [Record("g.jpg", 5, 2)]}
    with pytest.raises(DataError, match="none of the 1 query identities is in the gallery"):
        assemble("own", ROOT, splits)


def test_long_lists_are_counted_and_undecodable_names_can_be_printed():
    assert name_some(range(8)) == "0, 1, 2, 3, 4 and 3 more"
    name_some(["caf\udce9.jpg"]).encode("utf-8")


def test_case_01_junk_is_taken_out_of_the_gallery_and_counted():
    gallery = [Record("g.jpg", 1, 2), Record("j.jpg", -1, 2)]
    dataset = assemble("own", ROOT, {"query": [Record("q.jpg", 1, 1)], "gallery": gallery}, num_junk=3)
    assert (dataset.gallery, dataset.num_junk) == ((gallery[0],), 4)
    with pytest.raises(DataError, match=r"not in multi_query: m\.jpg"):
        assemble("own", ROOT, {"gallery": gallery, "multi_query": [Record("m.jpg", -1, 2)]})


def test_case_10_numbers_that_begin_anew_are_no_reason_to_warn():
    splits = {
        "train": [Record("t.jpg", 1, 1)],
        "query": [Record("q.jpg", 1, 1)],
        "gallery": [Record("g.jpg", 1, 2)],
    }
    assert assemble("own", ROOT, splits).warnings
    assert not assemble("own", ROOT, splits, numbered_apart=True).warnings
