"""The bundled edition: small, complete, unpacked only once, and never left half unpacked."""

from __future__ import annotations

import csv
import multiprocessing
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dgnet.files.cache import cache_root
from dgnet.mannequin import bundled, bundled_root, swap_targets


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled_root(tmp_path_factory.mktemp("cache"))


def test_archive_is_at_most_ten_megabytes() -> None:
    assert bundled.ARCHIVE.stat().st_size <= 10_000_000


def test_archive_carries_its_licence_note(root: Path) -> None:
    note = (root / "LICENSE.txt").read_text(encoding="utf-8")
    assert "CC0" in note
    assert "no real person" in note


def test_train_and_test_identities_are_disjoint(root: Path) -> None:
    pids = {name: {int(path.name[:4]) for path in (root / name).glob("*.jpg")} for name in
            ("bounding_box_train", "query", "bounding_box_test")}  # fmt: skip
    assert len(pids["bounding_box_train"]) >= 100
    assert len(pids["query"]) >= 50
    assert pids["query"] == pids["bounding_box_test"] - {0}
    assert not pids["bounding_box_train"] & pids["bounding_box_test"]


def test_each_test_identity_has_one_query_a_camera_and_a_match_in_another(root: Path) -> None:
    seen = [path.name[:7] for path in (root / "query").glob("*.jpg")]
    assert len(seen) == len(set(seen))
    gallery = {path.name[:7] for path in (root / "bounding_box_test").glob("*.jpg")}
    for name in seen:
        assert any(other[:5] == name[:5] and other != name for other in gallery), name


def test_images_are_128_by_64(root: Path) -> None:
    for path in [*root.rglob("*.jpg")][::97]:
        with Image.open(path) as image:
            assert image.size == (64, 128)
            assert image.mode == "RGB"


def test_swap_targets_are_of_different_test_identities(root: Path) -> None:
    swaps = swap_targets(root)
    assert len(swaps) >= 300
    assert len({(swap.appearance, swap.structure) for swap in swaps}) == len(swaps)
    train = {path.name[:4] for path in (root / "bounding_box_train").glob("*.jpg")}
    for swap in swaps:
        giver, wearer, target = Path(swap.appearance), Path(swap.structure), Path(swap.target)
        assert giver.is_file()
        assert wearer.is_file()
        assert target.parent == root / "swap_targets"
        assert {giver.parent.name, wearer.parent.name} <= {"query", "bounding_box_test"}
        assert giver.name[:4] != wearer.name[:4]
        assert not {giver.name[:4], wearer.name[:4]} & (train | {"0000"})
        assert target.name[5:].startswith(f"a{giver.name[:4]}_s{wearer.name[:4]}")


def test_paths_in_the_list_are_relative_to_the_root(root: Path) -> None:
    with (root / "swap_targets.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["appearance", "structure", "target"]
    assert all(not Path(cell).is_absolute() and (root / cell).is_file() for row in rows[1:] for cell in row)


def test_second_call_unpacks_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(bundled, "_unpack")
    assert bundled_root(root.parent) == root
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_cache_directory_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "named"))
    assert cache_root() == tmp_path / "named"
    monkeypatch.delenv("DGNET_CACHE")
    assert cache_root() == Path.home() / ".cache" / "dgnet"


def test_two_processes_may_unpack_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        roots = pool.map(bundled_root, [tmp_path, tmp_path], chunksize=1)
    assert roots[0] == roots[1]
    assert [path.name for path in tmp_path.iterdir()] == [roots[0].name]
    assert len(swap_targets(roots[0])) >= 300


def test_losing_the_race_keeps_the_winner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, root = _tiny_archive(tmp_path), tmp_path / "tree"
    extract = zipfile.ZipFile.extractall

    def extract_then_lose(self: zipfile.ZipFile, path: Path) -> None:
        extract(self, path)
        root.mkdir()
        (root / "winner.txt").write_text("first")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", extract_then_lose)
    bundled._unpack(archive, root)
    assert [path.name for path in root.iterdir()] == ["winner.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "tiny.zip", "tree"]


def test_interrupted_unpacking_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: zipfile.ZipFile, path: Path) -> None:
        (Path(path) / "half").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", fail)
    with pytest.raises(OSError, match="No space left"):
        bundled_root(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_damaged_archive_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "broken.zip"
    archive.write_bytes(bundled.ARCHIVE.read_bytes()[:100_000])
    with pytest.raises(ValueError, match=r"broken\.zip is damaged"):
        bundled._unpack(archive, tmp_path / "tree")
    assert os.listdir(tmp_path) == ["broken.zip"]


def test_packing_is_reproducible_and_uncompressed(tmp_path: Path) -> None:
    first = _tiny_archive(tmp_path)
    content = first.read_bytes()
    os.utime(tmp_path / "source" / "a.txt", (1, 1))
    bundled.pack(tmp_path / "source", first)
    assert first.read_bytes() == content
    with zipfile.ZipFile(first) as file:
        assert [info.filename for info in file.infolist()] == ["a.txt", *(f"folder/{name}.txt" for name in "bchqxz")]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())


def _tiny_archive(folder: Path) -> Path:
    source = folder / "source"
    (source / "folder").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    for name in "qhbzxc":
        (source / "folder" / f"{name}.txt").write_text(name)
    bundled.pack(source, folder / "tiny.zip")
    return folder / "tiny.zip"
