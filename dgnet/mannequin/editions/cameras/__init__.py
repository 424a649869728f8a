"""The edition `cameras`: people of a small wardrobe before six cameras, each with its own view, light and response."""
