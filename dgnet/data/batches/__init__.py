"""Batches as a pure function of the step: who is paired with whom, and how images are varied."""
