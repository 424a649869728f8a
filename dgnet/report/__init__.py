"""The report of a run: one page of tables, charts and pictures, with the published figures beside the run's own."""
