"""Inputs of `dgnet evaluate` that once gave wrong figures without a warning, or none, or overwrote something else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dgnet import cli
from dgnet.config import ConfigError, RunConfig
from dgnet.data.records import DataError
from dgnet.experiment.compare import read_results
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.files.outputs import OutputError
from dgnet.retrieval import EvaluationError
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import SplitFeatures, measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import Row

Outputs = Callable[..., Path]


@pytest.fixture
def onnx_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """Write an ONNX file: N x 3 x 64 x 32 -> the named outputs, each scale * x + shift of the pooled images."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "crops"))
    monkeypatch.chdir(tmp_path)

    def write(name: str = "ok.onnx", **outputs: tuple[float, float]) -> Path:
        make, kind = onnx.helper, onnx.TensorProto.FLOAT
        numbers = {"shape": np.array([0, -1], dtype=np.int64)}
        nodes = [
            make.make_node("AveragePool", ["images"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
            make.make_node("Reshape", ["pooled", "shape"], ["flat"]),
        ]
        for place, (output, (scale, shift)) in enumerate(outputs.items()):
            numbers |= {f"scale{place}": np.float32([scale]), f"shift{place}": np.float32([shift])}
            nodes.append(make.make_node("Mul", ["flat", f"scale{place}"], [f"scaled{place}"]))
            nodes.append(make.make_node("Add", [f"scaled{place}", f"shift{place}"], [output]))
        graph = make.make_graph(
            nodes,
            "features",
            [make.make_tensor_value_info("images", kind, ["N", 3, 64, 32])],
            [make.make_tensor_value_info(output, kind, ["N", 96]) for output in outputs],
            [onnx.numpy_helper.from_array(value, key) for key, value in numbers.items()],
        )
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
        return path

    return write


def manifest(folder: Path, rows: list[tuple[Path, int, int | None, str]]) -> str:
    """Write a data set of copied pictures from rows (picture, pid, camera or None, split)."""
    folder.mkdir()
    with_cameras = any(camid is not None for _, _, camid, _ in rows)
    lines = ["path,pid,split" + (",camid" if with_cameras else "")]
    for path, pid, camid, split in rows:
        if not (folder / path.name).exists():
            shutil.copy(path, folder / path.name)
        lines.append(f"{path.name},{pid},{split}" + (f",{camid}" if with_cameras else ""))
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return str(folder)


def pictures_of(market: Path) -> list[tuple[Path, int]]:
    paths = [*sorted((market / "query").iterdir()), *sorted((market / "bounding_box_test").iterdir())]
    return [(path, int(path.name[:4])) for path in paths]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def test_case_06_the_same_files_as_query_and_gallery(
    onnx_file: Outputs, run: Path, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = pictures_of(market)
    both = [(path, pid, None, split) for path, pid in pictures for split in ("query", "gallery")]
    root = manifest(tmp_path / "both", both)
    model = onnx_file(f=(1.0, 0.0))
    protocol = Protocol(rerank=True, expand=2, k1=4, k2=2)
    for what, out in ((model, "onnx"), (run, "run")):
        request = Request("manifest", root, measures=Measures(protocol), out=tmp_path / out)
        published = evaluate([what], request)
        said = f"Note: {len(pictures)} of {len(pictures)} queries lie in the gallery too"
        assert said in published.text
        assert "own image is left out of its ranking" in published.page.read_text()
        for row in results(tmp_path / out)["retrieval"]:
            assert (row["num_own"], row["num_valid"]) == (len(pictures), len(pictures))
    assert results(tmp_path / "onnx")["retrieval"][0]["map_step"] < 1
    evaluate([model], Request(to=[f"manifest={root}"], out=tmp_path / "to"))
    (rows,) = results(tmp_path / "to")["transfer"].values()
    assert rows[0]["map_step"] == results(tmp_path / "onnx")["retrieval"][0]["map_step"]


def test_case_06_the_same_content_under_another_name(onnx_file: Outputs, market: Path, tmp_path: Path) -> None:
    pictures = pictures_of(market)
    copies = tmp_path / "copies"
    copies.mkdir()
    rows: list[tuple[Path, int, int | None, str]] = []
    for path, pid in pictures:
        shutil.copy(path, copies / f"again_{path.name}")
        rows += [(path, pid, None, "query"), (copies / f"again_{path.name}", pid, None, "gallery")]
    model = onnx_file(f=(1.0, 0.0))
    published = evaluate([model], Request("manifest", manifest(tmp_path / "data", rows), out=tmp_path / "out"))
    assert f"{len(pictures)} of {len(pictures)} queries lie in the gallery too" in published.text
    # Under two known cameras, one of the labels is wrong: said, and nobody is left out.
    known = [(path, pid, 1 if split == "query" else 2, split) for path, pid, _, split in rows]
    published = evaluate([model], Request("manifest", manifest(tmp_path / "data2", known), out=tmp_path / "out2"))
    assert (
        f"{len(pictures)} gallery images have the very content of a query, but another pid or camera" in published.text
    )
    assert (
        results(tmp_path / "out2")["retrieval"][0]["map_step"] > results(tmp_path / "out")["retrieval"][0]["map_step"]
    )
    assert results(tmp_path / "out2")["retrieval"][0]["num_own"] == 0


def write_features(folder: Path, name: str, **fields: Any) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **fields)
    return folder / f"{name}.npz"


def test_case_06_feature_files_know_by_their_paths(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(12, 6))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    fields = {"features": features, "pids": np.arange(12) % 3}
    plain = [write_features(tmp_path / "plain", side, **fields) for side in ("query", "gallery")]
    published = evaluate(plain, Request(out=tmp_path / "out1"))
    assert published.text.startswith("Mind: 12 of 12 queries have a true match of the very same features")
    assert results(tmp_path / "out1")["retrieval"][0]["cmc"]["1"] == 1
    paths = np.array([f"a/{place}.jpg" for place in range(12)])
    named = [write_features(tmp_path / "named", side, **fields, paths=paths) for side in ("query", "gallery")]
    published = evaluate(named, Request(out=tmp_path / "out2"))
    assert "12 of 12 queries lie in the gallery too" in published.text
    assert "Mind" not in published.text
    assert results(tmp_path / "out2")["retrieval"][0]["cmc"]["1"] < 1
    broken = write_features(tmp_path / "broken", "query", **fields, paths=paths[:3])
    with pytest.raises(EvaluationError, match="paths: expected 12 strings"):
        evaluate([broken, named[1]], Request(out=tmp_path / "out3"))


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


def test_case_16_one_camera(onnx_file: Outputs, run: Path, market: Path, tmp_path: Path) -> None:
    rows = [(path, pid, 1, "query" if path.parent.name == "query" else "gallery") for path, pid in pictures_of(market)]
    root, model = manifest(tmp_path / "one", rows), onnx_file(f=(1.0, 0.0))
    for what in (model, run):
        with pytest.raises(DataError, match=r"none of the 4 queries .* by camera 1,.*--same_camera"):
            evaluate([what], Request("manifest", root))
        published = evaluate([what], Request("manifest", root, measures=Measures(Protocol(same_camera=True))))
        assert published.page.parent.name.endswith("on-one-same-camera")
        assert "own camera were kept, as asked" in published.text
        assert "Cameras are unknown" not in published.text
        found = results(published.page.parent)
        assert found["protocol"]["same_camera"] is True
        assert found["retrieval"][0]["same_camera_filtering"] is False
        assert found["retrieval"][0]["num_valid"] == 4


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


def test_case_27_queries_and_a_gallery_are_enough(onnx_file: Outputs, run: Path, market: Path, tmp_path: Path) -> None:
    rows = [
        (path, pid, int(path.name[6]), "query" if path.parent.name == "query" else "gallery")
        for path, pid in pictures_of(market)
    ]
    root = manifest(tmp_path / "test_only", rows)
    evaluate([run], Request(out=tmp_path / "own"))
    published = evaluate([run], Request("manifest", root))
    assert published.page.parent == run / "on-test_only"
    page = published.page.read_text()
    assert "0 images of 0 people" not in page
    assert "4 queries, 8 gallery images" in page
    own, other = (results(folder)["retrieval"] for folder in (tmp_path / "own", published.page.parent))
    assert own == other
    assert evaluate([onnx_file(f=(1.0, 0.0))], Request("manifest", root)).page.exists()


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
