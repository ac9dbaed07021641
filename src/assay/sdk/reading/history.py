"""The history of a metric, read from a server."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

from assay.sdk import http
from assay.sdk.reading.frames import Columns, Framed
from assay.sdk.reading.server import Server
from assay.wire.points import MEDIA_TYPE, unpack

PAGE = 500_000  # points, of 28 bytes


class History(Framed):
    """All points of one key in the order of their steps, as columns of equal length.

    Attributes:
        key: The metric's.
        steps: int64.
        times_us: int64, microseconds since 1970.
        values: float64; NaN and infinities as they were logged.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.steps = array("q")
        self.times_us = array("q")
        self.values = array("d")

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """(step, value) of each point."""
        return zip(self.steps, self.values, strict=True)

    def __repr__(self) -> str:
        return f"<assay history of {self.key!r}: {len(self)} points>"

    def columns(self) -> Columns:
        """step, time in microseconds and value."""
        return {"step": self.steps, "time_us": self.times_us, "value": self.values}


def history(server: Server, run_id: str, key: str) -> History:
    """All points of the key. Raises NotFound for an unknown run, Unavailable."""
    found = History(key)
    path, token = f"runs/{run_id}/history", None
    while True:
        body, headers = http.get_bytes(
            server.url, path, token=server.token, accept=MEDIA_TYPE, key=key, limit=PAGE, page_token=token or ()
        )
        token = headers.get(http.NEXT_PAGE)
        columns = unpack(body)
        for to, column in (
            (found.steps, columns.step),
            (found.times_us, columns.time_us),
            (found.values, columns.value),
        ):
            part = array(to.typecode, bytes(column))
            if sys.byteorder == "big":
                part.byteswap()
            to.extend(part)
        if not token:
            return found
