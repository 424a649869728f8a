"""Weights in files: ours, the authors', those of other libraries, and the bundled model."""
