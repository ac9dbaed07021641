"""Texts: short ones beside the run's points, long ones as files."""

from __future__ import annotations

from typing import Any

from assay.sdk.media.encoded import Encoded, checked_text

INLINE = 8_000  # characters
MOST = 1 << 24
BEGIN = 200


def text(value: Any) -> Encoded:
    """The text, inline where it is short, else its beginning and a file.

    Raises:
        InvalidInput: It is no text, too long, no valid Unicode, or holds NUL.
    """
    checked_text(value, "text", MOST)
    if len(value) <= INLINE:
        return Encoded("text", {"text": value})
    return Encoded("text", {"begin": value[:BEGIN], "characters": len(value)}, [(".txt", value.encode())])
