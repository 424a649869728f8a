"""Reading the bytes of ordinary files; pipes and devices are refused."""

from __future__ import annotations

import errno
import os
import stat

NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # without it, opening a pipe that nobody writes to would never return


def read_file(path: str) -> bytes:
    """All bytes of an ordinary file. Raises OSError, whose `strerror` gives the reason; also for pipes and devices."""
    with open(path, "rb", buffering=0, opener=_open) as file:
        return file.read()


def _open(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | NO_WAITING)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "a folder, not a file", path)
        raise OSError(errno.EINVAL, "a pipe, socket or device, not a file", path)
    return descriptor
