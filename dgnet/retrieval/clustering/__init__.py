"""Clusters of images by their Jaccard distances, and how good clusters are: without labels, and with."""
