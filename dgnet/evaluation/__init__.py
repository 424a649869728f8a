"""Retrieval protocols, swap errors and reports. `evaluate` takes any model's features, NumPy or torch."""

from .arrays import EvaluationError
from .ranking import MatchRanks, RetrievalResult, evaluate, rank_matches, summarise
from .truth import SwapError, swap_error

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
