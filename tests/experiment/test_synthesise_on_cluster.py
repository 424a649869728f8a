"""`dgnet generate dataset --ray`: a Ray cluster of two nodes on this machine makes the files of one process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dgnet import cli
from dgnet.experiment.cluster import ClusterError, joined
from tests.experiment.conftest import drawing_from

pytest.importorskip("pyarrow")


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.timeout(1500)
def test_two_nodes_give_the_files_of_one_process(
    market: Path, cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    words = drawing_from(f"market1501={market}", "--count", "300", "--near", "0", "--keep_rank", "3")
    cli.main([*words, "--out", str(tmp_path / "one" / "new"), "--workers", "1"])
    command = [sys.executable, "-m", "dgnet", *words, "--out", str(tmp_path / "two" / "new"), "--ray", cluster]
    done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    one = contents(tmp_path / "one" / "new")
    assert len(one) == 300 + 4
    assert contents(tmp_path / "two" / "new") == one


def test_what_a_cluster_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"a cluster needs the package ray: pip install 'dgnet\[ray\]'"), joined("x"):
        pass
