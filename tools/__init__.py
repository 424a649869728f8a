"""Programs for maintainers: making the bundled model, taking the documents' pictures, and mutation testing."""
