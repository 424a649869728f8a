"""How sure: from similarities to probabilities and thresholds, measured on labelled pairs."""
