"""Evaluating features that another program wrote to a file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dgnet.retrieval import EvaluationError, evaluate
from dgnet.retrieval.features.files import evaluate_files, read_features


def sides() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)

    def side(num: int) -> dict[str, np.ndarray]:
        return {"features": rng.normal(size=(num, 4)), "pids": rng.integers(0, 3, num), "camids": np.arange(num) % 2}

    return side(6), side(20)


def expected(query: dict[str, np.ndarray], gallery: dict[str, np.ndarray], cameras: bool = True) -> object:
    names = ("features", "pids", *(("camids",) if cameras else ()))
    return evaluate(*(side[name] for name in names for side in (query, gallery)))


@pytest.mark.parametrize("cameras", [True, False])
def test_npz(cameras: bool, tmp_path: Path) -> None:
    query, gallery = sides()
    if not cameras:
        del query["camids"], gallery["camids"]
    np.savez(tmp_path / "query.npz", **query)
    np.savez_compressed(tmp_path / "gallery.npz", **gallery, names=np.array(["anything", "else"]))
    found = evaluate_files(tmp_path / "query.npz", tmp_path / "gallery.npz")
    assert found == expected(query, gallery, cameras)
    assert found.same_camera_filtering == cameras


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    query, gallery = sides()
    for name, side in (("query", query), ("gallery", gallery)):
        columns = {**side, "features": [row.astype(np.float32) for row in side["features"]]}
        parquet.write_table(pyarrow.table(columns), tmp_path / f"{name}.parquet", row_group_size=4)
    found = evaluate_files(tmp_path / "query.parquet", tmp_path / "gallery.parquet")
    single = [{**side, "features": side["features"].astype(np.float32)} for side in (query, gallery)]
    assert found == expected(*single)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"features": [[1.0, 2.0], [3.0]], "pids": [1, 2]}, "rows of 1 to 2 numbers, expected one width"),
        ({"features": [[1.0], None], "pids": [1, 2]}, "features: 1 rows are missing"),
        ({"features": [1.0, 2.0], "pids": [1, 2]}, "expected a list of numbers in each row, found double"),
        ({"features": [[1.0], [2.0]], "pids": [1, None]}, "pids: 1 values are missing"),
    ],
)
def test_parquet_that_holds_no_matrix(columns: dict, message: str, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), tmp_path / "query.parquet")
    with pytest.raises(EvaluationError, match=message):
        read_features(tmp_path / "query.parquet")


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "query.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(EvaluationError, match=r"query.parquet: reading Parquet needs pyarrow"):
        read_features(tmp_path / "query.parquet")


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("a.npz", {"pids": [1]}, r"a.npz: no field 'features'; it holds pids"),
        ("a.npz", {"features": [[1.0]]}, r"a.npz: no field 'pids'; it holds features"),
        ("a.npz", {"features": [[1.0], [np.nan]], "pids": [1, 2]}, r"a.npz: features: NaN or infinity in row 1"),
        ("a.npz", {"features": [[1.0]], "pids": [1, 2]}, r"a.npz: pids: expected 1 values"),
        ("a.npz", {"features": [[1.0]], "pids": [0.5]}, r"a.npz: pids: expected whole numbers"),
        ("a.npz", {"features": [[1.0]], "pids": [1], "camids": [1, 2]}, r"a.npz: camids: expected 1 values"),
        ("a.npz", {"features": np.array([None]), "pids": [1]}, r"a.npz: cannot be read as .npz: .*allow_pickle"),
        ("a.csv", {"features": [[1.0]], "pids": [1]}, r"expected a .npz or .parquet file, found .csv"),
    ],
)
def test_files_that_do_not_fit(name: str, fields: dict, message: str, tmp_path: Path) -> None:
    with open(tmp_path / name, "wb") as stream:
        np.savez(stream, **fields)
    with pytest.raises(EvaluationError, match=message):
        read_features(tmp_path / name)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"gone.npz: no such file"):
        read_features(tmp_path / "gone.npz")
    np.savez(tmp_path / "cut.npz", **sides()[0])
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EvaluationError, match=r"cut.npz: cannot be read as .npz"):
        read_features(tmp_path / "cut.npz")
