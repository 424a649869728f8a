"""Adaptation to images without labels: clusters of images are learnt as identities (docs/adapt.md)."""
