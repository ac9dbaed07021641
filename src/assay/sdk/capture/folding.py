"""Terminal output as lines of text: what a program draws over, as progress bars do, becomes what was seen last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LINE = 65_536  # bytes of a line that is given out, and characters of a row
HELD = 64  # rows that can still be drawn over
CARRIED = 4_096  # characters of an escape sequence that has no end yet
CALM = 30  # looks without a move of the cursor, after which lines are no longer held back
_PLAIN = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]*\Z")
_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x08\x0a-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # titles, links and other strings
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)\Z")


@dataclass
class _Row:
    text: str = ""
    redrawn: bool = False  # so that what is behind its end was drawn to erase
    touched: bool = True  # since the last look
    remade: bool = False  # in place of one that was given out

    def shown(self) -> str | None:
        text = self.text.rstrip() if self.redrawn or self.remade else self.text
        return None if self.remade and not text else text


class Screen:
    """The last rows of a terminal without a right edge. Rows that cannot change any more are given out as lines.

    A plain line is given out at its end. One that was drawn over, or any line while the cursor moves up and down, waits
    until it scrolls away or is left alone between two calls of `settle`.
    """

    def __init__(self) -> None:
        self._out: list[str] = []
        self._carried = ""
        self._clear()
        self._moved = False
        self._hidden = False
        self._calm = 0

    def _clear(self) -> None:
        self._rows = [_Row()]
        self._row = self._column = 0
        self._returned = False

    def feed(self, text: str) -> list[str]:
        """The lines that the text completes."""
        text = self._carried + text
        self._carried = ""
        if self._is_plain() and _PLAIN.match(text):
            self._feed_plain(text)
        else:
            self._feed_drawn(text)
        return self._taken()

    def settle(self) -> list[str]:
        """The lines above the cursor that were left alone since the last call."""
        self._give(self._count(lambda row: not row.touched))
        for row in self._rows:
            row.touched = False
        self._calm += 1
        self._moved = self._moved and self._calm < CALM
        return self._taken()

    def end(self) -> list[str]:
        """All that is left, with the last line as far as it goes."""
        self._carried = ""
        self._give_all()
        return self._taken()

    @property
    def holds(self) -> bool:
        """Whether lines wait for `settle`."""
        return self._row > 0

    def _is_plain(self) -> bool:
        row = self._rows[0]
        whole = len(self._rows) == 1 and self._column == len(row.text)
        return whole and not (self._moved or self._hidden or row.redrawn or row.remade or self._returned)

    def _feed_plain(self, text: str) -> None:
        *lines, last = (self._rows[0].text + text).split("\n")
        for line in lines:
            for begin in range(0, max(1, len(line)), LINE):
                self._out += _pieces(line[begin : begin + LINE])
        whole = max(0, len(last) - 1) // LINE * LINE
        for begin in range(0, whole, LINE):
            self._out += _pieces(last[begin : begin + LINE])
        self._rows[0] = _Row(last[whole:])
        self._column = len(last) - whole

    def _feed_drawn(self, text: str) -> None:
        at = 0
        while at < len(text):
            if text[at] == "\x1b" and len(text) - at <= CARRIED and _BEGUN.match(text, at):
                self._carried = text[at:]
                return
            token = _TOKEN.match(text, at)
            assert token is not None
            at = token.end()
            self._draw(token["control"] or "", token["text"] or "")
            if token["final"]:
                self._command(token["final"], token["arguments"])

    def _draw(self, control: str, text: str) -> None:
        if control == "\r":
            self._column, self._returned = 0, True
        elif control == "\n":
            self._feed_line()
        elif control == "\b":
            self._column = max(0, self._column - 1)
        elif text:
            self._put(text)

    def _feed_line(self) -> None:
        self._row += 1
        self._column, self._returned = 0, False
        if self._row == len(self._rows):
            self._rows.append(_Row())
            self._give(max(0, len(self._rows) - HELD))
        self._rows[self._row].touched = True
        if not (self._moved or self._hidden):
            self._give(self._count(lambda row: not row.redrawn))

    def _put(self, text: str) -> None:
        row, column = self._touched(), self._column
        row.redrawn = row.redrawn or column < len(row.text)
        if column == len(row.text):
            row.text += text
        else:
            row.text = row.text[:column].ljust(column) + text + row.text[column + len(text) :]
        self._column += len(text)
        while len(row.text) > LINE:
            self._give(self._row)
            self._out += _pieces(row.text[:LINE])
            row.text = row.text[LINE:]
            self._column = max(0, self._column - LINE)

    def _touched(self) -> _Row:
        row = self._rows[self._row]
        row.touched = True
        row.redrawn = row.redrawn or self._returned
        self._returned = False
        return row

    def _command(self, final: str, arguments: str) -> None:
        if final in "hl":
            self._hidden = final == "l" if arguments == "?25" else self._hidden
            return
        if arguments[:1] in ("<", "=", ">", "?"):
            return
        numbers = [int(part[:6]) if part.isdigit() else 0 for part in arguments.split(";")]
        first = numbers[0]
        if final in "AF":
            self._move(-max(1, first))
        elif final in "BE":
            self._move(max(1, first))
        if final in "EF":
            self._column = 0
        elif final in "CD":
            away = max(1, first)
            self._column = min(max(0, self._column + (away if final == "C" else -away)), LINE - 1)
        elif final in "G`Hf":
            column = (numbers[1] if len(numbers) > 1 else 0) if final in "Hf" else first
            self._column = min(max(1, column), LINE) - 1
            if final in "Hf" and first <= 1:  # where other rows are is known to a screen only
                self._move(-self._row)
        elif final == "K":
            self._erase(first)
        elif final == "J":
            self._erase_rows(first)

    def _move(self, by: int) -> None:
        if not by:
            return
        self._moved, self._calm = True, 0
        target = self._row + by
        room = HELD - len(self._rows)
        if target < 0:
            fresh = min(-target, room)
            self._rows[:0] = [_Row(remade=True) for _ in range(fresh)]
            target = 0
        elif target >= len(self._rows):
            self._rows += [_Row(remade=True) for _ in range(min(target + 1 - len(self._rows), room))]
            target = min(target, len(self._rows) - 1)
        self._row = target
        self._returned = False

    def _erase(self, what: int) -> None:
        row = self._touched()
        row.redrawn = True
        if what == 0:
            row.text = row.text[: self._column]
        else:
            row.text = "" if what == 2 else " " * min(self._column + 1, LINE - 1) + row.text[self._column + 1 :]

    def _erase_rows(self, what: int) -> None:
        if what >= 2:  # what was printed stays a part of the log
            self._give_all()
            self._rows[0].remade = True
            return
        self._erase(what)
        if what == 0:
            del self._rows[self._row + 1 :]
        else:
            self._rows[: self._row] = [_Row(remade=True) for _ in range(self._row)]

    def _count(self, done: Callable[[_Row], bool]) -> int:
        count = 0
        while count < self._row and done(self._rows[count]):
            count += 1
        return count

    def _give_all(self) -> None:
        if self._rows[-1].text == "":
            self._rows.pop()
        self._give(len(self._rows))
        self._clear()

    def _give(self, count: int) -> None:
        for row in self._rows[:count]:
            text = row.shown()
            if text is not None:
                self._out += _pieces(text)
        del self._rows[:count]
        self._row = max(0, self._row - count)

    def _taken(self) -> list[str]:
        taken, self._out = self._out, []
        return taken


def _pieces(text: str) -> Iterator[str]:
    """The text, cut so that no piece has more than `LINE` bytes of UTF-8."""
    if len(text) <= LINE and text.isascii():
        yield text
        return
    data = text.encode("utf-8", "backslashreplace")
    while len(data) > LINE:
        end = LINE
        while data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[:end].decode()
        data = data[end:]
    yield data.decode()
