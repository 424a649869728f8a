"""`dgnet evaluate` where the query and the gallery share images, have one camera, or come without training images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet.data.records import DataError
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.retrieval import EvaluationError
from dgnet.retrieval.protocol import Protocol

Outputs = Callable[..., Path]


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


def write_features(folder: Path, name: str, **fields: Any) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **fields)
    return folder / f"{name}.npz"


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
