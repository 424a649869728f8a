"""Stores: all images of a data set in one file that all runs share; and decoding and resizing images."""
