"""`dgnet evaluate` on runs, ONNX files and feature files: the same features give the same figures in each way."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dgnet import cli
from dgnet.config import ConfigError, RunConfig, to_dict
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import WeightsError
from dgnet.quality import inception
from dgnet.retrieval import evaluate as evaluate_arrays
from dgnet.retrieval.features.queries import expand_queries
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.ranks import summarise
from dgnet.retrieval.ranking.rerank import rerank_matches


def results(folder: Path) -> dict[str, Any]:
    """The results that were written, with rows named `FEATURE` or `FEATURE, PROTOCOL`."""
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    if "retrieval" in found:
        found["retrieval"] = by_title(found["retrieval"])
    if "transfer" in found:
        found["transfer"] = {target: by_title(rows) for target, rows in found["transfer"].items()}
    return found


def by_title(rows: list[dict[str, Any]]) -> dict[str, Any]:
    titles = [", ".join(filter(None, (row.pop("feature"), row.pop("protocol")))) for row in rows]
    return dict(zip(titles, rows, strict=True))


def table(folder: Path, name: str) -> list[list[str]]:
    with open(folder / "tables" / f"{name}.csv", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def asked(**protocol: Any) -> Measures:
    return Measures(Protocol(**protocol))


ROWS = ["baseline", "f_prim", "f_fine", "f_prim+f_fine"]


def test_a_run_shows_everything_that_is_measured(run: Path, tmp_path: Path) -> None:
    published = evaluate([run], Request(measures=asked(expand=2), out=tmp_path / "out"))
    found = results(tmp_path / "out")
    assert set(found["retrieval"]) == {*ROWS, *(f"{row}, expanded" for row in ROWS)}
    page = published.page.read_text()
    for heading in (
        "What a swap keeps",
        "Realism and diversity",
        "CMC",
        "ROC",
        "Between cameras",
        "The hardest queries",
    ):
        assert heading in page, heading
    names = ["retrieval", "verification", "cameras", "identity_consistency", "structure_consistency", "realism"]
    written = {path.name for path in (tmp_path / "out/tables").iterdir()}
    assert written == {f"{name}.{suffix}" for name in names for suffix in ("csv", "tex")}
    assert [row[0] for row in table(tmp_path / "out", "verification")[1:]] == ["Baseline", "f_prim + f_fine"]
    assert found["identity_consistency"]["real"]["num_query"] == 4
    assert found["structure_consistency"]["num_pairs"] == 4
    assert published.text.splitlines()[1].startswith("Baseline")
    evaluate([run], Request(measures=asked(expand=2)))
    again = results(run / "own-expanded-2")
    assert again.pop("evaluated")["what"] == [".."]
    assert found.pop("evaluated") == {"what": [str(run)], "data": [], "measures": ["expanded-2"]}
    assert again == found


def with_multi_query(market: Path, folder: Path, names: Callable[[Path], bool]) -> Path:
    """A copy of the tree whose `gt_bbox` holds the test images with these names."""
    shutil.copytree(market, folder)
    (folder / "gt_bbox").mkdir()
    for split in ("query", "bounding_box_test"):
        for path in (market / split).iterdir():
            if names(path):
                shutil.copy(path, folder / "gt_bbox" / path.name)
    return folder


def test_multi_query_of_the_queries_alone_is_single_query(run: Path, market: Path, tmp_path: Path) -> None:
    root = with_multi_query(market, tmp_path / "single", lambda path: path.parent.name == "query")
    evaluate([run], Request(root=str(root), measures=asked(multi_query=True), out=tmp_path / "out"))
    found = results(tmp_path / "out")["retrieval"]
    for row in ROWS:
        assert found[f"{row}, multi-query"] == found[row]
    root = with_multi_query(market, tmp_path / "many", lambda path: path.suffix == ".jpg")
    evaluate([run], Request(root=str(root), measures=asked(multi_query=True), out=tmp_path / "out2"))
    found = results(tmp_path / "out2")["retrieval"]
    assert any(found[f"{row}, multi-query"] != found[row] for row in ROWS)


def test_multi_query_where_there_is_none(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"multi_query: market1501 in .* has no multi-query images; leave it out"):
        evaluate([run], Request(measures=asked(multi_query=True), out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def as_duke(market: Path, folder: Path) -> Path:
    """The same people under DukeMTMC-reID's file names."""
    for split in ("bounding_box_train", "query", "bounding_box_test"):
        (folder / split).mkdir(parents=True)
        for path in (market / split).iterdir():
            pid, rest = path.name.split("_")[:2]
            frame = path.name.split("_")[2]
            shutil.copy(path, folder / split / f"{pid}_{rest[:2]}_f{int(frame):07d}.jpg")
    return folder


