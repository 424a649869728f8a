"""The addresses of the API, one subject per file."""
