"""The tables of figures: their rows, their order, and the published figures beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest

from dgnet.report.figures import row_title
from dgnet.report.part import Part
from dgnet.report.parts.galleries.comparison import seeds_table
from dgnet.report.parts.galleries.retrieval import peers_table, retrieval_table
from dgnet.report.parts.galleries.transfer import transfer_features_table, transfer_table
from dgnet.report.published import dataset_title, published_peers, published_reid, published_transfer
from dgnet.retrieval import RetrievalResult
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import Row, headline, rows_from_json, rows_to_json

Evaluation = Callable[[float], RetrievalResult]
Rows = dict[Row, RetrievalResult]


def test_results_of_earlier_versions_are_read(result: Evaluation) -> None:
    one = {**asdict(result(1.0)), "cmc": {str(rank): value for rank, value in result(1.0).cmc.items()}}
    del one["num_own"]
    found = rows_from_json({"f_prim": one, "a, b": one, "f_prim, re-ranked": one, "x, expanded, re-ranked": one})
    assert list(found) == [Row("f_prim"), Row("a, b"), Row("f_prim", "re-ranked"), Row("x", "expanded, re-ranked")]
    assert found[Row("f_prim")] == result(1.0)


def test_rows_come_in_the_order_of_the_published_tables(two_rows: Rows, result: Evaluation) -> None:
    table = retrieval_table(two_rows | {Row("mine"): result(1.5)}, "market1501")
    assert [row[0] for row in table.rows] == ["Baseline", "f_prim + f_fine", "mine"]
    assert table.rows[0][-2:] == (89.6, 74.5)
    assert table.rows[1][-2:] == (94.8, 86.0)
    assert table.rows[2][-2:] == (None, None)
    assert [column.name for column in table.columns[1:8]] == [
        "Rank@1",
        "Rank@5",
        "Rank@10",
        "Rank@20",
        "mAP step",
        "mAP trapezoid",
        "mINP",
    ]
    one = result(2.0)
    expected = [one.cmc[1], one.cmc[5], one.cmc[10], one.cmc[20], one.map_step, one.map_trapezoid, one.minp]
    assert table.rows[0][1:8] == pytest.approx([100 * value for value in expected])
    assert len(retrieval_table({Row("baseline"): one}, "mannequin").columns) == 8


def test_a_protocol_stands_beside_its_feature(result: Evaluation) -> None:
    both = Row("f_prim+f_fine"), Row("f_prim+f_fine", "re-ranked")
    table = retrieval_table({both[0]: result(1.0), both[1]: result(0.5)}, "market1501")
    assert [column.name for column in table.columns[:2]] == ["", "protocol"]
    assert [row[:2] for row in table.rows] == [("f_prim + f_fine", ""), ("f_prim + f_fine", "re-ranked")]
    assert table.rows[1][-2:] == (None, None)
    assert [row_title(row) for row in both] == ["f_prim + f_fine", "f_prim + f_fine, re-ranked"]


def test_a_feature_may_be_called_like_a_protocol(result: Evaluation) -> None:
    odd, again = Row("a, re-ranked"), Row("a", "re-ranked")
    assert row_title(odd) != row_title(again)
    rows = {odd: result(1.0), again: result(0.5), Row("a"): result(2.0)}
    assert [row[:2] for row in retrieval_table(rows).rows] == [("a, re-ranked", ""), ("a", "re-ranked"), ("a", "")]
    assert headline(rows)[0] == Row("a")
    assert headline({odd: result(1.0), again: result(0.5)})[0] == odd
    assert rows_from_json(rows_to_json(rows)) == rows


def test_rules_that_are_not_the_usual_stand_in_the_note(two_rows: Rows) -> None:
    assert retrieval_table(two_rows).note == retrieval_table(two_rows, protocol=Protocol(rerank=True)).note
    note = retrieval_table(
        two_rows, protocol=Protocol(rerank=True, k1=5, k2=2, denominator="all", same_camera=True)
    ).note
    assert "Re-ranked with k1 5, k2 2, lambda 0.3." in note
    assert "over all queries" in note
    assert "by the query's own camera were kept" in note


def test_transfer_has_one_row_per_data_set_beside_what_was_published(two_rows: Rows, result: Evaluation) -> None:
    rows = two_rows | {Row("f_prim+f_fine", "re-ranked"): result(0.5)}
    table = transfer_table({"dukemtmc": rows, "folder": rows, "msmt17": {Row("embedding"): result(3.0)}}, "market1501")
    assert [row[:2] for row in table.rows] == [
        ("DukeMTMC-reID", "f_prim + f_fine"),
        ("folder", "f_prim + f_fine"),
        ("MSMT17", "embedding"),
    ]
    assert [row[-4:] for row in table.rows] == [
        (42.62, 58.57, 64.63, 24.25),
        (None, None, None, None),
        (17.11, 26.66, 31.62, 5.41),
    ]
    assert table.rows[0][2] == pytest.approx(100 * result(1.0).rank1)
    assert "trained on Market-1501, the authors' readme" in table.note
    own = transfer_table({"dukemtmc": rows}, "mannequin")
    assert len(own.columns) == len(table.columns) - 4
    every = transfer_features_table({"dukemtmc": rows, "folder": {Row("baseline"): result(2.0)}})
    assert [row[1:3] for row in every.rows] == [
        ("Baseline", ""),
        ("f_prim + f_fine", ""),
        ("f_prim + f_fine", "re-ranked"),
        ("Baseline", ""),
    ]


def test_consistency_is_shown_between_its_bounds(parts: dict[str, Part], result: Evaluation) -> None:
    identity, structure = parts["consistency"].tables()
    assert [row[0] for row in identity.rows] == ["x_ij", "x_i, real", "x_j, real"]
    expected = [100 * result(noise).map_step for noise in (1.0, 0.5, 3.0)]
    assert [row[5] for row in identity.rows] == pytest.approx(expected)
    assert structure.rows == (("x_ij", 0.2, 0.9, 75.0), ("x_i, real", 0.8, 0.3, 1.0))
    assert "0.250 ×" in structure.note


def test_seeds_are_summarised_by_mean_and_sample_deviation(result: Evaluation) -> None:
    rows = [result(noise) for noise in (1.0, 2.0, 3.0)]
    table = seeds_table({seed: {Row("f_prim"): row} for seed, row in enumerate(rows)})
    values = np.array([100 * row.map_step for row in rows])
    assert table.rows[0][:2] == ("f_prim", "3")
    assert table.rows[0][6] == f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"
    assert seeds_table({7: {Row("f_prim"): rows[0]}}).rows[0][6] == f"{values[0]:.1f}"


def test_published_figures() -> None:
    both = published_reid("market1501")["f_prim+f_fine"]
    assert (both.rank1, both.mean_ap, both.source) == (94.8, 86.0, "poster")
    assert published_reid("msmt17")["f_prim+f_fine"].rank10 == 90.5
    assert published_reid("mannequin") == {}
    transfer = published_transfer("market1501", "dukemtmc")
    assert transfer is not None
    assert (transfer.rank1, transfer.mean_ap) == (42.62, 24.25)
    assert published_transfer("market1501", "mannequin") is None
    assert published_peers("market1501")["PCB"] == (93.8, 81.6)
    assert peers_table("mannequin") is None
    assert dataset_title("dukemtmc") == "DukeMTMC-reID"
    assert dataset_title("mine") == "mine"
