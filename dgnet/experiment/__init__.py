"""Whole runs: from a configuration to a model, its figures and its report."""
