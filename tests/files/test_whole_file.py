"""Files appear whole or not at all, whatever happens while they are written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dgnet.files.whole_file import remove_leftovers, write_text_whole, written_whole


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    with written_whole(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert (partial.parent, partial.suffix) == (tmp_path, ".json")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["figures.json"]


def write(path: Path, text: str, error: OSError | None = None) -> None:
    with written_whole(path) as partial:
        partial.write_text(text)
        if error:
            raise error


def test_what_is_soon_made_again_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: pytest.fail("waited for the disk"))
    with written_whole(tmp_path / "swap.png", flushed=False) as partial:
        partial.write_text("new")
    assert os.listdir(tmp_path) == ["swap.png"]


@pytest.mark.parametrize("failing", ["the block", "the disk"])
def test_an_error_changes_nothing(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    full = OSError("No space left on device")
    if failing == "the disk":

        def fail(_descriptor: int) -> None:
            raise full

        monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new", full if failing == "the block" else None)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["figures.json"]


def test_case_20_the_folder_is_made(tmp_path: Path) -> None:
    write_text_whole(tmp_path / "new" / "deep" / "page.html", "new")
    assert (tmp_path / "new" / "deep" / "page.html").read_text() == "new"


@pytest.mark.parametrize("name", ["x" * 250 + ".html", "file/page.html"])
def test_case_20_errors_name_the_file_and_not_the_partial_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^\[Errno \d+\] ((?!partial).)*$"):
        write_text_whole(tmp_path / name, "new")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as failed, written_whole(tmp_path / "page.html"):
        Path("/dev/full").write_text("new")
    assert failed.value.filename == str(tmp_path / "page.html")


def test_errors_of_others_keep_their_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as failed, written_whole(tmp_path / "page.html"):
        (tmp_path / "nowhere").read_text()
    assert failed.value.filename == str(tmp_path / "nowhere")
    with pytest.raises(ConnectionResetError) as reset, written_whole(tmp_path / "page.html"):
        raise ConnectionResetError(104, "Connection reset by peer")
    assert reset.value.filename is None


def test_it_is_on_the_disk_before_it_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "figures.json"
    done: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: done.append("flushed"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("replaced"), replace(*paths)))
    with written_whole(path) as partial:
        partial.write_text("new")
    assert done == ["flushed", "replaced", "flushed"]  # the file, its name, the folder that holds the name


def test_what_a_killed_process_left_is_known(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from dgnet.files.whole_file import written_whole\n"
        "with written_whole(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    below = tmp_path / "checkpoints"
    below.mkdir()
    for folder in (tmp_path, below):
        (folder / "figures.json").write_text("old")
        killed = subprocess.run([sys.executable, "-c", code, folder / "figures.json"])
        assert killed.returncode == -signal.SIGKILL
        assert (folder / "figures.json").read_text() == "old"
    (tmp_path / ".tmpAbC123").write_text("of safetensors")
    (tmp_path / ".gitignore").write_text("not ours")
    left = remove_leftovers(tmp_path)
    assert sorted(path.parent.name for path in left if path.suffix == ".json") == sorted([tmp_path.name, "checkpoints"])
    assert tmp_path / ".tmpAbC123" in left
    assert len(left) == 3
    assert not any(path.exists() for path in left)
    assert (tmp_path / ".gitignore").exists()


def test_bytes_that_are_no_text_are_written_as_numbers(tmp_path: Path) -> None:
    """A folder's name on a Unix file system may be no UTF-8; Python keeps such bytes as surrogates."""
    write_text_whole(tmp_path / "page.html", "caf\udce9")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "caf\\udce9"
