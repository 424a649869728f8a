"""What a command that fails says: one sentence where a user can put it right, a traceback where dgnet is at fault."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from dgnet.errors import DgnetError

INTERRUPTED, CLOSED = 130, 141  # exit statuses of processes that a shell interrupts, or whose reader has gone


def run_with_messages(command: Callable[[], None]) -> None:
    """Run a command; an error of a class that `sentence` knows ends in its message and SystemExit."""
    try:
        try:
            command()
        finally:  # --help ends in SystemExit
            sys.stdout.flush()
    except BrokenPipeError:  # `dgnet ... | head`: nobody is left to tell
        # What is still unwritten would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(CLOSED) from None
    except KeyboardInterrupt as stop:
        print(f"\ndgnet: {str(stop) or 'interrupted'}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from stop
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print(f"dgnet: {said}", file=sys.stderr)
        raise SystemExit(1) from error


def sentence(error: Exception) -> str | None:
    """What to tell the user; None of an error that is dgnet's own fault."""
    if out_of_memory(error):
        return (
            "the memory does not suffice; take smaller batches or images, fewer of them, or another device "
            f"({str(error).splitlines()[0] if str(error) else 'out of memory'})"
        )
    if isinstance(error, DgnetError | ModuleNotFoundError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename is not None else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return f"{where}{error.strerror or error}{'; free some space, or write elsewhere' if full else ''}"
    return None


def out_of_memory(error: Exception) -> bool:
    """Python's, CUDA's (`torch.OutOfMemoryError`), or the CPU's by torch, which is a RuntimeError like any other."""
    by_torch = isinstance(error, RuntimeError) and "DefaultCPUAllocator: can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or by_torch
