"""Features of images: taken, read from files, joined, and looked at for what they tell."""
