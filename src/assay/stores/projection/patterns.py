"""SQL's LIKE over many texts: `%` is any text, `_` one character, nothing else is special; case is that of ASCII."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
ANY = ord("_")


def folded(text: str) -> str:
    """The text with its ASCII letters in lower case."""
    return text.translate(UPPER)


def matcher(pattern: str, *, case_sensitive: bool) -> Callable[[str], bool]:
    """Whether one text matches; never slower than the text's length times the pattern's."""
    if not case_sensitive:
        inner = matcher(folded(pattern), case_sensitive=True)
        return lambda text: inner(folded(text))
    pieces = pattern.split("%")
    first, last = _anchored(pieces[0]), _anchored(pieces[-1])
    if len(pieces) == 1:
        size = len(pattern)
        return lambda text: len(text) == size and first(text, 0)
    middle = [(_finder(piece), len(piece)) for piece in pieces[1:-1] if piece]
    head, tail = len(pieces[0]), len(pieces[-1])

    def matches(text: str) -> bool:
        end = len(text) - tail
        if end < head or not first(text, 0) or not last(text, end):
            return False
        at = head
        for find, size in middle:
            at = find(text, at, end)
            if at < 0:
                return False
            at += size
        return True

    return matches


def _anchored(piece: str) -> Callable[[str, int], bool]:
    if "_" not in piece:
        return lambda text, at: text.startswith(piece, at)
    compiled = _compiled(piece)
    return lambda text, at: compiled.match(text, at) is not None


def _finder(piece: str) -> Callable[[str, int, int], int]:
    if "_" not in piece:
        return lambda text, at, end: text.find(piece, at, end)
    compiled = _compiled(piece)

    def find(text: str, at: int, end: int) -> int:
        found = compiled.search(text, at, end)
        return -1 if found is None else found.start()

    return find


def _compiled(piece: str) -> re.Pattern[str]:
    return re.compile("".join("." if sign == "_" else re.escape(sign) for sign in piece), re.DOTALL)


class Packed:
    """Texts of ASCII in one array of bytes, matched all at once; others are matched one by one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.count = len(texts)
        plain = [text if text.isascii() else "" for text in texts]
        self._others = [(at, text) for at, text in enumerate(texts) if not text.isascii()]
        lengths = np.fromiter(map(len, plain), np.int64, len(plain))
        self._ends: Ints = np.cumsum(lengths)
        self._starts: Ints = self._ends - lengths
        self._bytes = "".join(plain).encode("ascii")
        self._data = np.frombuffer(self._bytes, np.uint8)
        self._often = np.bincount(self._data, minlength=256)

    def matches(self, pattern: str, *, case_sensitive: bool) -> Bools:
        """For each text, whether it matches."""
        found = np.zeros(self.count, np.bool_)
        if pattern.isascii():
            data = self._data if case_sensitive else np.frombuffer(self._bytes.lower(), np.uint8)
            found[self._plain(data, pattern if case_sensitive else folded(pattern))] = True
        if self._others:
            test = matcher(pattern, case_sensitive=case_sensitive)
            for at, text in self._others:
                found[at] = test(text)
        return found

    def _plain(self, data: Any, pattern: str) -> Ints:
        """The numbers of the texts of ASCII that match."""
        pieces = [np.frombuffer(piece.encode("ascii"), np.uint8) for piece in pattern.split("%")]
        first, last = pieces[0], pieces[-1]
        sizes = self._ends - self._starts
        if len(pieces) == 1:
            return _agreeing(data, np.flatnonzero(sizes == len(first)), self._starts, first)
        rows = np.flatnonzero(sizes >= len(first) + len(last))
        rows = _agreeing(data, rows, self._starts, first)
        rows = _agreeing(data, rows, self._ends - len(last), last)
        at, end = self._starts[rows] + len(first), self._ends[rows] - len(last)
        for piece in pieces[1:-1]:
            if not len(piece) or not len(rows):
                continue
            at = self._next(data, piece, at)
            inside = at + len(piece) <= end
            rows, at, end = rows[inside], at[inside] + len(piece), end[inside]
        kept = np.ones(self.count, np.bool_)
        kept[[number for number, _ in self._others]] = False
        return rows[kept[rows]]

    def _next(self, data: Any, piece: Any, at: Ints) -> Ints:
        """Where the piece begins next, from each place on; beyond the end where it does not."""
        said = [offset for offset, code in enumerate(piece.tolist()) if code != ANY]
        if not said:
            return at
        rarest = min(said, key=lambda offset: int(self._often[piece[offset]]))
        places = np.flatnonzero(data[rarest : len(data) - len(piece) + rarest + 1] == piece[rarest])
        for offset in said:
            if offset != rarest:
                places = places[data[places + offset] == piece[offset]]
        return np.append(places, len(data) + 1)[np.searchsorted(places, at)]


def _agreeing(data: Any, rows: Ints, places: Ints, piece: Any) -> Ints:
    """Those rows whose bytes from their place on are the piece's."""
    for offset, code in enumerate(piece.tolist()):
        if code != ANY and len(rows):
            rows = rows[data[places[rows] + offset] == code]
    return rows
