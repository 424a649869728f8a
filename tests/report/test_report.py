"""The report: complete, self-contained, escaped, and never half written."""

from __future__ import annotations

import base64
import errno
import io
import json
import os
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.quality.consistency import IdentityConsistency, StructureConsistency
from dgnet.quality.diversity import Diversity
from dgnet.quality.realism import Realism
from dgnet.quality.truth import SwapError
from dgnet.report.figures import row_title
from dgnet.report.images import data_uri
from dgnet.report.part import Part
from dgnet.report.parts.galleries.cameras import Cameras
from dgnet.report.parts.galleries.comparison import Comparison, Seeds, seeds_table
from dgnet.report.parts.galleries.ranked import RankedGalleries, RankedQuery
from dgnet.report.parts.galleries.retrieval import RetrievalFigures, peers_table, retrieval_table
from dgnet.report.parts.galleries.transfer import Transfer, transfer_features_table, transfer_table
from dgnet.report.parts.galleries.verification import Verification
from dgnet.report.parts.swaps.consistency import Consistency
from dgnet.report.parts.swaps.grid import SwapGrid
from dgnet.report.parts.swaps.interpolation import Interpolation, Interpolations
from dgnet.report.parts.swaps.realism import RealismAndDiversity
from dgnet.report.parts.swaps.truth import AgainstTruth, TrueSwaps
from dgnet.report.parts.training import Training
from dgnet.report.published import dataset_title, published_peers, published_reid, published_transfer
from dgnet.report.report import Report, report_tables, results_of, write_report, write_tables
from dgnet.retrieval import EvaluationError, RetrievalResult, evaluate, rank_matches
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.cameras import camera_pairs
from dgnet.retrieval.ranking.ranks import cmc_curve
from dgnet.retrieval.rows import Row, headline, rows_from_json, rows_to_json
from dgnet.retrieval.verification import verify_pairs

VOID = {"meta", "img", "br", "line"}


