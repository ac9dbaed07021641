"""Records of a journal as the bodies of requests."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from assay.sdk.records import PAIR_BYTES, columns, points
from assay.wire.points import pack

FEW = 1_000  # keys


class Batch:
    """Points on their way: their columns, and the number of the first."""

    def __init__(self) -> None:
        self.first = 0
        self._pairs: list[bytes] = []
        self._steps = array("q")
        self._times_us = array("q")

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, number: int, body: bytes) -> None:
        """The points of a record come behind the others."""
        step, time_us, pairs = points(body)
        if not self._pairs:
            self.first = number
        self._pairs.append(pairs)
        count = len(pairs) // PAIR_BYTES
        self._steps += array("q", (step,)) * count
        self._times_us += array("q", (max(time_us, 0),)) * count

    def packed(self, names: Mapping[int, str]) -> bytes:
        """The body of the request, with the names that it needs, or with all where these are few."""
        key, values = columns(b"".join(self._pairs))
        every = [names[number] for number in range(len(names)) if number in names]
        if len(every) == len(names) <= FEW:
            return pack(every, key, self._steps, self._times_us, values)
        numbers = array("I", key)
        used = sorted(set(numbers))
        place = {number: position for position, number in enumerate(used)}
        return pack(
            [names[number] for number in used],
            [place[number] for number in numbers],
            self._steps,
            self._times_us,
            values,
        )


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
