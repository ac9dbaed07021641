"""Tokens of pages: where a page ended, in a form that serves the same query only."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from assay.wire.errors import InvalidInput


def digest_of(what: str) -> str:
    """The short form of a query in words, which its tokens carry."""
    return hashlib.blake2b(what.encode(), digest_size=8).hexdigest()


def write_token(digest: str, last: Sequence[Any]) -> str:
    """The token of the page after the row that has these sort keys."""
    packed = json.dumps({"q": digest, "v": list(last)}).encode()
    return base64.urlsafe_b64encode(packed).decode()


def read_token(token: str, digest: str, kinds: Sequence[type]) -> list[Any]:
    """The sort keys of the last row of the page before.

    Args:
        token: As it was sent; it may be forged.
        digest: Of the query at hand.
        kinds: What each sort key is.

    Raises:
        InvalidInput: The token is not one of this query.
    """
    try:
        read = json.loads(base64.urlsafe_b64decode(token.encode()))
        values = read["v"]
        if read["q"] == digest and len(values) == len(kinds) and all(map(_comparable, values, kinds)):
            return list(values)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InvalidInput(
        "Invalid page token, could not base64-decode or match it with this query",
        field="page_token",
        remedy="send the token of the page before, with the same filter and order",
    )


def _comparable(value: Any, kind: type) -> bool:
    """Whether a database compares this value with a column of this kind."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 63
