"""The switches of `dgnet evaluate`: those that do not fit together or are out of range are named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dgnet import cli
from dgnet.config import ConfigError
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.experiment.run_folder import RunFolder
from dgnet.quality import inception
from dgnet.retrieval.protocol import Protocol

Outputs = Callable[..., Path]


def asked(**protocol: Any) -> Measures:
    return Measures(Protocol(**protocol))


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


@pytest.mark.parametrize(
    ("what", "request_", "message"),
    [
        (["a.npz"], Request(), "found 1 paths, must be two feature files"),
        (["a", "b"], Request(), "found 2 paths, must be one run, model, .onnx or .xml file, or two"),
        (["a.npz", "b.npz"], Request(to=["x"]), "--to: does not go with two feature files"),
        (["a.npz", "b.npz"], Request(measures=asked(multi_query=True)), "--multi_query: does not go with two"),
        (["a.onnx"], Request(measures=Measures(inception=Path("w"))), "--inception: does not go with an ONNX file"),
        (["a.onnx"], Request(root="x", to=["y"]), "--data.root: does not go with --to"),
        (["RUN"], Request(size=(64, 32)), "--size: does not go with a run"),
        (["RUN"], Request(name="dukemtmc", to=["y"]), "--data.name: does not go with --to"),
        (["RUN"], Request(to=["y"], measures=Measures(lpips=True)), "--lpips: does not go with --to"),
        (["RUN"], Request(to=["market1501="]), "--to: found 'market1501=', must be DIR or NAME=DIR"),
        (["RUN"], Request(to=["mannequin=", "mannequin="]), "--to: a data set is there twice"),
    ],
)
def test_switches_that_do_not_fit_are_named(what: list[str], request_: Request, message: str, run: Path) -> None:
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        evaluate([run if word == "RUN" else Path(word) for word in what], request_)


def test_inception_weights_are_fetched_into_the_cache_before_anything_is_measured(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The published file is replaced by one that holds no network: that only fails when the weights are loaded."""
    published = tmp_path / "there" / "weights-2015.pth"
    published.parent.mkdir()
    published.write_bytes(b"no network")
    cache = Path(RunFolder(run).load_config().data.cache)
    monkeypatch.setattr(inception, "WEIGHTS_URL", published.as_uri())
    command = ["evaluate", str(run), "--inception", "download", "--out", str(tmp_path / "out")]

    def fails_with(message: str) -> None:
        with pytest.raises(SystemExit) as stopped:
            cli.main(command)
        shown = capsys.readouterr().err
        assert stopped.value.code == 1
        assert message in shown
        assert "Traceback" not in shown

    fails_with("weights-2015.pth: what came is not the published file")
    assert not list(cache.glob("*weights*"))
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", hashlib.sha256(b"no network").hexdigest()[:8])
    fails_with(f"{cache / 'weights-2015.pth'}: cannot be read as weights")
    assert (cache / "weights-2015.pth").read_bytes() == b"no network"


def test_expansion_is_a_number_of_images() -> None:
    with pytest.raises(ConfigError, match="expand: found -1"):
        Protocol(expand=-1)
    assert replace(Protocol(), expand=4).expand == 4


def test_case_21_few_images_keep_their_plain_rows(
    onnx_file: Outputs, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx_file(f=(1.0, 0.0))
    command = ["evaluate", str(model), "--data.root", str(market), "--rerank"]
    cli.main([*command, "--expand", "9", "--out", str(tmp_path / "out")])
    text = capsys.readouterr().out
    assert "Note: Re-ranked with k1 11 and k2 6 instead of 20 and 6: there are only 12 images" in text
    assert "Note: Queries were expanded by all 8 gallery images" in text
    found = results(tmp_path / "out")
    assert len(found["retrieval"]) == 4
    assert (found["protocol"]["k1"], found["protocol"]["expand"]) == (11, 8)
    cli.main([*command, "--k1", "3", "--k2", "1", "--lambda", "0.5"])
    out = Path("runs/evaluation/ok-on-" + f"{market.name}-re-ranked-3-1-0.5")
    assert results(out)["protocol"]["lambda"] == 0.5
    assert "Re-ranked with k1 3, k2 1, lambda 0.5." in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        (["--rerank", "--k1", "0"], "k1: found 0, must be a number of neighbours, 1 or more"),
        (["--rerank", "--k2", "-1"], "k2: found -1"),
        (["--rerank", "--k1", "3", "--k2", "5"], "k2: found 5, must be at most k1 + 1, which is 4"),
        (["--rerank", "--lambda", "1.5"], "lambda: found 1.5, must be a fraction from 0 to 1"),
        (["--rerank", "--lambda", "nan"], "nan"),
        (["--k1", "10"], "--k1: belongs to re-ranking; give --rerank too"),
        (["--lambda", "0.1"], "--lambda: belongs to re-ranking"),
        (["--multi_query", "--same_camera"], "multi_query: does not go with same_camera"),
    ],
)
def test_case_21_numbers_out_of_range(switches: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", "nothing.onnx", *switches])
    assert stopped.value.code in (1, 2)
    assert message in capsys.readouterr().err
