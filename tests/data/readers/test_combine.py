from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.data.readers.combine import combine, train_also_on
from dgnet.data.records import DataError, Record, assemble

ONE = assemble(
    "one",
    Path("data/one"),
    {
        "train": [Record("1a", 5, 1), Record("1b", 9, 6)],
        "query": [Record("1q", 3, 1)],
        "gallery": [Record("1g", 3, 2), Record("1d", 0, 2)],
    },
    num_junk=4,
    notes=["a note"],
)
TWO = assemble(
    "two",
    Path("data/two"),
    {
        "train": [Record("2a", 5, 1), Record("2b", 0, -1)],
        "query": [Record("2q", 3, 1)],
        "gallery": [Record("2g", 3, 2), Record("2d", 0, 2)],
        "multi_query": [Record("2m", 3, 1)],
    },
    num_junk=1,
)


def test_identities_and_cameras_are_kept_apart():
    both = combine([ONE, TWO])
    assert both.name == "one+two"
    assert both.train == (Record("1a", 5, 1), Record("1b", 9, 6), Record("2a", 15, 8), Record("2b", 10, -1))
    assert both.query == (Record("1q", 3, 1), Record("2q", 13, 8))
    assert both.gallery == (Record("1d", 0, 2), Record("1g", 3, 2), Record("2d", 10, 9), Record("2g", 13, 9))
    assert both.multi_query == (Record("2m", 13, 8),)
    assert both.num_junk == 5
    assert both.notes == ("one: a note",)
    assert both.root.parts[-1] == "data"
    assert both.labels() == {5: 0, 9: 1, 10: 2, 15: 3}


def test_one_alone_keeps_its_numbers():
    assert combine([ONE]).train == ONE.train


def test_the_same_data_set_twice_and_nothing_are_refused():
    with pytest.raises(DataError, match="1a belongs to two identities"):
        combine([ONE, ONE])
    with pytest.raises(DataError, match="no data set to combine"):
        combine([])


def test_training_on_others_too_leaves_the_test_alone():
    both = train_also_on(ONE, [TWO])
    assert both.train == combine([ONE, TWO]).train
    assert (both.query, both.gallery, both.multi_query) == (ONE.query, ONE.gallery, ())
    assert (both.name, both.root, both.num_junk, both.trained_on) == ("one", ONE.root, ONE.num_junk, "one+two")
    assert both.has_cameras  # of all that is tested on: TWO has an image without
    assert both.notes == ("one: a note", "trained on 2 images of 2 people of two too")


def test_another_data_set_needs_images_to_train_on():
    with pytest.raises(DataError, match=r"data.two: no train images in this two"):
        train_also_on(ONE, [replace(TWO, train=())])


def test_names_and_what_was_left_out_go_along():
    own = {"train": [Record("3a", 1, 1)], "query": [Record("3q", 1, 1)], "gallery": [Record("3g", 1, 2)]}
    three = assemble(
        "three",
        Path("data/three"),
        own,
        names={1: "ann"},
        unread=[("x.heic", "not read")],
        unreadable=[("y.jpg", "gone")],
    )
    assert three.warnings[0].startswith("1 path looks like a picture and is not read: 1 (not read): x.heic")
    assert three.warnings[1].startswith("1 of 1 test identities is trained on too: ann")
    both = combine([ONE, three])
    assert both.names == {11: "ann"}
    assert both.called(11) == "ann"
    assert (both.unread, both.unreadable) == (three.unread, three.unreadable)
    assert both.warnings == tuple(f"three: {warning}" for warning in three.warnings)
    assert [note for note in both.notes if "trained on too" in note] == [f"three: {three.warnings[1]}"]
