"""How the server's memory is held: freed arrays stay with the process for the next read, up to a bound.

glibc gives large freed blocks back to the system at once, and gets them again page by page, zeroed, for the next array.
A read that decodes half a million points spent half of its time on that: 62 ms for one key of 100 live runs, not 32.
"""

from __future__ import annotations

import ctypes

TRIM, TOP_PAD, MMAP, ARENAS = -1, -2, -3, -8  # names of mallopt's, which <malloc.h> numbers so
KEPT = 128 << 20  # bytes that the process may hold free at the end of its heap: what the largest usual read takes
GROWN = 32 << 20  # bytes that it grows by; also the most that glibc lets a block have within an arena
FEW = 1  # arena: threads of one interpreter seldom allocate at the same time, and each arena would keep its own


def keep_freed() -> bool:
    """Whether the C library could be told; another than glibc goes on as it does."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    told = [tell(ARENAS, FEW), tell(TRIM, KEPT), tell(TOP_PAD, GROWN), tell(MMAP, GROWN)]
    return all(told)
