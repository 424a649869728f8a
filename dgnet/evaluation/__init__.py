"""Retrieval protocols, swap errors and reports. `evaluate` takes any model's features, NumPy or torch."""

from dgnet.evaluation.arrays import EvaluationError
from dgnet.evaluation.ranking import MatchRanks, RetrievalResult, evaluate, rank_matches, summarise
from dgnet.evaluation.truth import SwapError, swap_error

__all__ = [
    "EvaluationError",
    "MatchRanks",
    "RetrievalResult",
    "SwapError",
    "evaluate",
    "rank_matches",
    "summarise",
    "swap_error",
]
