"""Folders, tables, names and numbers on the disk, as other people wrote them, before they become records."""
