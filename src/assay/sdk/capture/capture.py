"""Starts and ends what is logged by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from assay.sdk import notebook

if TYPE_CHECKING:
    from assay.sdk.capture.console import Console
    from assay.sdk.capture.system import System


class Capture:
    """Console output and system metrics of this process.

    Args:
        what: `console`, `system`, both or none.
        line: Takes a line: stream, time in microseconds, text.
        sample: Takes a sample: values by key, and the time in microseconds.
    """

    def __init__(
        self,
        what: Sequence[str],
        line: Callable[[str, int, str], None],
        sample: Callable[[Mapping[str, float], int], None],
    ) -> None:
        self._console: Console | None = None
        self._system: System | None = None
        self._leave_cells: Callable[[], object] = lambda: None
        if "console" in what:
            from assay.sdk.capture.console import Console  # noqa: PLC0415 -- only what is wanted, as next

            self._console = Console(line)
        if "system" in what:
            from assay.sdk.capture.system import System  # noqa: PLC0415

            self._system = System(sample)

    def start(self) -> None:
        """It is captured from now on. Raises OSError."""
        if self._console is not None:
            self._console.start()
            if notebook.shell() is not None:
                self._leave_cells = notebook.follow_cells(self._console.start, self._console.stop)
        if self._system is not None:
            self._system.start()

    def stop(self) -> None:
        """Everything so far was handed on; nothing is captured any more. Raises OSError."""
        if self._system is not None:
            self._system.stop()
        if self._console is not None:
            self._leave_cells()
            self._console.stop()
