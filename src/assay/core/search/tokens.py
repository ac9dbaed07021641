"""Text of a filter cut into tokens, for every grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.wire.errors import InvalidInput

LENGTH_BOUND = 16_384

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`[^`]*`)
    | (?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)(?![\w.]))
    | (?P<word>[\w\-/]+)
    | (?P<op><=|>=|!=|<>|=|<|>)
    | (?P<mark>[().,+])
    )""",
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


def tokenize(text: str) -> list[Token]:
    """The tokens of the text, and an end token.

    Raises:
        InvalidInput: The text is too long, or holds what no token starts with.
    """
    if len(text) > LENGTH_BOUND:
        raise InvalidInput(
            f"The filter has {len(text)} characters, more than {LENGTH_BOUND}",
            field="filter",
            bound=LENGTH_BOUND,
            remedy="shorten it",
        )
    tokens: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            shown = text[at:].lstrip()[:20]
            raise InvalidInput(
                f"The filter cannot be read at position {at}: {shown!r}",
                field="filter",
                remedy="quote values with ' and keys that hold spaces or signs with `",
            )
        kind = match.lastgroup
        piece = match.group(kind)
        if kind == "string":
            kind = "string" if piece[0] == "'" else "double"
            piece = piece[1:-1].replace("''", "'") if kind == "string" else piece[1:-1]
        elif kind == "quoted":
            piece = piece[1:-1]
        tokens.append(Token(kind, piece, match.start(match.lastgroup)))
        at = match.end()
    return [*tokens, Token("end", "", end)]
