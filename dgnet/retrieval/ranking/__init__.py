"""Exact ranks of true matches, re-ranking, and examples of what queries retrieve."""
