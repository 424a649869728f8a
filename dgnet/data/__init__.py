"""Data sets read, verified, decoded once, and fed in batches."""
