"""Adding is killed, and so is the server: a short run of benchmarks/kill_gallery.py, which kills twenty times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "kill_gallery.py"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "package"), [("postgres", "psycopg"), ("milvus", "pymilvus")])
def test_every_acknowledged_entry_survives(kind: str, package: str, request: Any) -> None:
    pytest.importorskip(package)
    request.getfixturevalue(kind)  # skips where there can be no server; the script starts its own
    options = ["--store", kind, "--kills", "2", "--server_kills", "1", "--images", "64"]
    done = subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills of the adding process, 1 of the server" in done.stdout
