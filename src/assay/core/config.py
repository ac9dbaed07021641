"""A run's config document and its index: nested JSON on one side, dotted keys with text and number on the other."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from assay.wire.errors import InvalidInput

DEPTH = 20
LEAVES = 10_000


@dataclass(frozen=True, slots=True)
class Indexed:
    """A leaf of the document: what a client of strings sees, and the finite number that it stands for, if any."""

    text: str
    number: float | None
    defaulted: bool = False  # nobody chose it


class Params(NamedTuple):
    """Params by their owner's id: their texts by key, and the keys of those that were defaulted, in order."""

    texts: dict[int, dict[str, str]]
    defaulted: dict[int, list[str]]


def as_number(text: str) -> float | None:
    """The finite number that a text stands for, if it does."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def index(document: Mapping[str, Any], field: str = "config") -> dict[str, Indexed]:
    """The leaves by dotted key. Lists and empty objects are leaves, written as JSON. `field`: what errors name.

    Raises:
        InvalidInput: It is nested too deeply, has too many leaves, or two paths make the same dotted key.
    """
    found: dict[str, Indexed] = {}
    _collect(document, field, "", 0, found)
    return found


def _collect(value: Mapping[str, Any], field: str, prefix: str, depth: int, found: dict[str, Indexed]) -> None:
    if depth >= DEPTH:
        raise InvalidInput(f"{field} is nested deeper than {DEPTH}", field=field, bound=DEPTH, remedy="flatten it")
    for name, item in value.items():
        key = f"{prefix}{name}"
        if isinstance(item, Mapping) and item:
            _collect(item, field, f"{key}.", depth + 1, found)
            continue
        if key in found:
            raise InvalidInput(f"{field} has {key!r} twice", field=f"{field}.{key}", remedy="rename one of them")
        if len(found) >= LEAVES:
            raise InvalidInput(f"{field} has more than {LEAVES} values", field=field, bound=LEAVES, remedy="log a file")
        found[key] = _leaf(item)


def _leaf(item: Any) -> Indexed:
    if isinstance(item, str):
        return Indexed(item, as_number(item))
    text = json.dumps(item, ensure_ascii=False, sort_keys=True)
    is_number = isinstance(item, (int, float)) and not isinstance(item, bool)
    return Indexed(text, as_number(text) if is_number else None)


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old document with the new one laid over it: objects merge key by key, everything else is replaced."""
    merged = dict(old)
    for name, item in new.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(item, Mapping)
        merged[name] = merge(before, item) if both else item  # type: ignore[arg-type]
    return merged


def fill(
    document: Mapping[str, Any], defaults: Mapping[str, Any], taken: Container[str], prefix: str = ""
) -> dict[str, Any]:
    """The document with those leaves of the defaults for which it has a place, and whose dotted keys are not taken."""
    filled = dict(document)
    for name, item in defaults.items():
        key = f"{prefix}{name}"
        if isinstance(item, Mapping) and item:
            before = filled.get(name, {})
            if isinstance(before, Mapping) and (below := fill(before, item, taken, f"{key}.")):
                filled[name] = below
        elif name not in filled and key not in taken:
            filled[name] = item
    return filled


def part(document: Mapping[str, Any], keys: Container[str], prefix: str = "") -> dict[str, Any]:
    """The document with only those of its leaves that have these dotted keys."""
    found: dict[str, Any] = {}
    for name, item in document.items():
        key = f"{prefix}{name}"
        if isinstance(item, Mapping) and item:
            if below := part(item, keys, f"{key}."):
                found[name] = below
        elif key in keys:
            found[name] = item
    return found
