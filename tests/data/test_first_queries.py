"""Everyone's first image by each camera as a query, whatever splits a data set has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dgnet.data.first_queries import first_as_queries
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError, Record, assemble


def names(records: tuple[Record, ...]) -> list[str]:
    return sorted(Path(record.path).name for record in records)


def folder_of(market: Path, root: Path, split: str) -> Path:
    """The tree's training images by identity, as `root/train/<id>/`; the first of each camera in `root/val/<id>/`."""
    for path in sorted((market / "bounding_box_train").iterdir()):
        place = root / (split if "_000000_" in path.name else "train") / path.name[:4]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path.name)
    return root


def test_folders_of_splits_are_one_test(market: Path, tmp_path: Path) -> None:
    dataset = read_dataset("auto", folder_of(market, tmp_path / "people", "val"))
    made = first_as_queries(dataset)
    assert made.train == ()
    assert names(made.query) == [f"{pid:04d}_c{camid}s1_000000_01.jpg" for pid in range(1, 5) for camid in (1, 2)]
    assert len(made.gallery) == 4 * 2 * 2
    assert made.notes == (
        "the first image by each camera of each of 4 identities is a query, all other images are the gallery",
    )


def test_training_queries_and_gallery_of_a_benchmark_are_one_test(market: Path) -> None:
    made = first_as_queries(read_dataset("market1501", market))
    assert (len(made.query), len(made.gallery)) == (6 * 2, 6 * 2 * 2)
    assert {(record.pid, record.camid) for record in made.query} == {(p, c) for p in range(1, 7) for c in (1, 2)}


def test_without_cameras_each_identity_has_one_query_and_a_sentence_says_so(market: Path, tmp_path: Path) -> None:
    root = folder_of(market, tmp_path / "people", "val")
    for path in sorted(root.rglob("*.jpg")):
        path.rename(path.with_name(path.name.replace("_c", "-")))
    made = first_as_queries(read_dataset("folder", root))
    assert len(made.query) == 4
    assert names(made.query)[0] == "0001-1s1_000000_01.jpg"
    assert "each of 4 identities has one query" in made.notes[0]
    assert "cameras are unknown" in made.notes[0]


def test_one_camera_in_the_training_images_that_is_unknown_makes_all_unknown() -> None:
    splits = {
        "train": [Record("a1", 1, -1), Record("a2", 1, 2)],
        "query": [Record("b1", 2, 1)],
        "gallery": [Record("b2", 2, 2)],
    }
    made = first_as_queries(assemble("folder", Path("x"), splits))
    assert names(made.query) == ["a1", "b1"]


def test_distractors_give_no_query_and_files_in_two_splits_count_once() -> None:
    splits = {
        "query": [Record("b1", 2, 1)],
        "gallery": [Record("0a", 0, 1), Record("b1", 2, 1), Record("b2", 2, 2), Record("b3", 2, 2), Record("c1", 3, 1)],
    }
    made = first_as_queries(assemble("market1501", Path("x"), splits))
    assert names(made.query) == ["b1", "b2", "c1"]
    assert names(made.gallery) == ["0a", "b3"]


def test_equal_numbers_of_training_and_test_are_two_people_where_these_are_numbered_apart() -> None:
    splits = {
        "train": [Record("a1", 0, 1), Record("a2", 0, 2)],
        "query": [Record("b1", 0, 1)],
        "gallery": [Record("b2", 0, 1)],
    }
    made = first_as_queries(assemble("msmt17", Path("x"), splits, numbered_apart=True))
    assert {(record.path, record.pid) for record in made.query} == {("a1", 1), ("a2", 1), ("b1", 0)}
    assert [(record.path, record.pid) for record in made.gallery] == [("b2", 0)]


def test_one_image_each_is_no_test() -> None:
    with pytest.raises(DataError, match="every one of the 2 images is the first of its identity and camera"):
        first_as_queries(assemble("folder", Path("x"), {"train": [Record("a1", 1, 1), Record("a2", 1, 2)]}))
