"""`dgnet whiten`: a model's features whitened by labelled people, written as a model like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import dgnet
from dgnet import cli
from dgnet.models.weights.ours import load_model, load_teacher
from dgnet.retrieval.whitening import whitening


@pytest.mark.parametrize("part", ["model", "teacher"])
def test_a_whitened_model_is_used_like_any_other(
    part: str, run: Path, make_market: Callable[[int], Path], here: Path
) -> None:
    root = make_market(12)
    before = run / f"{part}.safetensors"
    cli.main(["whiten", str(before), f"market1501={root}", "--out", "white.safetensors", "--ridge", "0.001"])
    load = load_model if part == "model" else load_teacher
    old, new = load(before), load(here / "white.safetensors")
    assert "72 images of 12 people of market1501" in new.card["whitened by"]
    assert "whitened by market1501" in new.card["trained on"]
    images = sorted((root / "bounding_box_train").iterdir())
    pids = np.array([int(path.name[:4]) for path in images])
    unit = dgnet.load(before).features(images, part="prim" if part == "model" else "baseline")
    W = torch.from_numpy(whitening(unit, pids, 0.001)).float()
    x = torch.randn(2, 3, 64, 32)
    if part == "model":
        torch.testing.assert_close(new.model.features(x)[0], old.model.features(x)[0] @ W, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(new.model.swap(x, x), old.model.swap(x, x))  # what draws is as it was
    else:
        torch.testing.assert_close(new.model.features(x), old.model.features(x) @ W, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(new.model(x), old.model(x), atol=1e-3, rtol=1e-3)


def test_what_cannot_be_whitened_is_told_before_anything_is_written(
    run: Path, market: Path, here: Path, refused: Callable[[list[str]], str]
) -> None:
    (here / "list.csv").write_text("path\n")
    for words, message in [
        ([str(run), f"market1501={market}", "--out", "w.safetensors"], "24 images of 4 people"),
        ([str(run), f"market1501={market}", "--out", "w.pth"], "--out: w.pth"),
        ([str(run), f"market1501={market}", "--out", "w.safetensors", "--ridge", "0"], "--ridge: found 0.0"),
        ([str(run), "nowhere", "--out", "w.safetensors"], "nowhere"),
        (["nowhere", f"market1501={market}", "--out", "w.safetensors"], "nowhere: no such file or folder"),
    ]:
        assert message in refused(["whiten", *words])
    assert not list(here.glob("w.*"))
