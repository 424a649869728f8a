"""The command line; `main` is the program `dgnet`."""

from dgnet.cli.commands import COMMANDS
from dgnet.cli.main import main

__all__ = ["COMMANDS", "main"]
