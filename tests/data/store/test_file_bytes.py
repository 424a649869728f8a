from __future__ import annotations

import os
from pathlib import Path

import pytest

from dgnet.data.store.file_bytes import read_file


def test_an_ordinary_file_is_read_whole(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "b").symlink_to("a")
    assert read_file(str(tmp_path / "a")) == read_file(str(tmp_path / "b")) == b"x" * 100_000


@pytest.mark.timeout(20)
def test_case_04_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="a pipe, socket or device, not a file") as found:
            read_file(str(path))
        assert found.value.strerror == "a pipe, socket or device, not a file"
    with pytest.raises(IsADirectoryError, match="a folder, not a file"):
        read_file(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "nothing"))
    assert len(os.listdir("/proc/self/fd")) == before  # none is left open
