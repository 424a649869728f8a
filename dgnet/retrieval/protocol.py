"""How galleries are ranked: the rules that a user may choose."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from dgnet.config import ConfigError
from dgnet.retrieval.ranking.ranks import Denominator
from dgnet.retrieval.ranking.rerank import K1, K2, LAMBDA

Queries = Literal["own", "first"]


@dataclass(frozen=True)
class Protocol:
    """Every feature is ranked plainly; each of the switches `rerank` to `camera_means` adds one row per feature.

    `rerank` and `expand` together add a third row per feature: expanded queries, re-ranked.

    Args:
        rerank: k-reciprocal re-ranking, with `k1`, `k2` and `lambda_` of Zhong et al. 2017.
        expand: the number of nearest gallery images with which each query is joined; 0 is off.
        multi_query: each query is the mean feature of its person's images on its camera.
        camera_means: from each feature the mean of its camera's gallery images is taken away
            (`dgnet.retrieval.features.camera_means`).
        denominator: `valid` takes means over the queries that have a true match, `all` over all queries.
        same_camera: keep the gallery images of the query's person that its own camera took; else they are left out.
        queries: the data set's `own` queries and gallery; or, with `first`, every identity's first image by each camera
            is a query, and all others are the gallery, whatever splits there are (`dgnet.data.hold_out`).
    """

    rerank: bool = False
    expand: int = 0
    multi_query: bool = False
    camera_means: bool = False
    denominator: Denominator = "valid"
    k1: int = K1
    k2: int = K2
    lambda_: float = LAMBDA
    same_camera: bool = False
    queries: Queries = "own"

    def __post_init__(self) -> None:
        checks = (
            (self.expand >= 0, "expand", self.expand, "a number of images, 0 or more"),
            (self.k1 >= 1, "k1", self.k1, "a number of neighbours, 1 or more"),
            (self.k2 >= 1, "k2", self.k2, "a number of neighbours, 1 or more"),
            (self.k2 <= self.k1 + 1, "k2", self.k2, f"at most k1 + 1, which is {self.k1 + 1}"),
            (0 <= self.lambda_ <= 1, "lambda", self.lambda_, "a fraction from 0 to 1"),
        )
        for holds, name, found, expected in checks:
            if not holds:
                raise ConfigError(f"{name}: found {found}, must be {expected}")
        if self.multi_query and self.same_camera:
            raise ConfigError(
                "multi_query: does not go with same_camera: such a query is the mean of images of its own camera, "
                "which would be found again in the gallery; leave one of them out"
            )

    def as_dict(self) -> dict[str, Any]:
        """The rules as they are written to `results.json`."""
        values = asdict(self)
        return {name.rstrip("_"): value for name, value in values.items()}


USUAL = Protocol()
