"""dgnet: recognise people across cameras and draw them, in one network."""

__version__ = "0.1.0"
