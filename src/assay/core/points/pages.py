"""Pages: the compacted form of a run's small series, which share them.

The pages of an owner part its small series by (key, context). A series that has grown to `SMALL` points leaves its
page for chunks of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.points.columns import Points, concat

SMALL = 256  # points of one series
FULL = 8_192  # points of a page


def part(points: Points) -> tuple[list[Points], list[Points]]:
    """The pages of what stays small, and the series that have outgrown them.

    The points are in canonical order and hold each series whole.
    """
    small: list[Points] = []
    large: list[Points] = []
    for _, _, series in points.series():
        (small if len(series) < SMALL else large).append(series)
    return _pages(small), large


def _pages(small: Sequence[Points]) -> list[Points]:
    pages: list[Points] = []
    held: list[Points] = []
    count = 0
    for series in small:
        if count + len(series) > FULL:
            pages.append(concat(held))
            held, count = [], 0
        held.append(series)
        count += len(series)
    if held:
        pages.append(concat(held))
    return pages
