"""`dgnet bench`: how fast training, data and evaluation go on this machine, as tables to paste."""
