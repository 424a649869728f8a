"""`dgnet evaluate` on features that are constant, not finite, oddly named or many."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dgnet import cli
from dgnet.experiment.compare import read_results
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.retrieval import EvaluationError
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import SplitFeatures, measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import Row

Outputs = Callable[..., Path]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def write_features(folder: Path, name: str, **fields: Any) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **fields)
    return folder / f"{name}.npz"


def test_case_07_an_output_that_is_the_same_for_every_image(
    onnx_file: Outputs, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx_file(constant=(0.0, 1.0), zero=(0.0, 0.0), f=(1.0, 0.0))
    command = ["evaluate", str(model), "--data.root", str(market), "--rerank", "--k1", "4", "--k2", "2"]
    cli.main([*command, "--out", str(tmp_path / "out")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Mind: constant: features are all but equal (spread ")
    assert lines[1].startswith("Mind: zero: every feature is zero")
    assert not any("Mind: f:" in line for line in lines)
    rows = results(tmp_path / "out")["retrieval"]
    assert {(row["feature"], row["protocol"]) for row in rows} == {
        *((name, "") for name in ("constant", "zero", "f")),
        ("f", "re-ranked"),
    }
    page = (tmp_path / "out/report.html").read_text()
    assert page.index("features are all but equal") < page.index("Retrieval")


def test_case_07_a_run_and_feature_files_too(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dgnet.models.dgnet import DGNet

    def same(self: DGNet, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.ones(len(x), 8), x.mean(dim=(2, 3))

    monkeypatch.setattr(DGNet, "features", same)
    text = evaluate([run], Request(out=tmp_path / "out")).text
    assert text.startswith("Mind: f_prim: features are all but equal (spread ")
    fields = {"features": np.full((8, 4), 0.3, dtype=np.float32), "pids": np.arange(8) % 2}
    files = [write_features(tmp_path / "same", side, **fields) for side in ("query", "gallery")]
    text = evaluate(files, Request(measures=Measures(Protocol(rerank=True)), out=tmp_path / "files")).text
    assert text.startswith("Mind: features: features are all but equal (spread 0.0e+00")
    assert "no row 're-ranked'" in text
    lengths = {"features": np.arange(1, 9, dtype=np.float32)[:, None], "pids": np.arange(8) % 2}
    files = [write_features(tmp_path / "wide", side, **lengths) for side in ("query", "gallery")]
    assert evaluate(files, Request(out=tmp_path / "one")).text.startswith("Mind: features: features of width 1")


def test_case_07_features_that_are_not_finite_name_model_and_image(
    onnx_file: Outputs, market: Path, tmp_path: Path
) -> None:
    model = onnx_file(f=(float("inf"), 0.0))
    first = sorted((market / "query").iterdir())[0].name
    with pytest.raises(
        EvaluationError, match=rf"ok.onnx: feature 'f' is NaN or infinite for .*{first}, and for 3 more"
    ):
        evaluate([model], Request(root=str(market), out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_features_may_be_called_as_protocols_are(onnx_file: Outputs, market: Path, tmp_path: Path) -> None:
    names = {"a": (1.0, 0.0), "a, re-ranked": (1.0, 0.5), "f_prim": (1.0, 2.0), "prim": (1.0, 1.0)}
    measures = Measures(Protocol(rerank=True, k1=4, k2=2))
    evaluate([onnx_file(**names)], Request(root=str(market), measures=measures, out=tmp_path / "out"))
    rows = [(row["feature"], row["protocol"]) for row in results(tmp_path / "out")["retrieval"]]
    assert rows == [(name, protocol) for name in names for protocol in ("", "re-ranked")]
    assert list(read_results(tmp_path / "out")) == [Row(*row) for row in rows]


def test_the_headline_is_one_whatever_outputs_are_called_and_however_many(
    onnx_file: Outputs, market: Path, tmp_path: Path
) -> None:
    """The last known feature stands for a model, in tables, curves and pictures; more rows than curves are fine."""
    many = onnx_file(**{name: (1.0, 0.1 * place) for place, name in enumerate(["prim", *"abcdefg"])})
    published = evaluate([many], Request(to=[f"market1501={market}"]))
    assert results(published.page.parent)["transfer"]
    found = measure_retrieval(
        {
            name: SplitFeatures(np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32))
            for name in ["f_prim", *"abcdefg"]
        },
        SplitLabels(np.arange(4), np.arange(4)),
        Protocol(),
    )
    assert found.headline == Row("f_prim")
    assert found.headline in found.cmc_curves
    assert len(found.cmc_curves) == 6
