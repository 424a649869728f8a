"""Optimisers, and learning rates and loss weights as functions of the step."""
