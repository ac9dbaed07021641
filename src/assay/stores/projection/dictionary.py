"""The distinct texts of a column, each under a small number: a test is made once a text, not once a run."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.config import as_number
from assay.stores.projection.patterns import Bools, Packed, matcher

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]

MISSING = -1
PACKED_FROM = 20_000  # texts; fewer are matched one by one
INSERTED = 500  # new texts that are put among the sorted ones; more of them, and all are sorted again
REMEMBERED = 8  # patterns
TEXT_BYTES = 170  # what a short text takes, with its places in list and dictionary


class Dictionary:
    """Texts and their codes. A code is given once; what nobody has any more keeps its own."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.size = 0  # characters
        self._codes: dict[str, int] = {}
        self._numbers: Floats = np.empty(0)
        self._sorted: list[str] = []
        self._ranks: Floats = np.empty(0)
        self._packed: Packed | None = None
        self._patterns: dict[tuple[str, bool], Bools] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def bytes(self) -> int:
        """About what it takes."""
        return TEXT_BYTES * len(self.texts) + 2 * self.size

    def code(self, text: str) -> int:
        """The text's code, given now if it had none."""
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
            self.size += len(text)
        return code

    def codes(self, texts: Iterable[str]) -> list[int]:
        """The code of each text."""
        known, code = self._codes.get, self.code
        found = []
        for text in texts:
            number = known(text)
            found.append(code(text) if number is None else number)
        return found

    def find(self, text: str) -> int:
        """The text's code, or MISSING."""
        return self._codes.get(text, MISSING)

    def numbers(self) -> Floats:
        """The number that each text stands for, NaN where it stands for none."""
        known = len(self._numbers)
        if known < len(self.texts):
            more = [as_number(text) for text in self.texts[known:]]
            fresh = np.array([math.nan if number is None else number for number in more], np.float64)
            self._numbers = np.concatenate([self._numbers, fresh])
        return self._numbers

    def ranks(self) -> Floats:
        """A number for each text, greater for a greater text by its bytes."""
        known = len(self._ranks)
        fresh = self.texts[known:]
        if len(fresh) > INSERTED or not known:
            self._sort()
        elif fresh:
            self._ranks = np.concatenate([self._ranks, np.zeros(len(fresh))])
            for text in fresh:
                rank = self._between(bisect_left(self._sorted, text))
                if rank is None:
                    self._sort()
                    break
                self._ranks[self._codes[text]] = rank
                self._sorted.insert(bisect_left(self._sorted, text), text)
        return self._ranks

    def _sort(self) -> None:
        self._sorted = sorted(self.texts)  # code points are in the order of their UTF-8
        places = np.fromiter((self._codes[text] for text in self._sorted), np.int64, len(self.texts))
        self._ranks = np.empty(len(self.texts))
        self._ranks[places] = np.arange(len(self.texts), dtype=np.float64)

    def _between(self, at: int) -> float | None:
        """A rank before the sorted text at this place and after the one before; None if there is no room."""
        count = len(self._sorted)
        above = float(self._ranks[self._codes[self._sorted[at]]]) if at < count else None
        below = float(self._ranks[self._codes[self._sorted[at - 1]]]) if at else None
        if below is None or above is None:
            return -1.0 if above is None and below is None else (above - 1.0 if above is not None else below + 1.0)  # type: ignore[operator]
        rank = (below + above) / 2
        return rank if below < rank < above else None

    def place(self, text: str) -> float:
        """The text's rank, or one between its neighbours' that no text has."""
        ranks = self.ranks()
        code = self.find(text)
        if code != MISSING:
            return float(ranks[code])
        rank = self._between(bisect_left(self._sorted, text))
        if rank is None:
            self._sort()
            rank = self._between(bisect_left(self._sorted, text))
        assert rank is not None
        return rank

    def matches(self, pattern: str, *, case_sensitive: bool) -> Bools:
        """For each text, whether it matches."""
        asked = (pattern, case_sensitive)
        known = self._patterns.get(asked)
        if known is None:
            if len(self._patterns) >= REMEMBERED:
                del self._patterns[next(iter(self._patterns))]
            known = self._pack().matches(pattern, case_sensitive=case_sensitive) if self._is_large() else _none()
        if len(known) < len(self.texts):
            test = matcher(pattern, case_sensitive=case_sensitive)
            more = [test(text) for text in self.texts[len(known) :]]
            known = np.concatenate([known, np.array(more, np.bool_)])
        self._patterns[asked] = known
        return known

    def _is_large(self) -> bool:
        return len(self.texts) >= PACKED_FROM

    def _pack(self) -> Packed:
        packed = self._packed
        if packed is None or len(self.texts) - packed.count > max(PACKED_FROM, packed.count // 8):
            packed = self._packed = Packed(self.texts)
        return packed

    def warm(self, *, numbers: bool) -> None:
        """What takes long is done before the first who needs it waits for it."""
        self.ranks()
        if numbers:
            self.numbers()
        if self._is_large():
            self._pack()


def _none() -> Any:
    return np.zeros(0, np.bool_)
