"""A run's history as rows: what was logged together, read back together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.core.points.columns import NO_ROW, Points
from assay.core.tracking import LoggedValue


@dataclass(slots=True)
class Row:
    """One call's values by key; `row` is its ordinal in the run, and several rows may have one step."""

    row: int
    step: int
    time_us: int
    values: dict[str, Any] = field(default_factory=dict)


def rows(points: Points, values: Sequence[LoggedValue], names: Mapping[int, str]) -> list[Row]:
    """The rows in the order of their ordinals; `names` gives keys their text. Points without a row are left out."""
    found: dict[int, Row] = {}
    for key, row, step, time_us, value in zip(
        points.key.tolist(),
        points.row.tolist(),
        points.step.tolist(),
        points.time_us.tolist(),
        points.value.tolist(),
        strict=True,
    ):
        if row != NO_ROW:
            found.setdefault(row, Row(row, step, time_us)).values[names[key]] = value
    for item in values:
        if item.row != NO_ROW:
            found.setdefault(item.row, Row(item.row, item.step, item.time_us)).values[item.key] = json.loads(
                item.document
            )
    return [found[row] for row in sorted(found)]
