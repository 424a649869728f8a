"""Making the model that the package brings, from nothing, with one command: `python -m tools.bundle WORK`."""
