"""Batches as a pure function of the step: which images are paired, and how they are varied."""
