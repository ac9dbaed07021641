"""What every store promises of counts over runs. Subclass, and give a fixture `house`."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from assay.core.search.ast import Comparison, Metric, Param
from assay.core.statistics import KeyKind, Seen, Spread
from assay.core.tracking import View
from assay.services import statistics
from assay.services.statistics import StatisticsService
from assay.testing import inside
from assay.testing.house import House
from assay.wire.errors import InvalidInput

LONG = "x" * 200


def keys(house: House, **given: Any) -> dict[tuple[str, str], int]:
    """The runs by kind and key, over all pages."""
    found: dict[tuple[str, str], int] = {}
    after = None
    while True:
        page = house.statistics.keys(house.scope, [house.experiment_id], after=after, **given)
        found.update({(item.kind.value, item.key): item.runs for item in page.items})
        after = page.next_token
        if after is None:
            return {key: count for key, count in found.items() if not key[1].startswith("mlflow.")}


def values(house: House, key: str, kind: KeyKind = KeyKind.PARAM, **given: Any) -> list[tuple[str, bool, int]]:
    """The texts, whether they are whole, and their runs, over all pages."""
    found: list[tuple[str, bool, int]] = []
    after = None
    while True:
        page = house.statistics.values(house.scope, [house.experiment_id], kind, key, after=after, **given)
        found += [(item.value, item.whole, item.runs) for item in page.items]
        after = page.next_token
        if after is None:
            return found


class CountContract:
    """Keys, values and ranges, over the runs that are asked for and no others."""

    @pytest.fixture
    def runs(self, house: House) -> House:
        """Runs, some at rest and some in motion, beside a deleted one and one of another experiment."""
        for at, lr in enumerate(["0.1", "0.2", "0.1", LONG + "a", LONG + "b", LONG, "é"]):
            uid = house.run(f"run {at}")
            house.note(uid, {"lr": lr, "depth": "3"} if at else {"lr": lr}, {"team": "risk"})
            house.log(uid, "loss", [9.0, float(at)])
            if at == 3:
                inside.settle(house.store)
        house.log(house.run("odd"), "loss", [math.inf, -1.0, math.nan], contexts=[None] * 3)
        house.log(house.run("in context"), "val", [1.0], contexts=[{"dataset": "test"}])
        gone = house.run("gone")
        house.note(gone, {"gone": "x", "lr": "gone"})
        house.runs.delete(house.scope, gone)
        other = house.experiments.create(house.scope, "other").id
        house.note(house.runs.create(house.scope, other, name="other").run.uid, {"other": "x", "lr": "other"})
        return house

    def test_keys_by_kind_with_their_runs(self, runs: House) -> None:
        expected = {("param", "depth"): 6, ("param", "lr"): 7, ("metric", "loss"): 8, ("tag", "team"): 7}
        assert keys(runs) == expected
        assert list(keys(runs)) == sorted(expected, key=lambda item: (item[1], item[0]))
        for limit in (1, 2, 3):
            assert keys(runs, limit=limit) == expected
        assert keys(runs, kinds=[KeyKind.PARAM], prefix="l") == {("param", "lr"): 7}
        assert keys(runs, prefix="none") == {}
        assert keys(runs, view=View.DELETED) == {("param", "gone"): 1, ("param", "lr"): 1}

    def test_a_key_of_two_kinds_is_two(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"k": "1"}, {"k": "1"})
        house.log(uid, "k", [1.0])
        assert keys(house) == keys(house, limit=1) == {("metric", "k"): 1, ("param", "k"): 1, ("tag", "k"): 1}

    def test_values_in_their_order_with_their_runs(self, runs: House) -> None:
        expected = [("0.1", True, 2), ("0.2", True, 1), (LONG, True, 1), (LONG, False, 2), ("é", True, 1)]
        for limit in (1, 2, 100):
            assert values(runs, "lr", limit=limit) == expected
        assert values(runs, "lr", prefix="0.") == expected[:2]
        assert values(runs, "lr", prefix="%") == values(runs, "never logged") == []
        assert values(runs, "lr", view=View.DELETED) == [("gone", True, 1)]
        assert values(runs, "team", KeyKind.TAG) == [("risk", True, 7)]

    def test_the_range_of_a_metric_is_of_what_is_finite(self, runs: House) -> None:
        found, seen = runs.statistics.spread(runs.scope, [runs.experiment_id], "loss")
        assert found == Spread(8, 7, 0.0, 6.0, -1.0, 9.0)
        assert seen == Seen(9, complete=True)
        for key in ("val", "never logged"):
            assert runs.statistics.spread(runs.scope, [runs.experiment_id], key)[0] == Spread()

    def test_a_count_is_that_of_the_search(self, runs: House, monkeypatch: pytest.MonkeyPatch) -> None:
        for where in (None, Comparison(Param("lr"), "=", "0.1"), Comparison(Metric("loss"), "<", 2.0)):
            for view in View:
                found = runs.runs.search(runs.scope, [runs.experiment_id], view=view, where=where).items
                count = runs.statistics.count(runs.scope, [runs.experiment_id], view=view, where=where)
                assert count == Seen(len(found), complete=True)
        monkeypatch.setattr(statistics, "COUNT_BOUND", 4)
        assert runs.statistics.count(runs.scope, [runs.experiment_id]) == Seen(4, complete=False)

    def test_the_newest_count_where_not_all_can(self, runs: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """By number, and by time: then it is told of how many it speaks."""
        experiments = [runs.experiment_id]
        monkeypatch.setattr(statistics, "RUNS_BOUND", 3)
        page = runs.statistics.values(runs.scope, experiments, KeyKind.PARAM, "lr")
        assert [(item.value, item.runs) for item in page.items] == [("é", 1)]
        assert page.seen == Seen(3, complete=False)
        monkeypatch.setattr(statistics, "RUNS_BOUND", 100)
        monkeypatch.setattr(statistics, "FIRST", 1)
        clock = itertools.count()
        slow = StatisticsService(runs.store, lambda: next(clock) * 0.2)
        seen = slow.keys(runs.scope, experiments).seen
        assert not seen.complete
        assert 1 <= seen.runs < 9
        still = StatisticsService(runs.store, lambda: 0.0)
        assert still.keys(runs.scope, experiments).seen == Seen(9, complete=True)

    def test_another_workspace_counts_nothing(self, runs: House) -> None:
        stranger = House(runs.store)
        assert stranger.statistics.keys(stranger.scope, [runs.experiment_id]).seen == Seen(0, complete=True)
        assert stranger.statistics.count(stranger.scope, [runs.experiment_id]).runs == 0

    @pytest.mark.parametrize("token", ["", "x", "WyJhIiwgMV0=", "WyJhIl0=", "🦊", "W" * 9_000])
    def test_what_is_no_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput):
            house.statistics.keys(house.scope, [house.experiment_id], after=token)
        with pytest.raises(InvalidInput):
            house.statistics.values(house.scope, [house.experiment_id], KeyKind.PARAM, "lr", after=token)

    @pytest.mark.parametrize(("key", "prefix"), [("", ""), ("k" * 251, ""), ("k\0", ""), ("k", "p" * 251), ("k", "\0")])
    def test_what_is_no_key_or_prefix_is_refused(self, house: House, key: str, prefix: str) -> None:
        with pytest.raises(InvalidInput):
            house.statistics.values(house.scope, [house.experiment_id], KeyKind.PARAM, key, prefix=prefix)
        with pytest.raises(InvalidInput):
            house.statistics.values(house.scope, [house.experiment_id], KeyKind.METRIC, "k")
