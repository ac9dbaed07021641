"""Reads the YAML that MLflow's file store writes: what PyYAML's safe dumper makes of dicts, lists, texts and numbers.

Block mappings and sequences, plain, single- and double-quoted scalars over several lines, and the empty `[]` and `{}`.
Blanks beside a Unicode line separator in single quotes are kept, where PyYAML drops them. Anchors, tags, block scalars
and documents are not written there and are refused.
"""

from __future__ import annotations

import re
from typing import Any

from assay.wire.errors import InvalidInput

DEPTH = 20
NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
REAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))\Z")
ESCAPES = dict(zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True))
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
WORDS: dict[str, Any] = {"null": None, "~": None, "": None, "true": True, "false": False, "[]": [], "{}": {}}
QUOTED = {"'": re.compile(r"'((?:[^']|'')*)'(?!')"), '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)}


def load(text: str) -> Any:
    """The data of a document.

    Raises:
        InvalidInput: It is not YAML as MLflow writes it.
    """
    reader = _Reader(text.split("\n"))
    try:
        found = reader.node(0, 0)
    except (IndexError, ValueError, OverflowError):
        raise reader.wrong() from None
    if reader.at < len(reader.lines):
        raise reader.wrong()
    return found


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self._skip()

    def wrong(self) -> InvalidInput:
        return InvalidInput(f"Line {self.at + 1} cannot be read", field="yaml", remedy="is it MLflow's file?")

    def _skip(self) -> None:
        while self.at < len(self.lines) and not self.lines[self.at].strip(" "):
            self.at += 1

    def _indent(self) -> int:
        """Of this line; -1 behind the last."""
        if self.at >= len(self.lines):
            return -1
        line = self.lines[self.at]
        return len(line) - len(line.lstrip(" "))

    def node(self, indent: int, depth: int) -> Any:
        """The mapping or sequence that begins in this line."""
        if depth > DEPTH:
            raise self.wrong()
        if self._indent() < indent:
            return None
        indent = self._indent()
        if self._is_item(indent):
            return self._sequence(indent, depth)
        line = self.lines[self.at][indent:]
        if line in WORDS:
            self.at += 1
            self._skip()
            return WORDS[line]
        return self._mapping(indent, depth)

    def _is_item(self, indent: int) -> bool:
        line = self.lines[self.at][indent:]
        return line == "-" or line.startswith("- ")

    def _sequence(self, indent: int, depth: int) -> list[Any]:
        found: list[Any] = []
        while self._indent() == indent and self._is_item(indent):
            found.append(self._inline(indent, depth))
        return found

    def _inline(self, indent: int, depth: int) -> Any:
        """What stands behind the mark in this line: a block that begins there, or a scalar."""
        rest = self.lines[self.at][indent + 2 :]
        if rest.startswith(("- ", "? ")) or rest == "-" or (rest and self._key_end(rest) is not None):
            self.lines[self.at] = " " * (indent + 2) + rest
            return self.node(indent + 2, depth + 1)
        return self._value(rest, indent, depth)

    def _key_end(self, line: str) -> int | None:
        """Where the key of a line ends, if it has one: before its colon."""
        if line[:1] in QUOTED:
            match = QUOTED[line[0]].match(line)
            end = match.end() if match else -1
            return end if end > 0 and (line[end:] == ":" or line.startswith(": ", end)) else None
        end = line.find(": ")
        if end < 0 and line.endswith(":"):
            end = len(line) - 1
        return end if end > 0 else None

    def _mapping(self, indent: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._indent() == indent:
            line = self.lines[self.at][indent:]
            if line.startswith("? "):  # a long key has lines of its own
                key = str(self._scalar(line[2:], indent))
                if self._indent() != indent or not self.lines[self.at][indent:].startswith(":"):
                    raise self.wrong()
                found[key] = self._inline(indent, depth)
                continue
            end = self._key_end(line)
            if end is None:
                raise self.wrong()
            key = str(_resolved(line[:end], quoted=line[0] in QUOTED))
            found[key] = self._value(line[end + 1 :].lstrip(" "), indent, depth)
        if self._indent() > indent:
            raise self.wrong()
        return found

    def _value(self, rest: str, indent: int, depth: int) -> Any:
        if rest:
            return self._scalar(rest, indent)
        self.at += 1
        self._skip()
        if self._indent() > indent or (self._indent() == indent and self._is_item(indent)):
            return self.node(self._indent(), depth + 1)
        return None

    def _scalar(self, rest: str, indent: int) -> Any:
        """The scalar that begins with the rest of this line, and may go on in deeper ones."""
        if rest[:1] in ("&", "*", "!", "|", ">", "%", "@", "`"):
            raise self.wrong()
        parts = [rest]
        self.at += 1
        if rest[:1] in QUOTED:
            pattern = QUOTED[rest[0]]
            while not (match := pattern.match("\n".join(parts))):
                parts.append(self.lines[self.at])  # IndexError: it never ends
                self.at += 1
            if match.end() != len("\n".join(parts).rstrip(" ")):
                raise self.wrong()
            self._skip()
            return _resolved("\n".join(parts).rstrip(" "), quoted=True)
        while self.at < len(self.lines) and (not self.lines[self.at].strip(" ") or self._indent() > indent):
            parts.append(self.lines[self.at])
            self.at += 1
        while len(parts) > 1 and not parts[-1].strip(" "):
            parts.pop()
        text = "\n".join(parts)
        if ": " in text or " #" in text or text.endswith(":"):
            raise self.wrong()
        return _resolved(text, quoted=False)


def _resolved(raw: str, *, quoted: bool) -> Any:
    if quoted:
        inner = _folded(raw[1:-1], escaped=raw[0] == '"')
        return ESCAPE.sub(_unescaped, inner) if raw[0] == '"' else inner.replace("''", "'")
    text = _folded(raw.strip(" "), escaped=False)
    if text in WORDS:
        return WORDS[text]
    if NUMBER.match(text):
        return int(text)
    return float(text.replace(".inf", "inf").replace(".nan", "nan")) if REAL.match(text) else text


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else ESCAPES.get(match[4], match[4])


def _folded(text: str, *, escaped: bool) -> str:
    """The text of several lines: one break is a space, each further one a line break; `\\` at an end is nothing."""
    first, *rest = text.split("\n")
    if not rest:
        return first
    found, breaks, joined = first, 0, False
    for at, line in enumerate(rest):
        last = at == len(rest) - 1
        if not breaks:
            joined = escaped and _ends_escaped(found)
            found = found[:-1] if joined else found.rstrip(" \t")
        body = line.lstrip(" \t")
        breaks += 1
        if body or last:
            found += "" if joined and breaks == 1 else " " if breaks == 1 else "\n" * (breaks - 1)
            found += body
            breaks = 0
    return found


def _ends_escaped(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
