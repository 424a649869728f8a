"""Keeping freed memory for reuse, since every step and every batch of images asks for as much again."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # as in glibc's malloc.h


def keep_freed_memory() -> bool:
    """Make this process keep the memory it frees, for the next tensors; returns whether that worked (only with glibc).

    Otherwise glibc asks the system for each large tensor's memory, and the system clears it page by page. On a CPU that
    takes a seventh of a training step's time or more, and more than half of the time of extracting features. The
    process's peak is no higher, but it no longer shrinks after it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library, or none that can be asked
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
