from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from dgnet.data.published_counts import PUBLISHED, Counts, published_name
from dgnet.data.records import DataError
from dgnet.data.verify import verify

NAMES = [
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c2s1_000301_01.jpg",
    "bounding_box_train/0002_c2s1_000302_01.jpg",
    "bounding_box_train/0007_c3s3_077419_03.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "bounding_box_test/0001_c2s1_000301_00.jpg",
    "bounding_box_test/0000_c12s1_000151_01.jpg",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
]


@pytest.fixture
def market(write_images, tmp_path: Path) -> Path:
    write_images(*NAMES)
    return tmp_path


def check(root: Path):
    return verify(root, progress=False)


def test_a_sound_data_set_is_ready_and_counted(market, monkeypatch):
    monkeypatch.setitem(PUBLISHED, "market1501", {"train": Counts(2, 4, 3), "query": Counts(1, 1, 1)})
    found = check(market)
    assert found.ok
    assert found.counts["train"] == Counts(2, 4, 3)
    assert found.counts["gallery"] == Counts(2, 2, 2)
    assert found.counts["junk"] == Counts(None, 1)
    assert found.images_per_identity == (1, 2, 3)
    assert found.lonely_identities == 1
    assert found.sizes == {(16, 8): 7}
    assert found.unreadable == found.duplicates == found.warnings == ()
    table = found.table()
    assert "ready to train" in table.splitlines()
    assert ["train", "2", "2", "4", "4", "3", "3"] in [line.split() for line in table.splitlines()]
    assert "images per camera: 1: 2, 2: 3, 3: 1, 12: 1" in table
    assert "16x8 (7 images)" in table


def test_counts_that_are_not_the_published_ones_are_said(market):
    found = check(market)
    assert found.ok
    assert "train has 2 identities, 751 were published: figures will not compare" in found.warnings
    assert any(warning.startswith("train has 4 images, 12936") for warning in found.warnings)
    assert "12936" in found.table()


def test_every_unreadable_file_is_named_and_training_may_not_start(market):
    (market / NAMES[0]).write_bytes(b"")
    (market / NAMES[4]).write_bytes((market / NAMES[4]).read_bytes()[:300])
    found = check(market)
    assert not found.ok
    assert [Path(path).name for path, _ in found.unreadable] == [Path(NAMES[0]).name, Path(NAMES[4]).name]
    table = found.table()
    assert f"{market / NAMES[0]} (the file is empty)" in table
    assert "not ready to train" in table.splitlines()
    assert "error: 2 files cannot be read" in table


def test_missing_files_of_a_manifest_are_named(write_images, tmp_path):
    write_images("a.jpg", "b.jpg")
    (tmp_path / "manifest.csv").write_text("path,pid,split\na.jpg,1,train\nb.jpg,2,train\nc.jpg,2,train\n")
    found = check(tmp_path)
    assert found.unreadable == ((str(tmp_path / "c.jpg"), "No such file or directory"),)
    assert "no queries, so nothing can be tested; give the data set a query and a gallery split" in found.errors


@pytest.mark.parametrize(
    ("source", "target", "harmful"),
    [
        (NAMES[0], NAMES[1], False),  # one identity, one split
        (NAMES[4], NAMES[5], False),  # one identity, query and gallery
        (NAMES[0], NAMES[3], True),  # two identities
        (NAMES[5], NAMES[6], True),  # two identities of the gallery
        (NAMES[0], NAMES[5], True),  # train and test
    ],
)
def test_duplicates_by_content(market, source, target, harmful):
    shutil.copy(market / source, market / target)
    found = check(market)
    assert [(set(d.paths), d.harmful) for d in found.duplicates] == [
        ({str(market / source), str(market / target)}, harmful)
    ]
    assert any("lie in train and test, or under two identities" in warning for warning in found.warnings) == harmful
    assert f"1 groups, {int(harmful)} of them harmful" in found.table()


def test_one_person_in_train_and_test_under_one_identity_is_harmful(write_images, tmp_path):
    write_images("a.jpg", "b.jpg")
    for name in ("q.jpg", "g.jpg"):
        shutil.copy(tmp_path / "a.jpg", tmp_path / name)
    rows = ["path,pid,split", "a.jpg,1,train", "b.jpg,2,train", "q.jpg,1,query", "g.jpg,1,gallery"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    assert [duplicate.harmful for duplicate in check(tmp_path).duplicates] == [True]


def test_one_identity_alone_cannot_be_trained_on(write_images, tmp_path):
    write_images("1/a_c1.jpg", "1/b_c2.jpg")
    found = check(tmp_path)
    assert not found.ok
    assert "training needs at least two identities; found 1" in found.errors


def test_what_cannot_be_read_at_all_raises(market):
    shutil.rmtree(market / "query")
    with pytest.raises(DataError, match="missing query"):
        check(market)


def test_cuhk03np_is_compared_with_its_boxes(write_images, tmp_path):
    for boxes in ("detected", "labeled"):
        write_images(
            f"{boxes}/bounding_box_train/0003_c1_1.png",
            f"{boxes}/query/0001_c1_2.png",
            f"{boxes}/bounding_box_test/0001_c2_10.png",
        )
    assert published_name(check(tmp_path).dataset) == "cuhk03np (detected)"
    assert published_name(check(tmp_path / "labeled").dataset) == "cuhk03np (labeled)"
    assert check(tmp_path / "labeled").published["gallery"].images == 5328


def test_sizes_are_those_seen_after_turning(market):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(market / NAMES[0], exif=exif)
    assert check(market).sizes == {(16, 8): 6, (30, 20): 1}
