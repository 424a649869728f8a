"""One module per data set, each with `read(root) -> ReidDataset`."""
