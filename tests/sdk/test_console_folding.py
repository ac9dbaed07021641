"""What is drawn over becomes what was seen last; what is only printed stays as it is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.sdk.capture.folding import CARRIED, HELD, LINE, Screen


def folded(*texts: str) -> list[str]:
    """All lines of the texts."""
    screen = Screen()
    return [line for text in texts for line in screen.feed(text)] + screen.end()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\ntwo", ["one", "two"]),
        ("a\r\nb\r\n\r\n", ["a", "b", ""]),
        ("trailing  \n\n\tx\n", ["trailing  ", "", "\tx"]),
        ("  0%\r 50%\r100%\n", ["100%"]),
        ("12345\rab\n", ["ab345"]),
        ("loading....\r\x1b[Kdone\n", ["done"]),
        ("loading....\r           \rdone\n", ["done"]),
        ("abc\b\bX\n", ["aXc"]),
        ("\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[m\n", ["red rgb"]),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ \x1b]0;title\x07.\n", ["link ."]),
        ("bell\x07 nul\x00 del\x7f\n", ["bell nul del"]),
        ("a\x1b[3Cb\x1b[2Dc\x1b[1Gd\n", ["d  cb"]),
        # Two bars, as tqdm draws them: the inner one a line below, and back up.
        ("\router 0\n\rinner 0\x1b[A\n\rinner 9\x1b[A\router 1\x1b[A\x1b[B\n\ndone\n", ["outer 1", "inner 9", "done"]),
        # A live display, as rich draws it: hidden cursor, all lines again.
        ("\x1b[?25lx 1\ny 1\r\x1b[2K\x1b[1A\x1b[2Kx 2\ny 2\n\x1b[?25hend\n", ["x 2", "y 2", "end"]),
        ("kept\n\x1b[2J\x1b[Hfresh\n", ["kept", "fresh"]),
        ("\x1b[31", []),
        ("a\x1b", ["a"]),
        ("\x1b[999999999999999999999C.\n", [" " * (LINE - 1) + "."]),
        ("\x1b[9999999Aup\n\x1b[9999999Bdown", ["up", "down"]),
        ("\x1b[\x1b[\n", ["[["]),
        ("ends with \ud800\n", ["ends with \\ud800"]),
    ],
)
def test_folding(text: str, lines: list[str]) -> None:
    """As a terminal shows it in the end."""
    assert folded(text) == lines


def test_lines_are_given_when_they_are_final() -> None:
    """A plain line at its end; one that was drawn over when it was left alone for a whole turn."""
    screen = Screen()
    assert screen.feed("plain\nnext") == ["plain"]
    assert screen.feed("\r50%\n") == []
    assert screen.holds
    assert screen.settle() == []
    assert screen.settle() == ["50%t"]
    assert not screen.holds
    assert screen.feed("\x1b[A\x1b[Bheld\n") == []  # it may draw over its lines again
    assert [screen.settle(), screen.settle()] == [[], ["held"]]
    for _ in range(40):
        screen.settle()
    assert screen.feed("at once\n") == ["at once"]  # it has not moved for long


def test_what_was_given_out_is_not_given_out_twice() -> None:
    """Who moves up to lines that are gone draws new ones; those that stay empty are none."""
    screen = Screen()
    assert screen.feed("a\nb\n") == ["a", "b"]
    assert screen.feed("\x1b[2A\n\n") + screen.end() == []
    assert screen.feed("\x1b[2Anew\n\n") + screen.end() == ["new"]


def test_long_lines_come_in_pieces() -> None:
    """None has more than 64 KiB, and together they are the line."""
    for text in ("x" * (3 * LINE + 5), "ä€" * LINE, "\r" + "y" * (2 * LINE)):
        pieces = folded(text + "\n")
        assert all(len(piece.encode()) <= LINE for piece in pieces)
        assert "".join(pieces) == text.lstrip("\r")
    assert folded("x" * LINE + "\n") == ["x" * LINE]


def test_what_it_holds_is_bounded() -> None:
    """Neither rows nor an escape sequence without an end grow for ever."""
    screen = Screen()
    assert len(screen.feed("\x1b[A" + "row\n" * 1_000)) > 900
    assert len(screen.end()) <= HELD
    text = "\x1b]0;" + "t" * 2 * CARRIED
    assert "t" * 2 * CARRIED in "".join(folded(text, "\n"))


class Terminal:
    """A terminal by the book, with a grid of cells and all its rows in memory."""

    def __init__(self) -> None:
        self.grid: list[list[str]] = [[]]
        self.row = self.column = 0

    def draw(self, part: str) -> None:
        """One step of the program."""
        if part == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.grid):
                self.grid.append([])
        elif part == "\r":
            self.column = 0
        elif part == "\b":
            self.column = max(0, self.column - 1)
        elif part == "\x1b[A":
            self.row = max(0, self.row - 1)
        elif part == "\x1b[K":
            del self.grid[self.row][self.column :]
        elif part == "\x1b[2K":
            self.grid[self.row].clear()
        elif part == "\x1b[3C":
            self.column += 3
        elif not part.startswith("\x1b"):
            for character in part:
                cells = self.grid[self.row]
                cells += [" "] * (self.column + 1 - len(cells))
                cells[self.column] = character
                self.column += 1

    def shown(self) -> list[str]:
        """The rows without what cannot be seen."""
        rows = ["".join(cells).rstrip() for cells in self.grid]
        while rows and not rows[-1]:
            rows.pop()
        return rows


PARTS = st.sampled_from(["\n", "\r", "\b", "\x1b[A", "\x1b[K", "\x1b[2K", "\x1b[3C", "\x1b[1m", "\x1b[0m"]) | st.text(
    "abc 12", min_size=1, max_size=6
)


@given(st.lists(PARTS, max_size=40), st.lists(st.integers(0, 200), max_size=6))
def test_it_shows_what_a_terminal_shows(parts: list[str], cuts: list[int]) -> None:
    """However the text is cut on its way. The cursor is told to move from the start, so that all rows are held."""
    terminal = Terminal()
    for part in parts:
        terminal.draw(part)
    text = "".join(parts)
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    screen = Screen()
    screen.feed("\x1b[?25l")
    # A real terminal has a first row; going up from it stays there, which is not what ours does after a scroll.
    depth = lowest = 0
    for part in parts:
        depth += (part == "\n") - (part == "\x1b[A")
        lowest = min(lowest, depth)
    if lowest < 0:
        return
    lines = [line for begin, end in pairwise(places) for line in screen.feed(text[begin:end])]
    lines = [line.rstrip() for line in lines + screen.end()]
    while lines and not lines[-1]:
        lines.pop()
    assert lines == terminal.shown()


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b[]0;mAK\r\n\b"), max_size=300), st.integers(0, 300))
def test_cuts_change_nothing(text: str, cut: int) -> None:
    """Any text, whole or in two, gives the same lines; they hold nothing that a log may not."""
    lines = folded(text)
    assert lines == folded(text[:cut], text[cut:])
    assert not any(ord(character) < 32 and character != "\t" for line in lines for character in line)
    assert not any("\x7f" <= character <= "\x9f" for line in lines for character in line)
