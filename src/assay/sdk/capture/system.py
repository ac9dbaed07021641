"""The state of the machine while a program runs, at regular times."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from assay.wire.errors import InvalidInput
from assay.wire.keys import SYSTEM

EVERY_S = 10.0
LEAST_S, MOST_S = 0.1, 3_600.0
FIRST_S = 0.5  # so that a percentage has some time to be of
STOP_S = 5.0
Sink = Callable[[dict[str, float], int], None]


class System:
    """Gives samples of the machine and of this process to a sink: half a second after `start`, then regularly, and at
    `stop`.

    On Linux: processors, memory, disks, network (without loopback), this process with all below it, the limits of its
    control group, and NVIDIA's GPUs. Elsewhere only the disk's space and the processor time of this process. The keys
    are MLflow's where it has them, below `system/`. A sink that raises loses the sample. A forked child does not
    sample: it is a part of what its parent samples.

    Args:
        sink: Told the values by key, and the time in microseconds, by a thread.
        every_s: Seconds between two samples.

    Raises:
        InvalidInput: The seconds are no such number.
    """

    def __init__(self, sink: Sink, every_s: float = EVERY_S) -> None:
        if isinstance(every_s, bool) or not isinstance(every_s, int | float) or not LEAST_S <= every_s <= MOST_S:
            raise InvalidInput(
                f"{every_s!r} is no time between two samples",
                field="every_s",
                bound=f"{LEAST_S} to {MOST_S:.0f}",
                remedy="give seconds within these bounds",
            )
        self._sink = sink
        self._every_s = every_s
        self.failed = 0  # samples that the sink raised at
        self._begin()
        _systems.add(self)

    def _begin(self) -> None:
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Samples are taken from now on. Doing so twice is fine."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, args=(self._stopping,), name="assay-system", daemon=True)
            with suppress(RuntimeError):  # no thread is left for us
                thread.start()
                self._thread = thread

    def stop(self, timeout_s: float = STOP_S) -> None:
        """The sink has the last sample, unless that takes longer than the time. Doing so twice is fine."""
        thread, stopping = self._thread, self._stopping
        self._begin()
        stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _run(self, stopping: threading.Event) -> None:
        from assay.sdk.capture.machine import Machine  # noqa: PLC0415 -- the thread pays for it, not the program
        from assay.sdk.capture.nvml import Nvml  # noqa: PLC0415 -- as above

        machine = Machine()
        gpus: Nvml | None = None
        with suppress(OSError):
            gpus = Nvml()
        due_s = time.monotonic() + min(FIRST_S, self._every_s)
        while True:
            last = stopping.wait(max(0.0, due_s - time.monotonic()))
            due_s += self._every_s * max(1, math.ceil((time.monotonic() - due_s) / self._every_s))
            values = machine.sample() | (gpus.sample() if gpus is not None else {})
            try:
                self._sink({SYSTEM + name: value for name, value in values.items()}, time.time_ns() // 1_000)
            except Exception:  # noqa: BLE001 -- whatever the sink does, the program goes on
                self.failed += 1
            if last:
                break
        if gpus is not None:
            gpus.close()


_systems: weakref.WeakSet[System] = weakref.WeakSet()


def _forked() -> None:
    for system in list(_systems):
        system._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
