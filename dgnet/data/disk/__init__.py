"""What lies on the disk before it is a record: folders, tables, names and numbers, as other people wrote them."""
