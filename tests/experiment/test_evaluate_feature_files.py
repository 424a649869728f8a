"""`dgnet evaluate` on two feature files: the figures are those of the arrays, and bad arrays end in one message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet import cli
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.evaluation.run import Measures
from dgnet.retrieval import evaluate as evaluate_arrays
from dgnet.retrieval.features.queries import expand_queries
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.ranks import summarise
from dgnet.retrieval.ranking.rerank import rerank_matches

Results = Callable[[Path], dict[str, Any]]


def asked(**protocol: Any) -> Measures:
    return Measures(Protocol(**protocol))


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


def test_feature_files_score_as_arrays_do(results_by_title: Results, tmp_path: Path) -> None:
    query, gallery = people()
    sides = [side[name] for name in ("features", "pids", "camids") for side in (query, gallery)]
    files = write_sides(tmp_path, query, gallery)
    evaluate(files, Request(measures=asked(rerank=True, expand=3, denominator="all"), out=tmp_path / "out"))
    found = results_by_title(tmp_path / "out")["retrieval"]
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
