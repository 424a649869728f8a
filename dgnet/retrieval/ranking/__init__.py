"""Ranks of true matches, counted exactly; re-ranking; what each query retrieves."""
