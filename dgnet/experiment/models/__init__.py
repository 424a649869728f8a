"""A model by what a user calls it, and as a program uses it."""
