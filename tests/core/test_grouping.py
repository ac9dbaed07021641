"""Groups of runs, compared with numpy and with a dict."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.grouping import Groups, Tally
from assay.core.statistics import RunHead

NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32))
TEXTS = st.sampled_from([None, "", "a", "b"])


@given(st.lists(NUMBERS, max_size=50))
def test_a_tally_measures_what_is_finite(values: list[float | None]) -> None:
    tally = Tally()
    for value in values:
        tally.add(value)
    finite = [value for value in values if value is not None and np.isfinite(value)]
    assert (tally.runs, tally.finite) == (len(values), len(finite))
    if not finite:
        assert (tally.min, tally.max, tally.deviation) == (None, None, None)
        return
    assert (tally.min, tally.max) == (min(finite), max(finite))
    scale = max(map(abs, finite)) or 1.0
    assert tally.mean / scale == pytest.approx(np.mean(finite) / scale, abs=1e-9)
    assert tally.deviation is not None
    assert tally.deviation / scale == pytest.approx(np.std(finite) / scale, abs=1e-9)


def test_small_differences_of_large_values_are_seen() -> None:
    tally = Tally()
    for value in (1e15 + 1, 1e15 + 2, 1e15 + 3):
        tally.add(value)
    assert tally.deviation == pytest.approx(np.std([1, 2, 3]))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=60), st.integers(1, 20), st.integers(0, 3))
def test_groups_hold_each_run_once(rows: list[tuple[str | None, str | None]], count: int, uids: int) -> None:
    groups = Groups(0, uids)
    for at, values in enumerate(rows):
        groups.add(RunHead(at, f"{at}", 0, "running", "", at, lost=at % 3 == 0), values, ())
    found, left_out = groups.largest(count)
    expected = Counter(rows)
    assert len(found) + left_out == len(expected)
    assert [group.runs for group in found] == sorted(expected.values(), reverse=True)[:count]
    for group in found:
        mine = [at for at, values in enumerate(rows) if values == group.values]
        assert (group.runs, group.last_us) == (len(mine), mine[-1])
        assert group.uids == [f"{at}" for at in mine[:uids]]
        assert sum(group.statuses.values()) == group.runs
        assert group.statuses["lost"] == sum(at % 3 == 0 for at in mine)
