"""Drawing people: swapped, interpolated."""
