"""Taking the pictures that the documents show."""
