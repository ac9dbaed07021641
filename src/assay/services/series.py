"""Use cases on the series of many runs at once: what charts are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.core.points.drawing import Drawing, Question
from assay.core.points.groups import Band, band
from assay.core.scope import Scope, Verb
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND
from assay.wire.errors import InvalidInput

RUNS_BOUND = 1_000
KEYS_BOUND = 200
SERIES_BOUND = 20_000  # runs times keys
BUCKETS_BOUND = 10_000  # of a series
ROWS_BOUND = 2_000_000  # runs times keys times buckets
QUANTILES_BOUND = 20


@dataclass(frozen=True, slots=True)
class Chart:
    """The series of some keys, each with the uids of the runs of its lines, in their order."""

    drawing: Drawing
    uids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Group:
    """One group's band for one key, on the grid of that key."""

    key: str
    context: Mapping[str, str] | None
    exponent: int
    name: str
    band: Band


class SeriesService(Service):
    """Series in buckets, and bands of groups."""

    def charts(self, scope: Scope, uids: Sequence[str], keys: Sequence[str], **asked: Any) -> list[Chart]:
        """The series of these keys of these runs, in the order of the keys; unknown runs and keys have none.

        Args:
            scope: Whose workspace.
            uids: The runs.
            keys: Their metrics.
            **asked: What else a `Question` says: `count` is needed, `axis`, `metric`, `low`, `high`, `context` are not.

        Raises:
            InvalidInput: There are too many runs, keys, series or buckets, or the range is none.
            TooLarge: More points would have to be opened than one answer may cost.
        """
        authorise(scope, Verb.READ, "run")
        uids, keys = list(dict.fromkeys(uids)), list(dict.fromkeys(keys))
        _check(uids, keys, **asked)
        with self._store.read() as unit:
            runs = unit.runs.beginnings(scope, uids)
            origins = {id: began_us for id, (_, began_us) in runs.items()}
            drawings = unit.series.drawn(scope, Question(origins, keys, **asked))
        return [Chart(drawing, [runs[line.owner_id][0] for line in drawing.lines]) for drawing in drawings]

    def groups(
        self,
        scope: Scope,
        groups: Mapping[str, Sequence[str]],
        keys: Sequence[str],
        quantiles: Sequence[float] = (),
        **asked: Any,
    ) -> list[Group]:
        """A band for each key, context and group that has points. All groups of one key share one grid.

        Args:
            scope: Whose workspace.
            groups: The uids of the runs of each group, by its name.
            keys: Their metrics.
            quantiles: From 0 to 1.
            **asked: As in `charts`.

        Raises:
            InvalidInput: As `charts`, or a quantile is none.
            TooLarge: As `charts`.
        """
        if len(quantiles) > QUANTILES_BOUND or not all(0 <= quantile <= 1 for quantile in quantiles):
            raise InvalidInput(
                "The quantiles cannot be used",
                field="quantiles",
                bound=QUANTILES_BOUND,
                remedy=f"send at most {QUANTILES_BOUND} numbers from 0 to 1",
            )
        uids = [uid for members in groups.values() for uid in members]
        found = []
        for chart in self.charts(scope, uids, keys, **asked):
            drawing = chart.drawing
            by_context: dict[str, list[int]] = {}
            for number, line in enumerate(drawing.lines):
                by_context.setdefault(repr(sorted((line.context or {}).items())), []).append(number)
            for numbers in by_context.values():
                context = drawing.lines[numbers[0]].context
                for name, members in groups.items():
                    mine = {*members}
                    series = [number for number in numbers if chart.uids[number] in mine]
                    if series:
                        one = band(drawing.buckets, series, quantiles)
                        found.append(Group(drawing.key, context, drawing.exponent, name, one))
        return found


def _check(
    uids: Sequence[str],
    keys: Sequence[str],
    *,
    count: int,
    axis: str = "step",
    metric: str | None = None,
    low: float | None = None,
    high: float | None = None,
    context: Mapping[str, str] | None = None,
) -> None:
    for field, number, bound in (
        ("runs", len(uids), RUNS_BOUND),
        ("keys", len(keys), KEYS_BOUND),
        ("keys", len(uids) * len(keys), SERIES_BOUND),
        ("buckets", count, BUCKETS_BOUND),
        ("buckets", len(uids) * len(keys) * count, ROWS_BOUND),
    ):
        if number > bound:
            raise InvalidInput(
                f"{field} asks for {number}, more than {bound} in one answer",
                field=field,
                bound=bound,
                remedy="ask for fewer runs, keys or buckets, in several calls",
            )
    if count < 2:
        raise InvalidInput("A series has at least 2 buckets", field="buckets", bound=2, remedy="ask for 2 or more")
    for uid in uids:
        check_text("runs", uid, KEY_BOUND, blank=True)
    for key in (*keys, *([] if metric is None else [metric])):
        check_text("key", key, KEY_BOUND)
    if (axis == "metric") != (metric is not None):
        raise InvalidInput("Only x=metric names a metric, and needs one", field="x_metric", remedy="send both, or none")
    if low is not None and high is not None and not low <= high:
        raise InvalidInput("The range ends before it begins", field="high", remedy="send a high that is not below low")
