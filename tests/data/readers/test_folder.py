from __future__ import annotations

import os
from pathlib import Path

import pytest

from dgnet.data.readers import folder
from dgnet.data.records import DataError


def names(records) -> list[str]:
    return [os.path.basename(r.path) for r in records]


def test_three_splits_number_identities_alike(write_images, tmp_path: Path):
    write_images("train/ann/1_c1.jpg", "train/bob/1_c2.jpg", "query/eve/1_c1.jpg", "gallery/eve/2_c12.jpg")
    dataset = folder.read(tmp_path)
    assert [(r.pid, r.camid) for r in dataset.train] == [(1, 1), (2, 2)]
    assert [(r.pid, r.camid) for r in (*dataset.query, *dataset.gallery)] == [(3, 1), (3, 12)]
    assert "numbered from 1" in dataset.notes[0]


def test_numeric_identities_are_kept_and_cameras_may_be_unknown(write_images, tmp_path: Path):
    write_images("0042/a_c1.jpg", "0042/b.jpg", "7/a.png")
    dataset = folder.read(tmp_path, num_test_ids=0)
    assert {(r.pid, r.camid) for r in dataset.train} == {(42, -1), (7, -1)}
    assert any("cameras are unknown" in note for note in dataset.notes)


def test_pattern_finds_identity_and_camera_in_flat_names(write_images, tmp_path: Path):
    write_images("p3-door.jpg", "p3-hall.jpg", "p9-hall.jpg")
    dataset = folder.read(tmp_path, pattern=r"p(?P<pid>\d+)-(?P<camid>[a-z]+)", num_test_ids=0)
    assert [(r.pid, r.camid) for r in dataset.train] == [(3, 1), (3, 2), (9, 2)]


def test_pattern_finds_the_camera_in_the_name_and_the_identity_in_the_folder(write_images, tmp_path: Path):
    write_images("5/cam2-1.jpg", "6/cam11-1.jpg")
    dataset = folder.read(tmp_path, pattern=r"cam(?P<camid>\d+)", num_test_ids=0)
    assert [(r.pid, r.camid) for r in dataset.train] == [(5, 2), (6, 11)]


def test_hold_out_is_deterministic_disjoint_and_valid(write_images, tmp_path: Path):
    files = [f"{pid:03d}/{pid:03d}_c{camid}_{k}.jpg" for pid in range(1, 13) for camid in (1, 2) for k in (0, 1)]
    write_images(*files, "777/777_c1_0.jpg", "777/777_c1_1.jpg", "888/888_c1_0.jpg")
    dataset = folder.read(tmp_path, num_test_ids=4)
    assert dataset == folder.read(tmp_path, num_test_ids=4)
    test_pids = {r.pid for r in dataset.gallery}
    assert len(test_pids) == 4
    assert not test_pids & {r.pid for r in dataset.train}
    assert not test_pids & {777, 888}  # one camera: nothing to find in another
    assert len(dataset.query) == len(dataset.gallery) == 8
    assert {(r.pid, r.camid) for r in dataset.query} == {(pid, camid) for pid in test_pids for camid in (1, 2)}
    assert len(dataset.train) + len(dataset.query) + len(dataset.gallery) == 51
    held_more = folder.read(tmp_path, num_test_ids=5)
    assert test_pids < {r.pid for r in held_more.gallery}


def test_every_held_out_query_keeps_a_match_in_another_camera(write_images, tmp_path: Path):
    write_images("1/a_c1.jpg", "1/b_c2.jpg", "1/c_c2.jpg", "2/a_c1.jpg", "2/b_c3.jpg", "3/a_c1.jpg")
    write_images("4/a_c1.jpg", "5/a_c1.jpg")
    dataset = folder.read(tmp_path, num_test_ids=2)
    assert names(dataset.query) == ["b_c2.jpg", "a_c1.jpg"]
    for query in dataset.query:
        assert any(g.pid == query.pid and g.camid != query.camid for g in dataset.gallery)


def test_train_and_val_alone_are_one_tree(write_images, tmp_path: Path):
    write_images("train/1/a_c1.jpg", "train/2/a_c1.jpg", "val/1/b_c2.jpg", "val/2/b_c2.jpg")
    dataset = folder.read(tmp_path, num_test_ids=1)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (2, 1, 1)


@pytest.mark.parametrize("name", ["query", "train"])
def test_a_tree_may_be_called_as_a_split_is(write_images, tmp_path: Path, name: str):
    write_images(f"{name}/1/a_c1.jpg", f"{name}/2/a_c1.jpg")
    assert len(folder.read(tmp_path / name).train) == 2


def test_missing_split_is_named(write_images, tmp_path: Path):
    write_images("train/1/a_c1.jpg", "query/2/a_c1.jpg")
    with pytest.raises(DataError, match="misses gallery"):
        folder.read(tmp_path)


def test_loose_images_are_not_skipped(write_images, tmp_path: Path):
    write_images("1/a.jpg", "stray.jpg")
    with pytest.raises(DataError, match=r"outside any identity's folder: stray\.jpg"):
        folder.read(tmp_path)


@pytest.mark.parametrize("pattern", ["(", "no groups", r"(?P<person>\d+)"])
def test_bad_patterns_are_refused(write_images, tmp_path: Path, pattern: str):
    write_images("1/a.jpg")
    with pytest.raises(DataError, match="pattern"):
        folder.read(tmp_path, pattern=pattern)


def test_a_pattern_must_match_every_image(write_images, tmp_path: Path):
    write_images("p1.jpg", "x.jpg")
    with pytest.raises(DataError, match=r"finds no identity in x\.jpg"):
        folder.read(tmp_path, pattern=r"p(?P<pid>\d+)")
    with pytest.raises(DataError, match=r"not in .*p1\.jpg"):
        folder.read(tmp_path, pattern=r"(?P<pid>p1|x)(?P<camid>\.jp)?(?<!1\.jp)")


@pytest.mark.parametrize("pid", [r"(?P<pid>\d*)", r"(?P<pid>\d+)?"])
def test_a_group_that_matches_nothing_finds_no_identity(write_images, tmp_path: Path, pid: str):
    write_images("bob_c1.jpg", "12_c1.jpg")
    with pytest.raises(DataError, match=r"finds no identity in bob_c1.jpg"):
        folder.read(tmp_path, pattern=pid + r"_c(?P<camid>\d+)")


@pytest.mark.parametrize("camid", [r"(?P<camid>\d*)", r"(?P<camid>\d+)?"])
def test_a_group_that_matches_nothing_finds_no_camera(write_images, tmp_path: Path, camid: str):
    write_images("12_c1.jpg", "12_c.jpg")
    with pytest.raises(DataError, match=r"finds a camera in some names but not in .*12_c.jpg"):
        folder.read(tmp_path, pattern=r"(?P<pid>\d+)_c" + camid)


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no image here"):
        folder.read(tmp_path)


def test_at_most_half_of_the_identities_are_held_out(write_images, tmp_path: Path):
    write_images(*(f"{pid}/{k}_c{k}.jpg" for pid in range(1, 6) for k in (1, 2)))
    dataset = folder.read(tmp_path)
    assert len({r.pid for r in dataset.gallery}) == 2
    assert "2 identities are held out" in dataset.notes[-1]
    with pytest.raises(ValueError, match="num_test_ids=-1"):
        folder.read(tmp_path, num_test_ids=-1)


def test_non_utf8_names_are_read(tmp_path: Path):
    (tmp_path / "1").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path / "1") + b"/caf\xe9_c1.jpg")).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    assert folder.read(tmp_path, num_test_ids=0).train[0].camid == 1
