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


def wrong(name: str, value: object, why: str = "") -> InvalidInput:
    """The refusal of a value that is out of range, or else says why."""
    shown = json.dumps(value, default=str, separators=(",", ":"))
    shown = shown if len(shown) <= 120 else shown[:120] + "..."
    said = f"Invalid value {shown} for parameter '{name}' supplied"
    return InvalidInput(f"{said}: {why}" if why else f"{said}.", field=name)


def mistyped(name: str, value: object) -> InvalidInput:
    """The refusal of a value of a wrong type."""
    hint = f" Hint: Value was of type '{type(value).__name__}'. "
    return wrong(name, value, f"{hint}See the API docs for more information about request parameters.")


def too_long(name: str, bound: int) -> InvalidInput:
    """The refusal of a text beyond its bound."""
    return InvalidInput(f"'{name}' exceeds the maximum length of {bound} characters", field=name, bound=bound)


def bounded(name: str, value: str, bound: int) -> str:
    """The text. Raises InvalidInput if it is longer than the bound."""
    if len(value) > bound:
        raise too_long(name, bound)
    return value


def text(fields: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    """The text of a field; None if it is absent."""
    value = fields.get(name)
    if value is None or (required and value == ""):
        if required:
            raise missing(name)
        return None
    if not isinstance(value, str):
        raise mistyped(name, value)
    return _storable(name, value)


def _storable(name: str, value: str) -> str:
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
    if isinstance(value, bool) or not isinstance(value, int):
        raise mistyped(name, value)
    if not low <= value <= high:
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
            raise mistyped(name, value) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise mistyped(name, value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def items(fields: Mapping[str, Any], name: str) -> list[Any]:
    """The elements of a repeated field."""
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise mistyped(name, value)
    return value


def objects(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The elements of a repeated message."""
    found = items(fields, name)
    for index, value in enumerate(found):
        if not isinstance(value, dict):
            raise mistyped(f"{name}[{index}]", value)
    return found


def texts(fields: Mapping[str, Any], name: str) -> list[str]:
    """The elements of a repeated string."""
    found = items(fields, name)
    if not all(isinstance(value, str) for value in found):
        raise mistyped(name, found)
    return [_storable(name, value) for value in found]


@lru_cache(maxsize=65_536)
def _fault(key: str) -> str | None:
    if not _KEY.match(key):
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) "
            "and slashes (/)."
        )
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as "
            f"such. This name would resolve to {posixpath.normpath(key)!r}"
        )
    return None


# What a key belongs to -> its name in a refusal of its signs, and of its length
KEYS = {"metric": ("name", "Metric name"), "parameter": ("key", "Param key"), "tag": ("key", "key")}


def key(value: object, what: str, path: str = "", *, required: bool = True) -> str:
    """A usable name of a metric, param or tag; the path says where in the request it stands.

    Where it is not required, an empty one is refused as a bad name, not as a missing one.

    Raises:
        InvalidInput: It is missing, too long, or not a clean relative path.
    """
    if required and (value is None or value == ""):
        raise missing(f"{path}key")
    if not isinstance(value, str):
        raise mistyped(f"{path}key", value)
    signs, length = KEYS[what]
    if len(value) <= KEY_BOUND and (fault := _fault(value)) is not None:
        raise wrong(f"{path}{signs}", value, fault)
    if len(value) > KEY_BOUND:
        raise too_long(f"{path}{length}" if length == signs else length, KEY_BOUND)
    return value


def pairs(fields: Mapping[str, Any], name: str, what: str, bound: int) -> dict[str, str]:
    """A repeated (key, value) message as a dict; long values are cut as stock does.

    Raises:
        InvalidInput: A key is unusable, or the same param comes twice.
    """
    found: dict[str, str] = {}
    for index, item in enumerate(objects(fields, name)):
        pair_key = key(item.get("key"), what, f"{name}[{index}].")
        if what == "parameter" and pair_key in found:
            raise InvalidInput(
                f"Duplicate parameter keys have been submitted: ['{pair_key}']. "
                "Please ensure the request contains only one param value per param key.",
                field=name,
            )
        found[pair_key] = (text(item, "value") or "")[:bound]
    return found
