"""A store of points against a plain list, under any order of logging, resending, resting, rewinding and forking."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.length import length

from assay.core.points import cells, chunks, pages, tails
from assay.core.tracking import Logged, Writer
from assay.stores import series
from assay.testing import inside
from assay.testing.house import House
from assay.testing.naive import Bucket, Latest, Naive, Point, agree, buckets, of_columns, point

CONTEXTS: list[dict[str, str] | None] = [None, {"dataset": "test"}]
WINDOWS: list[tuple[int | None, int | None]] = [(None, None), (1, 3), (2, None), (None, 1)]
VALUES = st.sampled_from([0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 0.1]) | st.floats()
POINT = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 1),
    st.integers(-1, 6),
    st.integers(0, 2),
    st.sampled_from([-1, -1, 0, 1]),
    VALUES,
)
BATCH = st.lists(POINT, min_size=1, max_size=12)
RUN = st.integers(0, 3)
OPERATION = st.one_of(
    st.tuples(st.just("log"), RUN, BATCH),
    st.tuples(st.just("log"), RUN, BATCH),
    st.tuples(st.just("several"), RUN, st.lists(BATCH, min_size=2, max_size=6)),
    st.tuples(st.just("resend"), RUN, st.integers(0, 9)),
    st.tuples(st.just("numbered"), RUN, st.tuples(st.integers(0, 5), BATCH)),
    st.tuples(st.just("rest"), RUN, st.none()),
    st.tuples(st.just("check"), RUN, st.none()),
    st.tuples(st.just("rewind"), RUN, st.integers(-2, 6)),
    st.tuples(st.just("fork"), RUN, st.none() | st.integers(-2, 6)),
)


@dataclass
class Twin:
    """A run in the store and the same run as a list."""

    house: House
    uid: str
    model: Naive = field(default_factory=Naive)
    sent: list[list[Any]] = field(default_factory=list)
    records: list[Point] = field(default_factory=list)
    epoch: int = 0
    counts: tuple[int, ...] = (2, 5, 1_000)  # of buckets, with which it is drawn
    windows: list[tuple[int | None, int | None]] = field(default_factory=lambda: WINDOWS)

    def columns(self, batch: list[Any]) -> dict[str, Any]:
        """The batch as a log call has it."""
        keys, contexts, steps, times_us, rows, values = zip(*batch, strict=True)
        return {
            "keys": keys,
            "contexts": [CONTEXTS[context] for context in contexts],
            "steps": steps,
            "times_us": times_us,
            "rows": rows,
            "values": values,
        }

    def send(self, *batches: list[Any]) -> None:
        """Logs the batches without waiting between them."""
        futures = [self.house.runs.log(self.house.scope, Logged(self.uid, **self.columns(batch))) for batch in batches]
        for future, batch in zip(futures, batches, strict=True):
            future.result()
            self.sent.append(batch)
            self.model.add(point(k, c, s, t, r, v) for k, c, s, t, r, v in batch)

    def send_numbered(self, back: int, batch: list[Any]) -> None:
        """A writer's batch that begins some records before the end: those were stored, whatever they are called now."""
        first = max(len(self.records) - back, 0)
        skip = len(self.records) - first
        sender = Writer("w", "points", self.epoch, first)
        self.house.runs.log(self.house.scope, Logged(self.uid, **self.columns(batch), writer=sender)).result()
        fresh = [point(k, c, s, t, r, v) for k, c, s, t, r, v in batch[skip:]]
        self.records += fresh
        self.model.add(fresh)

    def rewind(self, step: int) -> None:
        """What was logged after the step is gone, and writers begin anew."""
        self.house.branches.rewind(self.house.scope, self.uid, step)
        self.model.rewind(step)
        self.epoch += 1
        self.records = []

    def fork(self, step: int | None) -> Twin:
        """Another run and its list."""
        fork = self.house.branches.fork(self.house.scope, self.uid, name="fork", step=step)
        made = type(self)(self.house, fork.run.uid, self.model.fork(step))
        made.counts, made.windows = self.counts, self.windows
        return made

    def check(self) -> None:
        """Both say the same, by every way to read it."""
        with self.house.store.read() as unit:
            id = unit.runs.get(self.house.scope, self.uid).id
            for key in "abc":
                for number, context in enumerate(CONTEXTS):
                    found = of_columns(unit.points.history(self.house.scope, id, key, context))
                    assert [item[2:] for item in found] == [item[2:] for item in self.model.history(key, number)]
            latest = {
                (item.key, CONTEXTS.index(item.context)): Latest(
                    None if math.isnan(item.value) else item.value, item.step, item.time_us, item.min, item.max
                )
                for item in unit.points.latest([id]).get(id, [])
            }
            names = unit.keys.names(unit.points.all(id).key.tolist())
            everything = of_columns(unit.points.all(id))
        assert latest == {series: self.model.latest(*series) for series in self.model.series()}
        assert sorted((names[int(item.key)], *item[2:]) for item in everything) == sorted(
            (item.key, *item[2:]) for item in self.model.points
        )
        inside.check(inside.layout(self.house.store, id))
        self.check_drawn()

    def check_drawn(self) -> None:
        """Every way to draw the run shows what the list holds."""
        head = self.house.head(self.uid)
        began = head.created_us if head.start_us is None else head.start_us
        axes: dict[str, Callable[[Point], int]] = {
            "step": lambda item: item.step,
            "time": lambda item: item.time_us,
            "relative_time": lambda item: item.time_us - began,
        }
        for (axis, x), count, window in product(axes.items(), self.counts, self.windows):
            self.check_chart(axis, x, count, *window)

    def check_chart(self, axis: str, x: Callable[[Point], int], count: int, low: int | None, high: int | None) -> None:
        """One chart shows what the list holds in its window, and as finely as was asked for."""
        asked = {"axis": axis, "count": count, "low": low, "high": high}
        charts = self.house.series.charts(self.house.scope, [self.uid], ["c", "a", "b"], **asked)
        assert [chart.drawing.key for chart in charts] == [
            key for key in "cab" if any(name == key for name, _ in self.model.series())
        ]
        for chart in charts:
            drawing = chart.drawing
            exponent, rows = drawing.exponent, drawing.buckets
            shown: set[int] = set()
            for number, line in enumerate(drawing.lines):
                history = self.model.history(drawing.key, CONTEXTS.index(line.context))
                expected = {
                    index: one
                    for index, one in buckets(history, lambda item, e=exponent: x(item) >> e).items()
                    if (low is None or index >= low >> exponent) and (high is None or index <= high >> exponent)
                }
                mine = rows.take(rows.series == number)
                columns = (mine.count, mine.nan, mine.min, mine.max, mine.mean(), mine.first, mine.last)
                found = [Bucket(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
                assert mine.index.tolist() == [*expected]
                assert all(map(agree, found, expected.values())), (found, expected)
                shown.update(expected)
            names = {CONTEXTS.index(line.context) for line in drawing.lines}
            assert names == {context for key, context in self.model.series() if key == drawing.key}
            assert len(drawing.lines) == len(names)
            if shown:
                assert max(shown) - min(shown) < count
            everything = [x(item) for item in self.model.points if item.key == drawing.key]
            begin, end = min(everything) if low is None else low, max(everything) if high is None else high
            if exponent and begin <= end:
                assert (end >> exponent - 1) - (begin >> exponent - 1) >= count


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """Tails, pages and chunks so small that a few points fill them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tails, "TAIL_BATCHES", 3)
        patch.setattr(tails, "FOLDED", 4)
        patch.setattr(chunks, "FULL", 5)
        patch.setattr(chunks, "ENOUGH", 3)
        patch.setattr(pages, "SMALL", 4)
        patch.setattr(pages, "FULL", 5)
        patch.setattr(cells, "WORTH", 2)
        patch.setattr(cells, "CELLS", 2)
        patch.setattr(series, "SLICE", 9)
        patch.setattr(series, "PIECE", 2)
        yield


def play(house: House, operations: list[tuple[str, int, Any]], kind: type[Twin] = Twin) -> None:
    """Does to the store and to the list what the operations say, and compares."""
    twins = [kind(house, house.run())]
    for what, which, given_value in operations:
        twin = twins[which % len(twins)]
        match what:
            case "log":
                twin.send(given_value)
            case "several":
                twin.send(*given_value)
            case "resend" if twin.sent:
                twin.send(twin.sent[given_value % len(twin.sent)])
            case "numbered":
                twin.send_numbered(*given_value)
            case "rest":
                inside.settle(house.store)
            case "check":
                twin.check()
            case "rewind":
                twin.rewind(given_value)
            case "fork" if len(twins) < 4:
                twins.append(twin.fork(given_value))
    for twin in twins:
        twin.check()


def test_any_history_is_that_of_a_list(store: Any, tiny: None, examples: int) -> None:
    house = House(store)

    @settings(max_examples=examples // 2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.lists(OPERATION, max_size=14))
    def run(operations: list[tuple[str, int, Any]]) -> None:
        play(house, operations)

    run()


@pytest.mark.parametrize("seed", range(length(1, 10)))
def test_long_histories_at_the_real_sizes(house: House, seed: int) -> None:
    """Tens of thousands of points of a few series, scattered over batches, some of them late, resent or rewound."""
    rng = np.random.default_rng(seed)
    twin = Twin(house, house.run(), counts=(1_000,), windows=[(None, None), (9_000, 12_000)])
    for number in range(length(40, 120)):
        n = int(rng.choice([1, 30, 600]))
        begin = int(rng.integers(0, 40_000)) if rng.random() < 0.3 else number * 500
        steps = (begin + rng.integers(0, 600, n)).tolist()
        values = np.where(rng.random(n) < 0.01, np.nan, rng.standard_normal(n).round(2)).tolist()
        keys = rng.choice(["a", "a", "a", "b", "c"], n).tolist()
        twin.send(
            [
                (key, 0 if key == "a" else int(step % 2), step, step % 3, -1, value)
                for key, step, value in zip(keys, steps, values, strict=True)
            ]
        )
        if rng.random() < 0.05:
            twin.send(twin.sent[int(rng.integers(len(twin.sent)))])
        if rng.random() < 0.05:
            inside.settle(house.store)
    twin.check()
    fork = twin.fork(15_000)
    fork.check()
    twin.rewind(9_000)
    twin.check()
    fork.check()
