"""Whole experiments: from a configuration to a trained model, its figures and its report."""
