"""Points on their way out of a source that reads them one by one, and the JSON that a server takes."""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.exchange.source import SourcePoints

PIECE = 100_000  # points
KEYS = 10_000  # of a piece
DEPTH = 20
INT64 = 1 << 63


class Piece:
    """Points that are collected until there are enough of them.

    Args:
        rows: Whether they have rows.
        context: The context of all of them.
    """

    def __init__(self, *, rows: bool, context: Mapping[str, str] | None = None) -> None:
        self._rows = rows
        self._context = context
        self._begin()

    def _begin(self) -> None:
        self._numbers: dict[str, int] = {}
        self._key = array("I")
        self._steps, self._times_us, self._row = array("q"), array("q"), array("q")
        self._values = array("d")

    def add(self, key: str, step: int, time_us: int, value: float, row: int = 0) -> None:
        """One point more."""
        self._key.append(self._numbers.setdefault(key, len(self._numbers)))
        self._steps.append(step)
        self._times_us.append(time_us)
        self._values.append(value)
        if self._rows:
            self._row.append(row)

    @property
    def full(self) -> bool:
        """Whether it is time to take it."""
        return len(self._key) >= PIECE or len(self._numbers) >= KEYS

    def __len__(self) -> int:
        return len(self._key)

    def take(self) -> SourcePoints:
        """What was collected; another piece begins."""
        context = None if self._context is None else array("I", [1]) * len(self._key)
        taken = SourcePoints(
            list(self._numbers),
            self._key,
            self._steps,
            self._times_us,
            self._values,
            self._row if self._rows else None,
            [] if self._context is None else [self._context],
            context,
        )
        self._begin()
        return taken


def micros(seconds: float, otherwise: int) -> int:
    """Microseconds, or something else where these are no seconds since 1970 that can be stored."""
    return round(seconds * 1e6) if 0 < seconds < 9e12 else otherwise  # false for NaN, too


def plain(value: Any, depth: int = 0) -> Any:
    """The JSON value with words instead of the numbers that JSON has not. Raises ValueError if it is nested deeply."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (dict, list)) and depth >= DEPTH:
        raise ValueError(f"nested deeper than {DEPTH}")
    if isinstance(value, dict):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    return value


def state(path: Path) -> tuple[int, int]:
    """Size and time of a file."""
    try:
        found = path.stat()
    except OSError:
        return -1, 0
    return found.st_size, found.st_mtime_ns


def digest(*parts: Any) -> str:
    """A short text that is another one for other parts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
