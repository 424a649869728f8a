"""Data that cannot be tested on is refused before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.data.readers import folder
from dgnet.data.records import DataError, Record, ReidDataset
from dgnet.data.testable import require_testable

ROOT = Path("/people")


def dataset(query: list[tuple[str, int, int]], gallery: list[tuple[str, int, int]]) -> ReidDataset:
    """A data set of records given as (path, pid, camid); its training people are on camera 1."""
    train = (Record("t0", 90, 1), Record("t1", 91, 1))
    return ReidDataset("folder", ROOT, train, *(tuple(Record(*one) for one in side) for side in (query, gallery)))


def test_one_query_with_a_match_in_another_camera_is_enough() -> None:
    require_testable(dataset([("q0", 1, 1), ("q1", 2, 1)], [("g0", 1, 1), ("g1", 2, 2)]))


def test_without_cameras_any_other_file_is_a_match() -> None:
    require_testable(dataset([("q0", 1, -1)], [("g0", 1, -1)]))
    require_testable(dataset([("q0", 1, 1)], [("g0", 1, 1), ("g1", 3, -1)]))  # one unknown camera: nothing is dropped


def test_case_16_one_camera_is_named_and_so_is_the_way_out() -> None:
    one = dataset([("q0", 1, 3)], [("g0", 1, 3), ("g1", 2, 3)])
    with pytest.raises(DataError, match=r"^/people: none of the 1 queries .* by camera 3, .*manifest without.*--data"):
        require_testable(one)


def test_case_16_several_cameras_each_with_its_own_people() -> None:
    with pytest.raises(DataError, match=r"by the query's own camera alone \(cameras 1, 2\)"):
        require_testable(dataset([("q0", 1, 1), ("q1", 2, 2)], [("g0", 1, 1), ("g1", 2, 2)]))


def test_images_without_labels_test_nothing() -> None:
    alone = dataset([("q0", 1, 1)], [("g0", 1, 2), ("g1", 1, 3)])
    require_testable(alone)
    with pytest.raises(DataError, match="no labels, so whatever a model says would be right"):
        require_testable(replace(alone, labelled=False))


def test_a_query_is_no_match_of_itself() -> None:
    with pytest.raises(DataError, match="another file of the same identity"):
        require_testable(dataset([("same", 1, -1)], [("same", 1, -1), ("g1", 2, -1)]))


def test_case_17_one_camera_and_no_split(tmp_path: Path) -> None:
    for person in ("ann", "bob", "cid"):
        (tmp_path / person).mkdir()
        for index in range(3):
            (tmp_path / person / f"{index}_c1.jpg").touch()
    with pytest.raises(DataError, match=r"no queries: every image is by camera 1, so nobody can be held out"):
        require_testable(folder.read(tmp_path))
    require_testable(folder.read(tmp_path, pattern=r"^(?P<pid>[^/]+)/"))  # the advice, taken


def test_no_gallery_is_told_without_cameras_to_blame() -> None:
    with pytest.raises(DataError, match=r"no gallery images, so nothing can be tested; give the data set a query"):
        require_testable(ReidDataset("folder", ROOT, (Record("t", 1, 1), Record("u", 1, 2)), (Record("q", 3, 1),), ()))
