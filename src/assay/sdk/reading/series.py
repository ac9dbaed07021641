"""Series of many runs in buckets, read from a server: what a plot in a notebook needs of however many points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.sdk import http
from assay.sdk.reading.frames import Columns, Framed
from assay.sdk.reading.server import Server
from assay.wire.series import MEDIA_TYPE, unpack

Axis = Literal["step", "time", "relative_time", "metric"]
NUMBERS = ("count", "nan", "mean", "min", "max", "first", "last")


@dataclass(frozen=True)
class Series(Framed):
    """Buckets of all series, a row each: by key, run and context, in the order of x.

    Attributes:
        rows: Columns of equal length: run and key; context (None for none); x, where the bucket begins; width, how far
            it reaches; count, its points; nan, how many of them are NaN; mean, min, max of the others; first and last.
    """

    rows: Columns

    def __len__(self) -> int:
        return len(self.rows["x"])

    def __repr__(self) -> str:
        return f"<assay series: {len(self)} buckets of {len(set(self.rows['run']))} runs>"

    def columns(self) -> Columns:
        """The rows as columns."""
        return self.rows


def series(server: Server, run_ids: Sequence[str], keys: Sequence[str], asked: Mapping[str, Any]) -> Series:
    """The series of these keys of these runs; `asked` is what else the request says.

    Raises:
        InvalidInput: So much cannot be asked for.
        TooLarge: More points would have to be read than one answer may cost.
        Unavailable: The server does not answer.
    """
    question = {"runs": list(run_ids), "keys": list(keys), **asked}
    document, columns = unpack(
        http.post_for_bytes(server.url, "series", question, token=server.token, accept=MEDIA_TYPE)
    )
    found: dict[str, list[Any]] = {name: [] for name in ("run", "key", "context", "x", "width")}
    for chart in document["charts"]:
        width = math.ldexp(1.0, chart["exponent"]) if chart["exponent"] < 0 else 1 << chart["exponent"]
        for line in chart["lines"]:
            begin = len(found["x"])
            buckets = columns["bucket"][begin : begin + line["rows"]]
            found["x"] += [(chart["first"] + bucket) * width for bucket in buckets]
            for name, value in (("run", line["run"]), ("key", chart["key"]), ("context", line["context"])):
                found[name] += [value] * line["rows"]
            found["width"] += [width] * line["rows"]
    return Series({**found, **{name: columns[name].tolist() for name in NUMBERS}})
