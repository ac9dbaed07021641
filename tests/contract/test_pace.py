"""Long reads give way to what is written meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from assay.core.pace import REST
from assay.stores import pace
from assay.stores.pace import Pace
from assay.testing import inside
from assay.testing.house import House


@pytest.mark.parametrize("busy", [0.0, 0.5])
def test_a_chart_rests_in_proportion_to_what_is_written(
    store: Any, house: House, busy: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = house.run("charted")
    house.log(uid, "loss", [float(step) for step in range(3_000)])
    inside.settle(store)
    rests: list[float] = []
    clock = iter(range(1_000_000))
    monkeypatch.setattr(pace.time, "thread_time", lambda: float(next(clock)))  # a second goes by with every look
    monkeypatch.setattr(pace.time, "sleep", rests.append)
    monkeypatch.setattr(store, "busy", lambda: busy)
    assert house.series.charts(house.scope, [uid], ["loss"], count=10)
    assert rests == ([] if busy == 0 else [REST * busy] * len(rests))
    assert bool(rests) == bool(busy)


def test_short_work_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(pace.time, "sleep", rests.append)
    one = Pace(lambda: 1.0)
    one.rest()
    assert rests == []
