"""What the server's process is told once, at its start: how memory is held, and how its threads take turns.

glibc gives large freed blocks back to the system at once, and gets them again page by page, zeroed, for the next array.
A read that decodes half a million points spent half of its time on that: 62 ms for one key of 100 live runs, not 32.
"""

from __future__ import annotations

import ctypes
import sys

TRIM, TOP_PAD, MMAP, ARENAS = -1, -2, -3, -8  # names of mallopt's, which <malloc.h> numbers so
KEPT = 128 << 20  # bytes that the process may hold free at the end of its heap: what the largest usual read takes
GROWN = 32 << 20  # bytes that it grows by; also the most that glibc lets a block have within an arena
TURN_S = 0.0005
FEW = 1  # arena: threads of one interpreter seldom allocate at the same time, and each arena would keep its own


def keep_freed() -> bool:
    """Whether the C library could be told; another than glibc goes on as it does."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    told = [tell(ARENAS, FEW), tell(TRIM, KEPT), tell(TOP_PAD, GROWN), tell(MMAP, GROWN)]
    return all(told)


def take_short_turns() -> None:
    """Threads that compute hand the interpreter on after `TURN_S`, not after Python's 5 ms.

    A log call changes threads several times on its way, and beside a long read each change waits for such a turn.
    """
    sys.setswitchinterval(TURN_S)
