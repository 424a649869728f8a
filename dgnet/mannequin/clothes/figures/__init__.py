"""Shapes on cloth (see `clothes.cloth.Figure`): bands and panels, prints, and irregular textures."""
