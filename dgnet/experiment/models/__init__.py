"""Finding the model that a user means, and the class by which a program uses it."""
