"""Whole data sets of generated people: which pairs are swapped, how the images are drawn, which are kept."""
