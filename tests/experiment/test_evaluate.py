"""`dgnet evaluate` on runs and ONNX files, on one data set or several: the same features give the same figures."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dgnet import cli
from dgnet.config import ConfigError, RunConfig, to_dict
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.files.tensors import WeightsError
from dgnet.retrieval.protocol import Protocol

Results = Callable[[Path], dict[str, Any]]
ROWS = ["baseline", "f_prim", "f_fine", "f_prim+f_fine"]


def table(folder: Path, name: str) -> list[list[str]]:
    with open(folder / "tables" / f"{name}.csv", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def asked(**protocol: Any) -> Measures:
    return Measures(Protocol(**protocol))


def test_a_run_shows_everything_that_is_measured(results_by_title: Results, run: Path, tmp_path: Path) -> None:
    published = evaluate([run], Request(measures=asked(expand=2), out=tmp_path / "out"))
    found = results_by_title(tmp_path / "out")
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
    names = [
        "retrieval",
        "verification",
        "cameras",
        "by_camera",
        "identity_consistency",
        "structure_consistency",
        "realism",
    ]
    written = {path.name for path in (tmp_path / "out/tables").iterdir()}
    assert written == {f"{name}.{suffix}" for name in names for suffix in ("csv", "tex")}
    assert [row[0] for row in table(tmp_path / "out", "verification")[1:]] == ["Baseline", "f_prim + f_fine"]
    assert found["identity_consistency"]["real"]["num_query"] == 4
    assert found["structure_consistency"]["num_pairs"] == 4
    assert published.text.splitlines()[1].startswith("Baseline")
    evaluate([run], Request(measures=asked(expand=2)))
    again = results_by_title(run / "own-expanded-2")
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


def test_multi_query_of_the_queries_alone_is_single_query(
    results_by_title: Results, run: Path, market: Path, tmp_path: Path
) -> None:
    root = with_multi_query(market, tmp_path / "single", lambda path: path.parent.name == "query")
    evaluate([run], Request(root=str(root), measures=asked(multi_query=True), out=tmp_path / "out"))
    found = results_by_title(tmp_path / "out")["retrieval"]
    for row in ROWS:
        assert found[f"{row}, multi-query"] == found[row]
    root = with_multi_query(market, tmp_path / "many", lambda path: path.suffix == ".jpg")
    evaluate([run], Request(root=str(root), measures=asked(multi_query=True), out=tmp_path / "out2"))
    found = results_by_title(tmp_path / "out2")["retrieval"]
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


def test_several_data_sets_in_one_table(results_by_title: Results, run: Path, market: Path, tmp_path: Path) -> None:
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
    found = results_by_title(out)
    assert "retrieval" not in found
    evaluate([run], Request(out=tmp_path / "own"))
    assert (
        found["transfer"]["market1501"]
        == found["transfer"]["dukemtmc"]
        == results_by_title(tmp_path / "own")["retrieval"]
    )
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
    results_by_title: Results,
    run: Path,
    market: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    file = tmp_path / "exported" / "model.onnx"
    cli.main(["export", "onnx", str(run), "--out", str(file)])
    assert f"ONNX: {file}" in capsys.readouterr().out
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "crops"))
    evaluate([run], Request(out=tmp_path / "torch"))
    evaluate([file], Request(name="market1501", root=str(market), out=tmp_path / "onnx"))
    expected, found = (results_by_title(tmp_path / name)["retrieval"] for name in ("torch", "onnx"))
    assert list(found) == ROWS[1:]
    for row in ROWS[1:]:
        assert found[row]["map_step"] == pytest.approx(expected[row]["map_step"], abs=1e-6)
        assert found[row]["cmc"] == expected[row]["cmc"]
    evaluate([file], Request(to=[f"market1501={market}"], out=tmp_path / "to"))
    assert results_by_title(tmp_path / "to")["transfer"]["market1501"] == found
    with pytest.raises(ConfigError, match=r"brings no data: give --data.root DIR, or --to"):
        evaluate([file], Request())
    with pytest.raises(ConfigError, match=r"--size: found 128x64, but .* takes 64x32"):
        evaluate([file], Request(root=str(market), size=(128, 64)))
