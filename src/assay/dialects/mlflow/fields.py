"""Reading a request's fields as protobuf-JSON does: lenient in form, strict in meaning."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from assay.wire.errors import InvalidInput

INT64 = 2**63
MAX_MS = 9_223_372_036_854_775
KEY_BOUND = 250
PARAM_BOUND = 6_000
TAG_BOUND = 8_000
_KEY = re.compile(r"[/\w.\- :]*\Z")


def missing(name: str) -> InvalidInput:
    """The refusal of a request without a field."""
    return InvalidInput(
        f"Missing value for required parameter '{name}'. "
        "See the API docs for more information about request parameters.",
        field=name,
    )


def wrong(name: str, value: object) -> InvalidInput:
    """The refusal of a value of the wrong type or range."""
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= 120 else shown[:120] + "..."
    return InvalidInput(f"Invalid value {shown} for parameter '{name}' supplied.", field=name)


def text(fields: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    """The text of a field; None if it is absent."""
    value = fields.get(name)
    if value is None or (required and value == ""):
        if required:
            raise missing(name)
        return None
    if not isinstance(value, str):
        raise wrong(name, value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(name, "text with a lone surrogate") from None
    if "\0" in value:
        raise wrong(name, value)
    return value


def needed(fields: Mapping[str, Any], name: str) -> str:
    """The text of a field that must be there."""
    value = text(fields, name, required=True)
    assert value is not None
    return value


def integer(fields: Mapping[str, Any], name: str, *, low: int = -INT64, high: int = INT64 - 1) -> int | None:
    """The integer of a field, also from digits in a string; None if it is absent."""
    value = fields.get(name)
    if value is None:
        return None
    digits = isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,20}", value)
    whole = isinstance(value, float) and value.is_integer() and abs(value) < INT64
    if digits or whole:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(name, value)
    return value


def milliseconds(fields: Mapping[str, Any], name: str) -> int | None:
    """A time of a client in microseconds; None if it is absent."""
    value = integer(fields, name, low=0, high=MAX_MS)
    return None if value is None else value * 1_000


def number(value: object, name: str) -> float:
    """A float, also from "NaN", "Infinity" or digits in a string."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise wrong(name, value) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(name, value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def items(fields: Mapping[str, Any], name: str) -> list[Any]:
    """The elements of a repeated field; a single one may stand alone, as in a query string."""
    value = fields.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise wrong(name, value)
    return value


def objects(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The elements of a repeated message."""
    found = items(fields, name)
    for index, value in enumerate(found):
        if not isinstance(value, dict):
            raise wrong(f"{name}[{index}]", value)
    return found


def texts(fields: Mapping[str, Any], name: str) -> list[str]:
    """The elements of a repeated string."""
    found = items(fields, name)
    for index, value in enumerate(found):
        if not isinstance(value, str):
            raise wrong(f"{name}[{index}]", value)
    return found


@lru_cache(maxsize=65_536)
def _fault(key: str) -> str | None:
    if len(key) > KEY_BOUND:
        return f"is longer than {KEY_BOUND} characters"
    if not _KEY.match(key):
        return (
            "may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colons(:) "
            "and slashes (/)"
        )
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        return f"would be another path when resolved: {posixpath.normpath(key)!r}"
    return None


def key(value: object, what: str) -> str:
    """A usable name of a metric, param or tag.

    Raises:
        InvalidInput: It is missing, too long, or not a clean relative path.
    """
    if not isinstance(value, str) or not value:
        if value is None or value == "":
            raise missing("key")
        raise wrong("key", value)
    fault = _fault(value)
    if fault is not None:
        raise InvalidInput(f"Invalid {what} name: '{value[:300]}'. It {fault}.", field="key", bound=KEY_BOUND)
    return value


def pairs(fields: Mapping[str, Any], name: str, what: str, bound: int) -> dict[str, str]:
    """A repeated (key, value) message as a dict; long values are cut as stock does.

    Raises:
        InvalidInput: A key is unusable, or the same param comes twice.
    """
    found: dict[str, str] = {}
    for item in objects(fields, name):
        pair_key = key(item.get("key"), what)
        if what == "parameter" and pair_key in found:
            raise InvalidInput(f"Duplicate parameter keys have been submitted: {pair_key}", field=name)
        found[pair_key] = (text(item, "value") or "")[:bound]
    return found
