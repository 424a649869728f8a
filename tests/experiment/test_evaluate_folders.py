"""The folder that `dgnet evaluate` writes to: results of something else are never overwritten."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dgnet.config import ConfigError, RunConfig
from dgnet.experiment.compare import read_results
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.files.outputs import OutputError
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import Row

Outputs = Callable[..., Path]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def test_case_31_nothing_is_written_over_another_ones_results(
    onnx_file: Outputs, run: Path, market: Path, tmp_path: Path
) -> None:
    one, other = onnx_file("a/m.onnx", f=(1.0, 0.0)), onnx_file("b/m.onnx", f=(1.0, 1.0))
    base = Path("runs/evaluation")
    request = Request("market1501", str(market))
    assert evaluate([one], request).page.parent == base / "m-on-market1501"
    before = (base / "m-on-market1501/results.json").read_bytes()
    assert evaluate([other], request).page.parent == base / "m-on-market1501-2"
    assert evaluate([one], request).page.parent == base / "m-on-market1501"  # the same again
    assert (base / "m-on-market1501/results.json").read_bytes() == before
    assert results(base / "m-on-market1501-2")["evaluated"]["what"] == [str(other)]
    with pytest.raises(ConfigError, match=r"--out: .*m-on-market1501 holds results of something else"):
        evaluate([other], Request("market1501", str(market), out=base / "m-on-market1501"))
    with pytest.raises(OutputError, match=r"--out: .* is a run's folder"):
        evaluate([other], Request("market1501", str(market), out=run))
    with pytest.raises(OutputError, match=r"--out: .*m\.onnx is not a folder"):
        evaluate([other], Request("market1501", str(market), out=one / "below"))
    assert (base / "m-on-market1501/results.json").read_bytes() == before


def test_case_31_a_runs_own_results_stay(run: Path, market: Path, tmp_path: Path) -> None:
    assert evaluate([run], Request()).page.parent == run
    own = (run / "results.json").read_bytes()
    elsewhere = tmp_path / "odd name, é"
    shutil.copytree(market, elsewhere)
    places = {
        evaluate([run], request).page.parent
        for request in (
            Request("market1501", str(elsewhere)),
            Request(measures=Measures(Protocol(rerank=True))),
            Request(measures=Measures(Protocol(denominator="all"))),
            Request(to=[str(elsewhere)]),
        )
    }
    assert len(places) == 4
    assert all(place.parent == run for place in places)
    assert (run / "results.json").read_bytes() == own
    shutil.move(run, tmp_path / "moved")
    assert evaluate([tmp_path / "moved"], Request()).page.parent == tmp_path / "moved"
    assert {row.protocol for row in read_results(tmp_path / "moved/own-re-ranked")} == {"", "re-ranked"}
    assert Row("f_prim") in read_results(tmp_path / "moved")


def test_case_31_results_of_an_earlier_version_in_a_run_are_its_own(run: Path, tmp_path: Path) -> None:
    evaluate([run], Request())
    older = {"retrieval": {"f_prim": {}}, "swap_error": None}
    (run / "results.json").write_text(json.dumps(older))
    evaluate([run], Request(measures=Measures(Protocol(expand=1))))
    assert results(run) == older
    with pytest.raises(ConfigError, match="holds results of something else"):
        evaluate([run], Request(measures=Measures(Protocol(expand=1)), out=run))
    evaluate([run], Request())
    assert results(run) != older


def test_case_31_a_model_file_is_measured(
    run: Path, market: Path, config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGNET_CACHE", config.data.cache)
    file = run / "model.safetensors"
    published = evaluate([file], Request("market1501", str(market)))
    assert published.page.parent == Path("runs/evaluation/model-on-market1501")
    found, whole = results(published.page.parent)["retrieval"], None
    evaluate([run], Request(out=tmp_path / "own"))
    whole = results(tmp_path / "own")["retrieval"]
    assert found == whole[1:]
    with pytest.raises(ConfigError, match=r"data.root: empty"):
        evaluate([file], Request())
