"""What a store guarantees if its process is killed, the disk is full, or another process builds it.

The child processes need no torch.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dgnet.data.records import Record
from dgnet.data.store import recipe as store
from dgnet.data.store.recipe import Recipe, open_store

JOINED = Recipe("joined", "1", b"head", lambda files, _: b"".join(files), None)
CHILD = """
    import os, resource, signal, sys
    from pathlib import Path
    from dgnet.data.store import recipe as store
    from dgnet.data.records import Record
    root, cache, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    records = [Record(str(path), 1, 1) for path in sorted(root.glob("*.*g"))]
    joined = store.Recipe("joined", "1", b"head", lambda files, _: b"".join(files), None)
    if what == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    if what == "killed":
        store.os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
    store.open_store(records, joined, cache, 2, False)
"""


@pytest.fixture
def records(write_images) -> list[Record]:
    return [Record(path, 1, 1) for path in write_images(*(f"{k:03d}.{('jpg', 'png')[k % 2]}" for k in range(90)))]


def build_elsewhere(root: Path, what: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(root), str(root / "cache"), what]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def built(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.name != "lock")


def whole(records: list[Record]) -> bytes:
    return b"head" + b"".join(Path(record.path).read_bytes() for record in records)


def test_a_process_opens_what_another_has_built(records, tmp_path, monkeypatch):
    finished = build_elsewhere(tmp_path, "whole")
    assert finished.returncode == 0, finished.stderr
    monkeypatch.setattr(store, "decode_image", lambda _: pytest.fail("decoded again"))
    path, index = open_store(records, JOINED, tmp_path / "cache", 2, progress=False)
    assert path.read_bytes() == whole(records)
    assert index.data_bytes == len(whole(records))


def test_a_build_killed_half_way_is_never_half_read(records, tmp_path):
    assert build_elsewhere(tmp_path, "killed").returncode == -signal.SIGKILL
    assert [".partial" in name for name in built(tmp_path / "cache")] == [True]
    path, _ = open_store(records, JOINED, tmp_path / "cache", 2, progress=False)
    assert path.read_bytes() == whole(records)
    assert not [name for name in built(tmp_path / "cache") if ".partial" in name]


def test_a_full_disk_is_said_and_nothing_is_left(records, tmp_path):
    finished = build_elsewhere(tmp_path, "full")
    assert finished.returncode == 1
    assert "cannot write the crop store (File too large); it needs 0 MB" in finished.stderr
    assert built(tmp_path / "cache") == []
