"""The parts of a report: one file per measure, with its tables, its section of the page and its figures as JSON."""
