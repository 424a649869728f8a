"""Retrieval protocols. `evaluate` takes any model's features, NumPy or torch."""

from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.ranking.ranks import MatchRanks, RetrievalResult, evaluate, rank_matches, summarise

__all__ = ["EvaluationError", "MatchRanks", "RetrievalResult", "evaluate", "rank_matches", "summarise"]
