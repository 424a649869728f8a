"""A run on one page: tables, charts and pictures, beside the published figures."""
