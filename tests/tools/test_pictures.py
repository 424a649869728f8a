"""The pictures of the page can be taken of the page of today."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


def test_the_pictures_of_the_page_are_taken(tmp_path: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    pytest.importorskip("uvicorn", reason="pip install 'dgnet[serve]'")
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        pytest.skip("no chromium on this machine")
    command = [sys.executable, "-m", "tools.pictures.serve", "--to", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    written = sorted(tmp_path.iterdir())
    assert [one.name for one in written] == ["serve_phone.webp", "serve_search.webp", "serve_swap.webp"]
    for one in written:
        with Image.open(one) as taken, Image.open(ROOT / "docs" / one.name) as shown:
            assert taken.size == shown.size
        assert one.stat().st_size < 100_000
