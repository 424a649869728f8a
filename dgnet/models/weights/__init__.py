"""Weights in files: our own models, the authors' checkpoints, other libraries' weights, and the bundled model."""
