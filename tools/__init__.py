"""Programs for maintainers: making the bundled model, and mutation testing."""
