"""Reading the list of true swaps: an error names each thing wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dgnet.mannequin import SwapTarget, SwapTargetsError, swap_targets


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("query/a.jpg", "query/b.jpg", "swap_targets/t.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "swap_targets.csv").write_text(
        "appearance,structure,target\nquery/a.jpg,query/b.jpg,swap_targets/t.jpg\n"
    )
    return tmp_path


def test_paths_are_joined_to_the_root(root: Path) -> None:
    expected = SwapTarget(*(str(root / name) for name in ("query/a.jpg", "query/b.jpg", "swap_targets/t.jpg")))
    assert swap_targets(root) == (expected,)


def test_missing_list(tmp_path: Path) -> None:
    with pytest.raises(SwapTargetsError, match=r"swap_targets\.csv is missing: .* is not a mannequin tree"):
        swap_targets(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the first line must be appearance,structure,target"),
        ("a,b,c\n", "the first line must be appearance,structure,target"),
        ("appearance,structure,target\n", "lists no swap"),
        ("appearance,structure,target\nquery/a.jpg,query/b.jpg\n", "line 2: no target"),
        (
            "appearance,structure,target\nquery/a.jpg,query/gone.jpg,swap_targets/t.jpg\n",
            r"line 2: structure .*gone\.jpg",
        ),
    ],
)
def test_bad_list(root: Path, content: str, message: str) -> None:
    (root / "swap_targets.csv").write_text(content)
    with pytest.raises(SwapTargetsError, match=message):
        swap_targets(root)
