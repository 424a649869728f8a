"""Figures of generated people: `dgnet swap`, and `dgnet generate` without its data sets."""
