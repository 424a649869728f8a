"""A report with every part, of random figures and images, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dgnet.quality.consistency import IdentityConsistency, StructureConsistency
from dgnet.quality.diversity import Diversity
from dgnet.quality.realism import Realism
from dgnet.quality.truth import SwapError
from dgnet.report.part import Part
from dgnet.report.parts.galleries.cameras import Cameras
from dgnet.report.parts.galleries.comparison import Comparison, Seeds
from dgnet.report.parts.galleries.groups import QueryGroups
from dgnet.report.parts.galleries.ranked import RankedGalleries, RankedQuery
from dgnet.report.parts.galleries.retrieval import RetrievalFigures
from dgnet.report.parts.galleries.transfer import Transfer
from dgnet.report.parts.galleries.verification import Verification
from dgnet.report.parts.swaps.consistency import Consistency
from dgnet.report.parts.swaps.grid import SwapGrid
from dgnet.report.parts.swaps.interpolation import Interpolation, Interpolations
from dgnet.report.parts.swaps.realism import RealismAndDiversity
from dgnet.report.parts.swaps.truth import AgainstTruth, TrueSwaps
from dgnet.report.parts.training import Training
from dgnet.report.report import Report
from dgnet.retrieval import RetrievalResult, evaluate, rank_matches
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.cameras import camera_pairs
from dgnet.retrieval.ranking.groups import GroupResult
from dgnet.retrieval.ranking.ranks import cmc_curve
from dgnet.retrieval.rows import Row
from dgnet.retrieval.verification import verify_pairs


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 16, 8, 3), dtype=np.uint8)


def evaluate_noisy(noise: float) -> RetrievalResult:
    return evaluate(*arrays(noise))


def arrays(noise: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(5, 8))
    query_pids, gallery_pids = np.arange(20) % 5, np.arange(60) % 5
    query = centres[query_pids] + noise * rng.normal(size=(20, 8))
    gallery = centres[gallery_pids] + noise * rng.normal(size=(60, 8))
    return query, gallery, query_pids, gallery_pids, np.arange(20) % 3, np.arange(60) % 2


ROWS = {Row("f_prim+f_fine"): evaluate_noisy(1.0), Row("baseline"): evaluate_noisy(2.0)}


def make_parts() -> dict[str, Part]:
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
            IdentityConsistency(evaluate_noisy(1.0), evaluate_noisy(0.5), evaluate_noisy(3.0)),
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
        "groups": QueryGroups(
            {Row("f_prim"): [GroupResult("1", 20, 18, 9, 0.5, 0.3)]},
            {row: [GroupResult("dark", 20, 18, 9, 0.5, 0.3), GroupResult("light", 10, 8, 5, 1.0, 0.7)] for row in ROWS},
        ),
        "transfer": Transfer({"dukemtmc": ROWS, "mannequin": ROWS}, "market1501"),
        "seeds": Seeds({0: ROWS, 1: ROWS}),
        "comparison": Comparison({"mannequin": ROWS}),
        "ranked": RankedGalleries({"Hardest <b>": [query, query]}),
        "training": Training([{"phase": "joint", "step": step, "image": 1 / (step + 1)} for step in range(50)]),
    }


@pytest.fixture
def result() -> Callable[[float], RetrievalResult]:
    """Evaluate features with that much noise about five people's centres."""
    return evaluate_noisy


@pytest.fixture
def two_rows() -> dict[Row, RetrievalResult]:
    """Figures of two features; `f_prim+f_fine` is the better one, and stands first."""
    return dict(ROWS)


@pytest.fixture
def parts() -> dict[str, Part]:
    """Every part that a report can have, by a name for tests."""
    return make_parts()


@pytest.fixture(params=list(make_parts()))
def part(request: pytest.FixtureRequest) -> Part:
    """Each of the parts in turn."""
    return make_parts()[request.param]


@pytest.fixture
def full_report(parts: dict[str, Part]) -> Report:
    """A report with every part, a fact, a note and a doubt."""
    return Report(
        title="A <run> & its figures",
        facts=[("seed", "0"), ("command", "dgnet train mannequin --out 'runs/<x>'")],
        parts=list(parts.values()),
        notes=["mAP step is the mean of k/r_k."],
        doubts=["f_prim: features are all but equal."],
    )
