"""One module a data set, each with `read(root) -> ReidDataset`."""
