"""Records of a journal as the bodies of requests."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.sdk.records import points
from assay.wire.points import pack


@dataclass
class Batch:
    """Points on their way: their columns, and the number of the first."""

    first: int = 0
    key: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, number: int, body: bytes) -> None:
        """The points of a record come behind the others."""
        step, time_us, pairs = points(body)
        if not self.values:
            self.first = number
        for key, value in pairs:
            self.key.append(key)
            self.steps.append(step)
            self.times_us.append(max(time_us, 0))
            self.values.append(value)

    def packed(self, names: Mapping[int, str]) -> bytes:
        """The body of the request, with the names that it needs."""
        used = sorted(set(self.key))
        place = {key: position for position, key in enumerate(used)}
        key = [place[number] for number in self.key]
        return pack([names[number] for number in used], key, self.steps, self.times_us, self.values)


def encodable(text: str) -> str:
    """The text, with what no UTF-8 holds written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def number(value: Any) -> float:
    """The number, or the infinity on its side."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def packed_values(values: Sequence[Mapping[str, Any]]) -> bytes:
    """Values that are points in a context, as the body of a request."""
    keys = {value["key"]: None for value in values}
    contexts = {json.dumps(value["context"], sort_keys=True): None for value in values}
    key_at = {key: at for at, key in enumerate(keys)}
    context_at = {context: at for at, context in enumerate(contexts, 1)}
    return pack(
        list(keys),
        [key_at[value["key"]] for value in values],
        [value["step"] for value in values],
        [value["time_us"] for value in values],
        [number(value["document"]) for value in values],
        contexts=list(contexts),
        context=[context_at[json.dumps(value["context"], sort_keys=True)] for value in values],
    )
