"""Optimisers, learning rates and the weights that grow with the step."""
