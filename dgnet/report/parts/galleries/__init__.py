"""Parts that show ranked galleries."""
