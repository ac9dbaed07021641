"""A store's searches against their meaning in plain Python: any tree, any order, any size of a page."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.length import length

from assay.core.search.ast import Expr, Order
from assay.core.search.grammar import parse, parse_order
from assay.core.search.printer import print_filter, print_order
from assay.core.tracking import Logged, Run, Status
from assay.testing import inside
from assay.testing.evaluator import Record, found, holds
from assay.testing.house import House
from assay.testing.naive import Naive, point
from assay.testing.strategies import KEYS, TEXTS, orders, predicates, trees

LOGGED = [key for key in KEYS if key != "never logged"]
NUMBERS = [0.0, 1.0, -1.0, 0.1, 3.0, 10.0, 1e-5, 1e300, math.inf, -math.inf, math.nan, math.nan]
RUNS = 40
QUERY = st.tuples(st.none() | trees(predicates(), max_leaves=6), orders(), st.sampled_from([3, 7, 50]))


class World:
    """Runs of every kind in a store, and the same as records."""

    def __init__(self, store: Any, seed: int) -> None:
        self.house = House(store)
        self.records: list[Record] = []
        chance = random.Random(seed)
        for number in range(RUNS):
            self._add(chance)
            if number == RUNS // 2:
                inside.settle(store)

    def _add(self, chance: random.Random) -> None:
        house = self.house
        params, tags = ({key: chance.choice(TEXTS) for key in chance.sample(LOGGED, 5)} for _ in range(2))
        parent = chance.choice([None, *TEXTS])
        uid = house.run(
            chance.choice(TEXTS),
            user_name=chance.choice(TEXTS),
            status=chance.choice(list(Status)),
            start_us=chance.choice([None, -1_000, 0, 1_000, 2_000]),
            tags={**tags, **({} if parent is None else {"mlflow.parentRunId": parent})},
        )
        if chance.random() < 0.5:
            house.runs.update(house.scope, uid, end_us=chance.choice([0, 1_000]))
        logged = [
            point(key, 0, step, 0, -1, chance.choice(NUMBERS))
            for key in chance.sample(LOGGED, 4)
            for step in range(chance.choice([1, 1, 3]))
        ]
        for half in (logged[::2], logged[1::2]):
            call = Logged(
                uid,
                [p.key for p in half],
                [p.value for p in half],
                [p.step for p in half],
                [p.time_us for p in half],
                params=params,
            )
            house.runs.log(house.scope, call).result()
        model = Naive(set(logged))
        metrics = {}
        for key, context in model.series():
            latest = model.latest(key, context)
            metrics[key] = tuple(math.nan if v is None else v for v in (latest.value, latest.min, latest.max))
        self.records.append(Record(_attributes(house.head(uid)), params, tags, metrics))
        if chance.random() < 0.1:
            house.runs.delete(house.scope, uid)
            self.records.pop()

    def search(self, where: Expr | None, order: list[Order], limit: int) -> list[str]:
        """The uids found by the store, over all pages."""
        uids: list[str] = []
        token = None
        while token is not None or not uids:
            page = self.house.runs.search(
                self.house.scope, [self.house.experiment_id], where=where, order=order, limit=limit, token=token
            )
            assert len(page.items) == limit or page.next_token is None
            uids += [item.run.uid for item in page.items]
            token = page.next_token
            if token is None:
                break
        return uids


def _attributes(run: Run) -> dict[str, str | int | None]:
    return {
        "uid": run.uid,
        "name": run.name,
        "status": run.status.value,
        "user_name": run.user_name,
        "parent_uid": run.parent_uid,
        "start_us": run.start_us,
        "end_us": run.end_us,
        "created_us": run.created_us,
    }


@pytest.fixture(scope="session", params=range(length(1, 3)))
def world(request: pytest.FixtureRequest, store: Any) -> World:
    return World(store, request.param)


def test_any_search_finds_what_it_means_in_its_order(world: World, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    @given(QUERY)
    def run(query: tuple[Expr | None, list[Order], int]) -> None:
        where, order, limit = query
        expected = [record.attributes["uid"] for record in found(world.records, where, order)]
        assert world.search(where, order, limit) == expected

    run()


def test_a_printed_search_finds_the_same(world: World, examples: int) -> None:
    @settings(max_examples=examples // 4, suppress_health_check=[HealthCheck.too_slow])
    @given(QUERY)
    def run(query: tuple[Expr | None, list[Order], int]) -> None:
        where, order, limit = query
        read = parse(print_filter(where), 0)
        read_order = [parse_order(print_order(item)) for item in order]
        assert world.search(read, read_order, limit) == world.search(where, order, 1_000)

    run()


def test_the_world_tells_searches_apart(world: World) -> None:
    """Most predicates hold for some runs and not for others: else the comparison above would say little."""
    split: list[bool] = []

    @settings(max_examples=80, database=None, derandomize=True)
    @given(predicates())
    def run(where: Expr) -> None:
        split.append(len({holds(where, record) for record in world.records}) == 2)

    run()
    assert sum(split) > len(split) / 3
    assert len({record.attributes["uid"] for record in world.records}) > RUNS / 2
