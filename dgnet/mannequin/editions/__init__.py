"""Editions of the data set: what is drawn for an identity and a moment, which images there are, and their writing."""
