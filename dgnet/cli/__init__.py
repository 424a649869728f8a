"""The command line; `main` is the program `dgnet`."""

from dgnet.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
