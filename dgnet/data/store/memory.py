"""Keeping freed memory. A training step asks for the same few gigabytes again and again."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> bool:
    """Have this process keep the memory it frees, for the next tensor; whether that worked (only under glibc).

    Otherwise glibc takes every large tensor anew from the system, which clears it page by page: at full size on a CPU
    a seventh of a step's time and more. The process grows no larger at its peak, but shrinks no more after it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library, or none that can be asked
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
