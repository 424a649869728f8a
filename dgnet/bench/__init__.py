"""`dgnet bench`: measures how fast training, data and evaluation are on this machine, and prints tables."""
