"""`dgnet generate dataset --out URL`: the files of a folder, put into an object store; stopped, it goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dgnet import cli
from dgnet.files.outputs import OutputError
from dgnet.files.upload import MARK, check_upload, upload
from tests.experiment.conftest import drawing_from

pytest.importorskip("pyarrow")
fsspec = pytest.importorskip("fsspec")


def contents(system, folder: str) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        path.removeprefix(f"{folder}/"): hashlib.sha256(system.cat_file(path)).hexdigest()
        for path in system.find(folder)
    }


def test_a_store_gets_the_files_of_a_folder(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    words = drawing_from(f"market1501={market}", "--count", "20")
    cli.main([*words, "--out", str(tmp_path / "new"), "--workers", "1"])
    cli.main([*words, "--out", "memory://bucket/sets/new", "--workers", "1"])
    memory, local = (fsspec.filesystem(name) for name in ("memory", "file"))
    expected = contents(local, str(tmp_path / "new"))
    assert len(expected) == 20 + 4
    assert contents(memory, "/bucket/sets/new") == expected
    assert not [path for path in (tmp_path / "cache" / "uploads").rglob("*") if path.is_file()]
    with pytest.raises(SystemExit):
        cli.main([*words, "--out", "memory://bucket/sets/new"])
    assert contents(memory, "/bucket/sets/new") == expected


def test_an_upload_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new" / "train").mkdir(parents=True)
    (tmp_path / "new" / ".work").mkdir()
    for name in ("a", "train/b", "train/c", ".work/not", ".settings.json"):
        (tmp_path / "new" / name).write_text(f"content of {name}")
    memory, url, settings = fsspec.filesystem("memory"), "memory://stopped/new", {"seed": 1}
    put = memory.put_file
    written: list[str] = []

    def fail_at_the_second(source: str, target: str) -> None:
        if len(written) == 1:
            raise OSError("no space left")
        written.append(target)
        put(source, target)

    monkeypatch.setattr(type(memory), "put_file", lambda _, *given: fail_at_the_second(*given))
    with pytest.raises(OutputError, match="cannot be written: no space left; the same command goes on"):
        upload(tmp_path / "new", url, settings, ".work")
    monkeypatch.setattr(
        type(memory), "put_file", lambda _, source, target: (written.append(target), put(source, target))
    )
    with pytest.raises(OutputError, match="other settings"):
        check_upload(url, {"seed": 2})
    check_upload(url, settings)
    upload(tmp_path / "new", url, settings, ".work")
    assert written == ["/stopped/new/a", "/stopped/new/train/b", "/stopped/new/train/c"]  # each once
    assert sorted(memory.find("/stopped/new")) == written
    assert memory.cat_file("/stopped/new/train/c") == b"content of train/c"
    assert not memory.exists(f"/stopped/new/{MARK}")
    with pytest.raises(OutputError, match="exists and is not empty"):
        check_upload(url, settings)


def test_a_store_that_nobody_knows_is_said() -> None:
    with pytest.raises(OutputError, match=r"--out: nowhere://bucket/new cannot be opened"):
        check_upload("nowhere://bucket/new", {})
