"""Runs that change in every way that there is, and searches of them that are answered twice."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from assay.core.purge import Kind
from assay.core.search.ast import Attribute, Expr, Metric, Order, Param, Tag
from assay.core.tracking import Lifecycle, Logged, Status, View
from assay.testing import inside
from assay.testing.house import House
from assay.testing.strategies import ATTRIBUTES, KEYS, TEXTS, TIMES

LOGGED = [key for key in KEYS if key != "never logged"]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.1, 3.0, 10.0, math.inf, -math.inf, math.nan]
RUNS = 12
PAGES = 3


class Changing:
    """Two experiments whose runs change in every way that there is.

    Args:
        store: Where.
        seed: Of what happens.
        reader: Another server's store, which is searched.
    """

    def __init__(self, store: Any, seed: int, reader: Any = None) -> None:
        self.house = House(store)
        self.reader = reader or store
        self.other_id = self.house.experiments.create(self.house.scope, "other").id
        self.uids: list[str] = []
        self._ended = False  # the other experiment
        self._chance = random.Random(seed)
        self._kinds = [name for name in dir(self) if name.startswith("do_")]

    def change(self, kind: str | None = None) -> str:
        """Something changes, and is acknowledged; what it was."""
        kind = self._chance.choice([*self._kinds, "do_create", "do_log"]) if kind is None else kind
        if len(self.uids) < 2:
            kind = "do_create"
        getattr(self, kind)()
        return kind

    def _uid(self, *, active: bool = True) -> str:
        for _ in range(20):
            uid = self._chance.choice(self.uids)
            if not active or self.house.head(uid).lifecycle is Lifecycle.ACTIVE:
                return uid
        self.do_create()
        return self.uids[-1]

    def _text(self) -> str:
        return self._chance.choice(TEXTS)

    def _some(self) -> dict[str, str]:
        return {key: self._text() for key in self._chance.sample(LOGGED, 2)}

    def queries(self) -> list[Any]:
        """Searches by every field."""
        fields = [
            *(kind(key) for kind in (Param, Tag, Metric) for key in LOGGED[:4]),
            *(Metric(LOGGED[0], extreme) for extreme in ("min", "max")),
            *(Attribute(name) for name in (*ATTRIBUTES, *TIMES)),
        ]
        return [(None, [Order(field)], 50, view) for field in fields for view in (View.ALL, View.ACTIVE)]

    def do_create(self) -> None:
        if len(self.uids) >= RUNS:
            return self.do_log()
        house, chance = self.house, self._chance
        parent = chance.choice([None, self._text()])
        made = house.runs.create(
            house.scope,
            house.experiment_id if self._ended else chance.choice([house.experiment_id, self.other_id]),
            name=self._text(),
            user_name=self._text(),
            status=chance.choice(list(Status)),
            start_us=chance.choice([None, -1_000, 0, 1_000]),
            tags={**self._some(), **({} if parent is None else {"mlflow.parentRunId": parent})},
        )
        self.uids.append(made.run.uid)
        return None

    def do_log(self) -> None:
        chance = self._chance
        keys = chance.sample(LOGGED, 3)
        values = [chance.choice(NUMBERS) for _ in keys]
        steps = [chance.randint(0, 5) for _ in keys]
        contexts = [chance.choice([None, None, {"dataset": "d"}]) for _ in keys]
        call = Logged(self._uid(), keys, values, steps, steps, contexts=chance.choice([contexts, ()]))
        self.house.runs.log(self.house.scope, call).result()

    def do_note_params(self) -> None:
        uid = self._uid()
        had = self.house.params(uid)
        self.house.note(uid, {key: text for key, text in self._some().items() if key not in had})

    def do_note_tags(self) -> None:
        self.house.note(self._uid(), tags={**self._some(), "mlflow.runName": self._text()})

    def do_delete_tag(self) -> None:
        uid = self._uid()
        for key in list(self.house.tags(uid))[:1]:
            self.house.runs.delete_tag(self.house.scope, uid, key)

    def do_change_tag(self) -> None:
        self.house.runs.change_tag(self.house.scope, self._uid(), self._chance.choice(LOGGED), lambda _: self._text())

    def do_configure(self) -> None:
        self.house.configs.replace(self.house.scope, self._uid(), self._some())

    def do_update(self) -> None:
        chance = self._chance
        given: dict[str, Any] = chance.choice(
            [{"name": self._text()}, {"status": chance.choice(list(Status))}, {"end_us": chance.choice([0, 1_000])}]
        )
        self.house.runs.update(self.house.scope, self._uid(), **given)

    def do_delete(self) -> None:
        self.house.runs.delete(self.house.scope, self._uid(active=False))

    def do_restore(self) -> None:
        self.house.runs.restore(self.house.scope, self._uid(active=False))

    def do_rewind(self) -> None:
        self.house.branches.rewind(self.house.scope, self._uid(), self._chance.randint(-1, 4))

    def do_fork(self) -> None:
        if len(self.uids) < RUNS:
            made = self.house.branches.fork(self.house.scope, self._uid(), name=self._text(), step=2)
            self.uids.append(made.run.uid)

    def do_settle(self) -> None:
        inside.settle(self.house.store)

    def do_purge(self) -> None:
        uid = self.uids.pop(self._chance.randrange(len(self.uids)))
        id = self.house.head(uid).id
        self.house.write(lambda unit: unit.purges.erase(Kind.RUN, [id]))

    def do_end_experiment(self) -> None:
        experiments = self.house.experiments
        self._ended = not self._ended
        (experiments.delete if self._ended else experiments.restore)(self.house.scope, self.other_id)

    def page(
        self, where: Expr | None, order: Sequence[Order], limit: int, view: View, token: str | None, *, memory: bool
    ) -> tuple[list[str], str | None]:
        """The uids of a page, and the token of the next."""
        ids = [self.house.experiment_id, self.other_id]
        with self.reader.read() as unit:
            if not memory:
                unit.projections = None
            page = unit.runs.search(self.house.scope, ids, view, where, order, limit, token)
            return [run.uid for run in page.items], page.next_token

    def compare(self, query: tuple[Expr | None, list[Order], int, View]) -> None:
        """Asserts that both answer alike, and that each goes on with the other's token."""
        token = None
        for number in range(PAGES):
            expected = self.page(*query, token, memory=False)
            assert self.page(*query, token, memory=True) == expected, number
            self.compare_owned()
            token = expected[1]
            if token is None:
                break

    def compare_owned(self) -> None:
        """Asserts that what runs own is in memory as it is in the tables, in one snapshot."""
        ids = [self.house.experiment_id, self.other_id]
        with self.reader.read() as unit:
            runs = unit.runs.search(self.house.scope, ids, View.ALL, None, [], 50, None).items
            kept = unit.owned.of_runs(runs)
            unit.opened = None
            read = unit.owned.of_runs(runs)
            assert {id: repr(owned) for id, owned in kept.items()} == {id: repr(owned) for id, owned in read.items()}


KINDS = [name for name in dir(Changing) if name.startswith("do_")]
