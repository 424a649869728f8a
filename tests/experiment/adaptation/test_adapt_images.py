"""What a model is adapted to: folders, manifests, galleries and data sets; and what is wrong with some of them."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dgnet.config import ConfigError, DataConfig
from dgnet.data.records import DataError
from dgnet.experiment.adaptation.images import AdaptData, data_settings, open_images
from dgnet.gallery.stores.choice import create_store
from dgnet.gallery.stores.protocol import Entry, GalleryError, Meta


@pytest.fixture
def crops(market: Path, tmp_path: Path) -> list[Path]:
    """The 24 training images of four people, in one folder."""
    folder = Path(shutil.copytree(market / "bounding_box_train", tmp_path / "crops"))
    return sorted(folder.iterdir())


def make_gallery(path: Path, images: Sequence[Path], cameras: Sequence[str]) -> None:
    store = create_store(str(path), Meta(model_hash="m", model_name="m", preprocessing="", dim=2))
    entries = [
        Entry(f"{place:032x}", str(place), str(image), camera, identity=f"person {place}")
        for place, (image, camera) in enumerate(zip(images, cameras, strict=True))
    ]
    store.add(entries, np.eye(1, 2, dtype=np.float32).repeat(len(entries), axis=0), [b""] * len(entries))
    store.close()


def read(crops: str, tmp_path: Path) -> AdaptData:
    return open_images(data_settings(crops, "", (64, 32), str(tmp_path / "cache")))


def test_a_gallery_gives_the_images_of_its_entries_that_are_still_there(
    crops: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_gallery(tmp_path / "people.db", [*crops[:4], Path("http://there/a.jpg")], ["door", "yard", "door", "yard", ""])
    crops[2].unlink()
    with caplog.at_level(logging.WARNING):
        found = read(str(tmp_path / "people.db"), tmp_path)
    assert [record.path for record in found.dataset.train] == [str(crops[place]) for place in (0, 1, 3)]
    assert found.images.camids.tolist() == [1, 2, 2]
    assert found.truth is None  # the identities in the gallery are not read
    assert "2 entries are left out, since their images are not there any more" in caplog.text
    assert len(found.images[np.arange(3)]) == 3


def test_a_gallery_without_images_says_what_to_give(crops: list[Path], tmp_path: Path) -> None:
    make_gallery(tmp_path / "people.db", crops[:2], ["", ""])
    for image in crops[:2]:
        image.unlink()
    with pytest.raises(DataError, match=r"people.db: none of its 2 images is there any more .* give the folder"):
        read(str(tmp_path / "people.db"), tmp_path)
    (tmp_path / "text.db").write_text("no gallery")
    with pytest.raises(GalleryError, match="not a gallery"):
        read(str(tmp_path / "text.db"), tmp_path)


@pytest.mark.parametrize(
    ("crops", "name"),
    [
        ("people.db", "gallery"),
        ("postgresql://me@there/people", "gallery"),
        ("list.CSV", "manifest"),
        ("folder", "crops"),
        ("market1501=folder", "market1501"),
    ],
)
def test_what_crops_are(crops: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for file in ("people.db", "list.CSV"):
        (tmp_path / file).touch()
    found = data_settings(crops, "", (64, 32), "")
    assert found == DataConfig(name=name, root=crops.removeprefix("market1501="), size=(64, 32))  # type: ignore[arg-type]


def test_crops_that_are_not_there_are_named(tmp_path: Path) -> None:
    for crops in (str(tmp_path / "people.db"), str(tmp_path / "crops"), "fodler=crops"):
        with pytest.raises(ConfigError, match=r"^CROPS: found '.*', "):
            data_settings(crops, "", (64, 32), "")


def test_names_without_a_camera_are_given(crops: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    crops[0].rename(crops[0].with_name("IMG.jpg"))
    with caplog.at_level(logging.INFO):
        read(str(tmp_path / "crops"), tmp_path)
    assert "cameras are unknown (no _c<number> in IMG.jpg)" in caplog.text


def test_a_few_corrupt_files_are_left_out_and_named(
    crops: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    crops[5].write_bytes(b"no picture")
    for _ in range(2):  # a run that is resumed finds the same images
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = read(str(crops[0].parent), tmp_path)
        assert f"1 of 24 images cannot be read, and are left out: {crops[5]}" in caplog.text
        assert len(found.images) == len(found.dataset.train) == 23
        assert str(crops[5]) not in {record.path for record in found.dataset.train}


def test_many_corrupt_files_are_an_error(crops: list[Path], tmp_path: Path) -> None:
    for image in crops[:3]:
        image.write_bytes(image.read_bytes()[:-300])
    with pytest.raises(DataError, match=r"^3 of 24 images cannot be read; replace or remove them: .*truncated"):
        read(str(crops[0].parent), tmp_path)


def test_what_cameras_are_good_for_is_said(crops: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def said() -> str:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            read(str(crops[0].parent), tmp_path)
        return caplog.text

    assert "2 cameras: each cluster has a centre for each camera that saw it" in said()
    for image in crops:
        if "_c2" in image.name:
            image.unlink()
    assert "all images are by one camera" in said()
    shutil.copy(crops[0], crops[0].with_name("x.jpg"))
    assert "cameras are unknown" in said()