def test_several_data_sets_in_one_table(run: Path, market: Path, tmp_path: Path) -> None:
    duke = as_duke(market, tmp_path / "duke")
    shutil.copytree(market, tmp_path / "fewer")
    for path in sorted((tmp_path / "fewer/bounding_box_test").iterdir())[:2]:
        path.unlink()
    targets = [f"dukemtmc={duke}", f"market1501={market}", str(tmp_path / "fewer")]
    published = evaluate([run], Request(to=targets))
    out = run / "transfer-to-dukemtmc+market1501+fewer"
    assert published.page == out / "report.html"
    rows = table(out, "transfer")
    assert [row[0] for row in rows[1:]] == ["DukeMTMC-reID", "Market-1501", "market1501 in fewer"]
    assert rows[0][-1] == "published mAP"
    assert rows[1][-4:] == ["42.6200", "58.5700", "64.6300", "24.2500"]
    assert rows[2][-4:] == [""] * 4
    found = results(out)
    assert "retrieval" not in found
    evaluate([run], Request(out=tmp_path / "own"))
    assert found["transfer"]["market1501"] == found["transfer"]["dukemtmc"] == results(tmp_path / "own")["retrieval"]
    assert found["transfer"]["market1501 in fewer"]["baseline"]["num_gallery"] == 6
    page = published.page.read_text()
    assert "DukeMTMC-reID: The hardest queries" in page
    assert not (run / "results.json").exists()


def test_another_data_set_is_not_measured_by_its_own_published_figures(run: Path, market: Path, tmp_path: Path) -> None:
    duke = as_duke(market, tmp_path / "duke")
    evaluate([run], Request(name="dukemtmc", root=str(duke), out=tmp_path / "out"))
    head = table(tmp_path / "out", "retrieval")[0]
    assert "published mAP" not in head
    assert table(tmp_path / "out", "transfer")[1][-1] == "24.2500"
    evaluate([run], Request(out=tmp_path / "own"))
    assert "published mAP" in table(tmp_path / "own", "retrieval")[0]


def test_a_run_without_networks_is_named(config: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(to_dict(config)))
    with pytest.raises(WeightsError, match=r"no model.safetensors here: the run has not come so far"):
        evaluate([tmp_path], Request())


def test_an_exported_run_scores_as_the_run(
    run: Path, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    file = tmp_path / "exported" / "model.onnx"
    cli.main(["export", "onnx", str(run), "--out", str(file)])
    assert f"ONNX: {file}" in capsys.readouterr().out
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "crops"))
    evaluate([run], Request(out=tmp_path / "torch"))
    evaluate([file], Request(name="market1501", root=str(market), out=tmp_path / "onnx"))
    expected, found = (results(tmp_path / name)["retrieval"] for name in ("torch", "onnx"))
    assert list(found) == ROWS[1:]
    for row in ROWS[1:]:
        assert found[row]["map_step"] == pytest.approx(expected[row]["map_step"], abs=1e-6)
        assert found[row]["cmc"] == expected[row]["cmc"]
    evaluate([file], Request(to=[f"market1501={market}"], out=tmp_path / "to"))
    assert results(tmp_path / "to")["transfer"]["market1501"] == found
    with pytest.raises(ConfigError, match=r"brings no data: give --data.root DIR, or --to"):
        evaluate([file], Request())
    with pytest.raises(ConfigError, match=r"--size: found 128x64, but .* takes 64x32"):
        evaluate([file], Request(root=str(market), size=(128, 64)))


