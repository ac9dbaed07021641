"""Text of a filter cut into tokens, for every grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.wire.errors import InvalidInput

LENGTH_BOUND = 16_384

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_REST = r"""
    | (?P<number>[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)(?![\w.]))
    | (?P<word>[\w\-/]+)
    | (?P<op><=|>=|!=|<>|=|<|>)
    | (?P<mark>[().,+])
    )"""
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`[^`]*`)"""
    + _REST,
    re.VERBOSE,
)
# Every text can be quoted: the sign around it is doubled within, and no other sign means anything.
_PLAIN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<quoted>`(?:[^`]|``)*`)"""
    + _REST,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind, its text without quotes, and where it starts."""

    kind: str
    text: str
    at: int

    def word(self) -> str:
        """The text in upper case if it is a bare word, else nothing."""
        return self.text.upper() if self.kind == "word" else ""

    def is_mark(self, text: str) -> bool:
        """Whether it is this bracket, comma or dot, and not the same sign in quotes."""
        return self.kind == "mark" and self.text == text


def tokenize(text: str, *, plain: bool = False) -> list[Token]:
    """The tokens of the text, and an end token.

    Args:
        text: What is cut.
        plain: Quoted text ends at its quote unless that is doubled; otherwise a backslash keeps it open too.

    Raises:
        InvalidInput: The text is too long, holds what no token starts with, or what no stored text can hold.
    """
    if len(text) > LENGTH_BOUND:
        raise InvalidInput(
            f"The filter has {len(text)} characters, more than {LENGTH_BOUND}",
            field="filter",
            bound=LENGTH_BOUND,
            remedy="shorten it",
        )
    if (bad := _UNSTORABLE.search(text)) is not None:
        raise InvalidInput(
            f"The filter holds NUL or half a character at position {bad.start()}", field="filter", remedy="remove it"
        )
    pattern = _PLAIN if plain else _TOKEN
    tokens: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = pattern.match(text, at)
        if match is None or match.lastgroup is None:
            shown = text[at:].lstrip()[:20]
            raise InvalidInput(
                f"The filter cannot be read at position {at}: {shown!r}",
                field="filter",
                remedy="quote values with ' and keys that hold spaces or signs with `",
            )
        kind = match.lastgroup
        piece = match.group(kind)
        if kind in ("string", "quoted"):
            sign = piece[0]
            kind = "double" if sign == '"' else kind
            piece = piece[1:-1]
            if plain or sign == "'":
                piece = piece.replace(sign * 2, sign)
        tokens.append(Token(kind, piece, match.start(match.lastgroup)))
        at = match.end()
    return [*tokens, Token("end", "", end)]