class Page(HTMLParser):
    """Collects a page's text and addresses, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 16, 8, 3), dtype=np.uint8)


def result(noise: float) -> RetrievalResult:
    return evaluate(*arrays(noise))


def arrays(noise: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(5, 8))
    query_pids, gallery_pids = np.arange(20) % 5, np.arange(60) % 5
    query = centres[query_pids] + noise * rng.normal(size=(20, 8))
    gallery = centres[gallery_pids] + noise * rng.normal(size=(60, 8))
    return query, gallery, query_pids, gallery_pids, np.arange(20) % 3, np.arange(60) % 2


ROWS = {Row("f_prim+f_fine"): result(1.0), Row("baseline"): result(2.0)}


def parts() -> dict[str, Part]:
    query = RankedQuery(images(), images(10), [True] * 3 + [False] * 7, caption="AP <42>")
    strips = [
        Interpolation(images(), images(5), images()),
        Interpolation(images(), images(5), images(), images()),
    ]
    errors = SwapError(240, 0.04, 22.0, 0.7, 0.08, 18.0, 0.5), SwapError(240, 0.03, 23.0, 0.8, 0.08, 18.0, 0.5)
    return {
        "grid": SwapGrid(images(2), images(3), images(2, 3)),
        "truth": AgainstTruth(*errors, TrueSwaps(images(4), images(4), images(4), images(4))),
        "interpolations": Interpolations(strips),
        "consistency": Consistency(
            IdentityConsistency(result(1.0), result(0.5), result(3.0)),
            StructureConsistency(400, 0.2, 0.8, 0.9, 0.3, 0.75, 0.01),
        ),
        "realism": RealismAndDiversity(
            Realism(fid=18.24, kid=0.0123, kid_sd=0.0021, num_real=12_936, num_generated=5_000),
            {"SSIM, generated": Diversity(0.36, 0.05, 1000)},
        ),
        "retrieval": RetrievalFigures(
            ROWS, "market1501", {Row("baseline"): cmc_curve(rank_matches(*arrays(2.0)))}, Protocol()
        ),
        "verification": Verification({Row("baseline"): verify_pairs(*arrays(2.0))}),
        "cameras": Cameras(camera_pairs(*arrays(2.0))),
        "transfer": Transfer({"dukemtmc": ROWS, "mannequin": ROWS}, "market1501"),
        "seeds": Seeds({0: ROWS, 1: ROWS}),
        "comparison": Comparison({"mannequin": ROWS}),
        "ranked": RankedGalleries({"Hardest <b>": [query, query]}),
        "training": Training([{"phase": "joint", "step": step, "image": 1 / (step + 1)} for step in range(50)]),
    }


def full_report() -> Report:
    return Report(
        title="A <run> & its figures",
        facts=[("seed", "0"), ("command", "dgnet train mannequin --out 'runs/<x>'")],
        parts=list(parts().values()),
        notes=["mAP step is the mean of k/r_k."],
        doubts=["f_prim: features are all but equal."],
    )


def test_every_part_is_there_and_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    path = write_report(tmp_path / "out" / "report.html", full_report())
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in re.sub(r"data:image/[^\"]+", "", html)
    assert len(page.addresses) == 2 + 3 + 6 + 4 * 4 + 7 + 8 + 2 * 11
    text = " ".join(page.text)
    for heading in (
        "A <run> & its figures",
        "Swapped people",
        "Against the true swap",
        "Interpolation",
        "Retrieval",
        "CMC",
        "Same person or not",
        "Between cameras",
        "Published on Market-1501",
        "Direct transfer",
        "Trained on",
        "What a swap keeps",
        "Several seeds",
        "Each seed",
        "Runs side by side",
        "Hardest <b>",
        "Realism and diversity",
        "18.240",
        "12.300",
        "SSIM, generated",
        "AP <42>",
        "joint · Reconstruction",
        "mAP step is the mean of",
        "0.50 ×",
        "89.6",
        "dgnet train mannequin --out 'runs/<x>'",
    ):
        assert heading in text, heading
    assert html.count('class="pic right"') == 2 * 3
    assert html.count('class="pic wrong"') == 2 * 7
    assert "prefers-color-scheme: dark" in html


def test_parts_that_are_absent_leave_no_trace(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path / "report.html", Report("Nothing yet")).read_text(encoding="utf-8"))
    assert "Nothing yet" in page.text
    assert "section" not in page.tags
    assert "table" not in page.tags


@pytest.mark.parametrize("name", list(parts()))
def test_each_part_stands_alone(name: str, tmp_path: Path) -> None:
    page = Page(write_report(tmp_path / "report.html", Report("One part", parts=[parts()[name]])).read_text("utf-8"))
    assert page.tags.count("section") == 1


def test_a_part_that_has_nothing_to_show_leaves_no_trace(tmp_path: Path) -> None:
    nothing = [Consistency(), RealismAndDiversity(), Interpolations([]), Training([])]
    report = Report("Nothing", parts=nothing)
    assert "section" not in Page(write_report(tmp_path / "report.html", report).read_text(encoding="utf-8")).tags
    assert report_tables(report) == []
    assert results_of(report) == {"doubts": [], "notes": []}


def test_what_makes_figures_worthless_stands_before_them(tmp_path: Path) -> None:
    text = " ".join(Page(write_report(tmp_path / "report.html", full_report()).read_text(encoding="utf-8")).text)
    assert 0 < text.index("features are all but equal") < text.index("Swapped people") < text.index("Notes")


def test_results_hold_every_measure_by_name() -> None:
    found = results_of(full_report())
    names = {"retrieval", "protocol", "verification", "transfer", "seeds", "comparison", "swap_error"}
    names |= {"pasted_swap_error", "identity_consistency", "structure_consistency", "realism", "diversity"}
    assert set(found) == {*names, "doubts", "notes"}
    assert rows_from_json(json.loads(json.dumps(found["retrieval"]))) == ROWS
    assert (found["retrieval"][1]["feature"], found["retrieval"][1]["protocol"]) == ("baseline", "")
    assert found["swap_error"]["ratio"] == 0.5


def test_results_of_earlier_versions_are_read() -> None:
    one = {**asdict(result(1.0)), "cmc": {str(rank): value for rank, value in result(1.0).cmc.items()}}
    del one["num_own"]
    found = rows_from_json({"f_prim": one, "a, b": one, "f_prim, re-ranked": one, "x, expanded, re-ranked": one})
    assert list(found) == [Row("f_prim"), Row("a, b"), Row("f_prim", "re-ranked"), Row("x", "expanded, re-ranked")]
    assert found[Row("f_prim")] == result(1.0)


def test_rows_come_in_the_order_of_the_published_tables() -> None:
    table = retrieval_table(ROWS | {Row("mine"): result(1.5)}, "market1501")
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


def test_a_protocol_stands_beside_its_feature() -> None:
    both = Row("f_prim+f_fine"), Row("f_prim+f_fine", "re-ranked")
    table = retrieval_table({both[0]: result(1.0), both[1]: result(0.5)}, "market1501")
    assert [column.name for column in table.columns[:2]] == ["", "protocol"]
    assert [row[:2] for row in table.rows] == [("f_prim + f_fine", ""), ("f_prim + f_fine", "re-ranked")]
    assert table.rows[1][-2:] == (None, None)
    assert [row_title(row) for row in both] == ["f_prim + f_fine", "f_prim + f_fine, re-ranked"]


def test_a_feature_may_be_called_like_a_protocol() -> None:
    odd, again = Row("a, re-ranked"), Row("a", "re-ranked")
    assert row_title(odd) != row_title(again)
    rows = {odd: result(1.0), again: result(0.5), Row("a"): result(2.0)}
    assert [row[:2] for row in retrieval_table(rows).rows] == [("a, re-ranked", ""), ("a", "re-ranked"), ("a", "")]
    assert headline(rows)[0] == Row("a")
    assert headline({odd: result(1.0), again: result(0.5)})[0] == odd
    assert rows_from_json(rows_to_json(rows)) == rows


def test_rules_that_are_not_the_usual_stand_in_the_note() -> None:
    assert retrieval_table(ROWS).note == retrieval_table(ROWS, protocol=Protocol(rerank=True)).note
    note = retrieval_table(ROWS, protocol=Protocol(rerank=True, k1=5, k2=2, denominator="all", same_camera=True)).note
    assert "Re-ranked with k1 5, k2 2, lambda 0.3." in note
    assert "over all queries" in note
    assert "by the query's own camera were kept" in note


def test_transfer_has_one_row_per_data_set_beside_what_was_published() -> None:
    rows = ROWS | {Row("f_prim+f_fine", "re-ranked"): result(0.5)}
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


def test_consistency_is_shown_between_its_bounds() -> None:
    identity, structure = parts()["consistency"].tables()
    assert [row[0] for row in identity.rows] == ["x_ij", "x_i, real", "x_j, real"]
    expected = [100 * result(noise).map_step for noise in (1.0, 0.5, 3.0)]
    assert [row[5] for row in identity.rows] == pytest.approx(expected)
    assert structure.rows == (("x_ij", 0.2, 0.9, 75.0), ("x_i, real", 0.8, 0.3, 1.0))
    assert "0.250 ×" in structure.note


def test_seeds_are_summarised_by_mean_and_sample_deviation() -> None:
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


def test_every_table_is_written_twice(tmp_path: Path) -> None:
    written = write_tables(tmp_path / "tables", full_report())
    names = ["retrieval", "transfer", "transfer_features", "seeds", "each_seed", "comparison", "swap_error"]
    names += ["identity_consistency", "structure_consistency", "realism", "verification", "cameras"]
    assert [path.name for path in written] == [f"{name}.{suffix}" for name in names for suffix in ("csv", "tex")]
    assert (tmp_path / "tables" / "swap_error.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[
        -1
    ] == "0.7000"
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == sorted(path.name for path in written)


@pytest.mark.parametrize("height", [16, 128])
def test_images_are_embedded_as_they_are(height: int) -> None:
    image = np.zeros((height, 64, 3), dtype=np.uint8)
    image[:, :33] = (200, 40, 60)  # an edge of colours inside a pair of columns: no chroma may be lost
    image[:, 33:] = (40, 60, 200)
    head, encoded = data_uri(image).split(",")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    assert head == f"data:image/{'png' if height < 64 else 'jpeg'};base64"
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).max() <= (0 if height < 64 else 12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SwapGrid(images(2), images(3), images(3, 2)), r"swap grid: .* call for swapped \(2, 3, 16, 8, 3\)"),
        (lambda: TrueSwaps(images(2), images(2), images(2), images(3)), "four arrays of one shape"),
        (lambda: RankedQuery(images(), images(10), [True]), "10 images but 1 marks"),
        (lambda: data_uri(images().astype(np.float32)), r"expected an image H×W×3 uint8, found \(16, 8, 3\) float32"),
    ],
)
def test_pictures_that_do_not_fit(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_report(tmp_path / "report.html", Report("The old one"))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvaluationError, match=r"report.html: cannot be written: No space left on device"):
        write_report(path, Report("The new one"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
