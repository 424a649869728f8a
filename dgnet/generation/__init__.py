"""Drawing people: swaps, and interpolation between two appearances."""