def people(seed: int = 0) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, 8))

    def side(num: int, pids: np.ndarray) -> dict[str, np.ndarray]:
        features = centres[pids % 6] + rng.normal(size=(num, 8))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        return {"features": features, "pids": pids, "camids": np.arange(num) // 6 % 2}

    gallery = side(60, np.arange(60) % 6 + 1)
    gallery["pids"][:3] = -1
    return side(18, np.r_[np.arange(17) % 6 + 1, 99]), gallery


def write_sides(folder: Path, query: dict[str, np.ndarray], gallery: dict[str, np.ndarray]) -> list[Path]:
    paths = [folder / "query.npz", folder / "gallery.npz"]
    for path, side in zip(paths, (query, gallery), strict=True):
        np.savez(path, **side)
    return paths


def test_feature_files_score_as_arrays_do(tmp_path: Path) -> None:
    query, gallery = people()
    sides = [side[name] for name in ("features", "pids", "camids") for side in (query, gallery)]
    files = write_sides(tmp_path, query, gallery)
    evaluate(files, Request(measures=asked(rerank=True, expand=3, denominator="all"), out=tmp_path / "out"))
    found = results(tmp_path / "out")["retrieval"]
    expanded = expand_queries(query["features"], gallery["features"], k=3)
    expected = {
        "features": evaluate_arrays(*sides, denominator="all"),
        "features, expanded": evaluate_arrays(expanded, *sides[1:], denominator="all"),
        "features, re-ranked": summarise(rerank_matches(*sides), "all"),
        "features, expanded, re-ranked": summarise(rerank_matches(expanded, *sides[1:]), "all"),
    }
    assert list(found) == list(expected)
    for name, result in expected.items():
        assert found[name]["map_step"] == pytest.approx(result.map_step)
        assert (found[name]["num_query"], found[name]["num_valid"], found[name]["num_junk"]) == (18, 17, 3)
    assert len({round(result.map_step, 6) for result in expected.values()}) == 4
    page = (tmp_path / "out/report.html").read_text()
    assert "3 gallery images of pid -1 are junk" in page
    assert "Of 18 queries, 1 without a true match in another camera score 0" in page


def remove(side: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in side.items() if key != name}


def changed(side: dict[str, np.ndarray], name: str, place: int, value: float) -> dict[str, np.ndarray]:
    array = side[name].copy()
    array[place] = value
    return side | {name: array}


QUERY, GALLERY = people()


@pytest.mark.parametrize(
    ("query", "gallery", "message"),
    [
        (changed(QUERY, "features", 4, np.nan), GALLERY, "query.npz: features: NaN or infinity in row 4"),
        (QUERY, GALLERY | {"features": GALLERY["features"][:, :6]}, "query features are 8 wide, gallery features 6"),
        (QUERY, {name: array[:0] for name, array in GALLERY.items()}, "gallery.npz: features: no features at all"),
        (QUERY | {"pids": QUERY["pids"] + 1000}, GALLERY, "no valid query: none of the 18 queries has a true match"),
        (QUERY, changed(GALLERY, "camids", 7, -1), "gallery_camids: 1 images of unknown camera (first at 7: -1)"),
        (remove(QUERY, "camids"), GALLERY, "query_camids is missing"),
    ],
)
def test_features_that_cannot_be_evaluated_end_in_one_message(
    query: dict[str, np.ndarray],
    gallery: dict[str, np.ndarray],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = write_sides(tmp_path, query, gallery)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", *map(str, files), "--out", str(tmp_path / "out")])
    assert stopped.value.code == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "out").exists()


def test_files_without_cameras_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write_sides(tmp_path, remove(QUERY, "camids"), remove(GALLERY, "camids"))
    cli.main(["evaluate", *map(str, files), "--out", str(tmp_path / "out")])
    assert capsys.readouterr().out.splitlines()[1].startswith("features")
    assert "could not be left out, so figures are optimistic" in (tmp_path / "out/report.html").read_text()
    assert not (tmp_path / "out/tables/cameras.csv").exists()


@pytest.mark.parametrize(
    ("what", "request_", "message"),
    [
        (["a.npz"], Request(), "found 1 paths, must be two feature files"),
        (["a", "b"], Request(), "found 2 paths, must be one run, model or .onnx file, or two"),
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
