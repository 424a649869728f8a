"""Parts about people who were drawn."""
