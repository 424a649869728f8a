"""Features of images: extracting them, reading them from files, joining them, and testing how far they differ."""
