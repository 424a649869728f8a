"""What a command prints when it fails: one sentence if the user can mend it, a traceback if dgnet is at fault."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from dgnet.errors import DgnetError
from dgnet.files.names import printable

INTERRUPTED, CLOSED = 130, 141  # usual exit statuses after SIGINT, and after the reader of the output has closed it


def run_with_messages(command: Callable[[], None]) -> None:
    """Run a command; for an error that has a `sentence`, print that and raise SystemExit; raise all others again."""
    try:
        try:
            command()
        finally:  # after --help too, which ends in SystemExit
            sys.stdout.flush()
    except BrokenPipeError:  # as in `dgnet ... | head`: the reader has closed the output
        # Python writes the rest of the output when it ends, which would fail again; so it goes to /dev/null.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(CLOSED) from None
    except KeyboardInterrupt as stop:
        print(f"\ndgnet: {str(stop) or 'interrupted'}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from stop
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print("\n".join(map(printable, f"dgnet: {said}".split("\n"))), file=sys.stderr)
        raise SystemExit(1) from error


def sentence(error: Exception) -> str | None:
    """What to tell the user about an error; None for an error that is dgnet's own fault."""
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
    """Whether memory did not suffice: an error of Python, of CUDA (`torch.OutOfMemoryError`), or of torch on a CPU.

    The last is a plain RuntimeError, which only its message tells apart.
    """
    by_torch = isinstance(error, RuntimeError) and "DefaultCPUAllocator: can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or by_torch
