"""House-keeping goes on past an owner whose stored points are damaged."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from sqlalchemy import func, select, update

from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.stores import postgres
from assay.stores.postgres import PostgresStore
from assay.stores.schema import metric_batch, metric_motion
from assay.testing import inside
from assay.wire.errors import Corrupt

SCOPE = Scope()


def logged(house: Any, name: str) -> int:
    """The id of a new run with a point in its tail."""
    uid = house.runs.create(SCOPE, 0, name=name).run.uid
    house.runs.log(SCOPE, Logged(uid, ["loss"], [1.0], [0], [0])).result()
    id: int = house.runs.head(SCOPE, uid).id
    return id


def test_a_damaged_owner_stops_no_other(house: Any, caplog: pytest.LogCaptureFixture) -> None:
    damaged = logged(house, "damaged")
    late = [logged(house, f"run {number}") for number in range(3)]
    broken = func.substr(metric_batch.c.payload, 1, 5)
    house.store.write(
        lambda unit: (
            unit.connection.execute(
                update(metric_batch).where(metric_batch.c.owner_id == damaged).values(payload=broken)
            ),
            unit.connection.execute(
                update(metric_motion).where(metric_motion.c.owner_id == damaged).values(touched_us=0)
            ),
        )
    )
    with caplog.at_level(logging.WARNING, logger="assay"):
        inside.settle(house.store)
        assert [inside.layout(house.store, id).in_motion for id in late] == [False] * 3
        late.append(logged(house, "later"))
        inside.settle(house.store)
        inside.settle(house.store)
    assert not inside.layout(house.store, late[-1]).in_motion
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1, "a log is not filled with what it has said"
    assert str(damaged) in said[0] and "assay doctor" in said[0]
    with house.store.read() as unit:  # nothing is guessed: the bytes are there as they were found
        assert unit.connection.scalar(select(func.count()).where(metric_batch.c.owner_id == damaged)) == 1
        with pytest.raises(Corrupt):
            unit.points.all(damaged)


def test_dead_rows_of_the_busiest_tables_are_gone_soon(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each small call leaves some, long before PostgreSQL's own vacuum comes by."""
    if not isinstance(house.store, PostgresStore):
        pytest.skip("SQLite leaves no dead rows")
    monkeypatch.setattr(postgres, "DEAD_ROWS", 20)
    uid = house.runs.create(SCOPE, 0, name="busy").run.uid

    def dead() -> int:
        with house.store.read() as unit:
            rows = unit.rows("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'metric_motion'", ())
            return int(rows[0][0])

    for step in range(200):
        house.runs.log(SCOPE, Logged(uid, ["loss"], [1.0], [step], [step])).result()
    until = time.monotonic() + 10
    while dead() <= 20 and time.monotonic() < until:  # PostgreSQL counts with a delay
        house.runs.log(SCOPE, Logged(uid, ["loss"], [1.0], [0], [0])).result()
        time.sleep(0.2)
    before = dead()
    assert before > 20
    house.store.tidy()
    while dead() >= before and time.monotonic() < until + 10:
        time.sleep(0.1)
    assert dead() < before
