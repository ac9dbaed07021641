"""What every kind of media becomes, and the checks that they share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.wire.errors import InvalidInput

CAPTION = 1_000  # characters
FILE = 64 << 20  # bytes


@dataclass(frozen=True)
class Encoded:
    """A logged value on its way.

    Attributes:
        kind: `image`, `figure`, `table`, `audio`, `histogram` or `text`.
        document: What is kept beside the run's points; plain JSON.
        files: The suffix (`.png`) and the bytes of each file.
    """

    kind: str
    document: dict[str, Any]
    files: list[tuple[str, bytes]] = field(default_factory=list)


def refused(message: str, field: str, bound: int | float | str, remedy: str) -> InvalidInput:
    """The error that says so."""
    return InvalidInput(message, field=field, bound=bound, remedy=remedy)


def checked_text(value: Any, field: str, bound: int, *, least: int = 0) -> str:
    """The text. Raises InvalidInput unless it is one, of so many characters, that can be stored."""
    if not isinstance(value, str):
        raise refused(f"{field} is a {type(value).__name__}, no text", field, f"{least} to {bound}", "give a str")
    if not least <= len(value) <= bound:
        raise refused(
            f"{field} has {len(value)} characters", field, f"{least} to {bound}", "shorten it, or log it as a file"
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refused(f"{field} is no valid Unicode", field, "UTF-8", "decode it with errors='replace'") from None
    if "\0" in value:
        raise refused(f"{field} holds a NUL character", field, "no NUL", "remove it") from None
    return value


def captioned(document: dict[str, Any], caption: str) -> dict[str, Any]:
    """The document, with the caption where there is one. Raises InvalidInput."""
    checked_text(caption, "caption", CAPTION)
    return document | ({"caption": caption} if caption else {})


def checked_size(data: bytes, field: str) -> bytes:
    """The bytes of a file. Raises InvalidInput unless there are some, and not too many."""
    if not 0 < len(data) <= FILE:
        raise refused(f"{field} has {len(data)} bytes", field, FILE, "make it smaller, or log it as an artifact")
    return data


def read_file(path: str | os.PathLike[str], field: str) -> bytes:
    """The file's bytes. Raises InvalidInput unless it can be read and is of a bounded size."""
    try:
        if not Path(path).is_file():  # a pipe or a device would be read for ever
            raise refused(f"{os.fspath(path)!r} is no file", field, "a file", "check the path")
        with Path(path).open("rb") as file:
            return checked_size(file.read(FILE + 1), field)
    except (OSError, ValueError) as error:
        raise refused(f"{os.fspath(path)!r} cannot be read: {error}", field, "a file", "check the path") from None
