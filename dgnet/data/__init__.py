"""Data sets: reading and verifying them, decoding their images once, and serving these in batches."""
