"""Work in a child process that can be killed, as the benchmarks of kills do it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from dgnet.errors import DgnetError


def in_a_child(work: Callable[[], object], output: Path) -> int:
    """Run `work` in a process forked from this one, which has imported everything already; returns the process's id.

    What it prints goes to `output`. It exits with 0, with 2 after a DgnetError, and with 1 after any other error.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with open(output, "a") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            torch.set_num_threads(1)
            work()
            status = 0
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            status = 2 if isinstance(error, DgnetError) else 1
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """How a child ended: its exit status, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
