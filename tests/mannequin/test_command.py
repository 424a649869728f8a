"""`dgnet data mannequin`: what it refuses, and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dgnet import cli
from dgnet.mannequin import swap_targets


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--edition", "wlid"], 1, "edition: found 'wlid', must be 'cameras' or 'wild'; did you mean 'wild'?"),
        (["--edition", "wild", "--ids", "7"], 1, "--ids 7: num_test_ids must be at least 2, got 1; a quarter of them"),
        (["--edition", "wild", "--ids", "-4"], 1, "--ids -4: num_train_ids must be at least 2, got -3"),
        (["--edition", "wild", "--seed", "-1"], 2, "--seed: found -1, must be a whole number, at least 0"),
        (["--edition", "wild", "--size", "128"], 2, "--size: found '128', must be HEIGHTxWIDTH"),
        (["--edition", "wild", "--size", "8x8"], 1, "size must be at least 16x16 pixels, got 8x8"),
        (["--edition", "wild", "--size", "9000x9000"], 1, "size must be at most 2048x2048 pixels, got 9000x9000"),
        (["--edition", "wild", "--workers", "0"], 1, "workers must be at least 1, got 0"),
        (["--editoin", "wild"], 2, "Did you mean --edition?"),
    ],
)
def test_a_mistake_ends_in_one_message_and_leaves_nothing(
    words: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["data", "mannequin", "--out", str(tmp_path / "out"), *words])
    assert stopped.value.code == code
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(900)
def test_it_makes_a_wild_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["--edition", "wild", "--ids", "8", "--size", "32x16", "--per_camera", "2", "--workers", "1"]
    cli.main(["data", "mannequin", "--out", str(out), *words])
    assert f"Data set: {out}" in capsys.readouterr().out
    assert {path.name[:4] for path in (out / "bounding_box_train").iterdir()} == {f"{pid:04d}" for pid in range(1, 7)}
    seven, eight = (len([*out.glob(f"[qb]*/000{pid}_*.jpg")]) for pid in (7, 8))
    assert len(swap_targets(out)) == 2 * seven * eight >= 2 * 6 * 6  # all pairs that there are
