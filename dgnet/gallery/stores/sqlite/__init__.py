"""A gallery in one file, by Python's own sqlite3."""
