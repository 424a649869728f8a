"""Mutation testing: the arithmetic is broken in one place at a time, and a test has to notice (docs/mutation.md)."""
