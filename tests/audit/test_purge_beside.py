"""Purging beside running writers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from secrets import token_bytes
from typing import Any

import pytest
from audit.purging import Purging
from support.length import length

from assay.core.audit import decode
from assay.services.audit import AuditService
from assay.wire.errors import AssayError


@pytest.fixture
def house(store: Any) -> Purging:
    return Purging(store)


def test_purging_waits_for_who_writes(house: Purging) -> None:
    """What a transaction writes that holds the run is not left behind."""
    uid = house.run()
    id = house.head(uid).id
    house.runs.delete(house.scope, uid)
    begun = threading.Event()

    def write(unit: Any) -> None:
        unit.runs.lock(house.scope, uid)
        begun.set()
        time.sleep(0.5)
        unit.owned.set_tags(house.scope, id, {"late": "x"})

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(house.store.write, write)
        assert begun.wait(30)
        purging = pool.submit(house.purge, [uid])
        writing.result(30)
        assert purging.result(30).runs == 1
    assert house.rows([id]) == {}


def test_beside_running_writers(house: Purging) -> None:
    """Runs are logged to, deleted, restored and purged by many at once: each run is whole or gone, nothing between."""
    rounds = length(4, 40)
    uids = [house.run(str(number)) for number in range(12)]
    ids = [house.head(uid).id for uid in uids]
    calm = [house.run() for _ in range(4)]
    stop = threading.Event()
    seen: list[Exception] = []

    def write(number: int) -> int:
        count = 0
        while not stop.is_set():
            house.log(calm[number], "loss", [1.0], [count])
            count += 1
            for uid in uids[number::4]:
                for call in (
                    lambda uid=uid: house.note(uid, {}, {"k": "v"}),
                    lambda uid=uid: house.log(uid, "loss", [1.0]),
                    lambda uid=uid: house.runs.delete(house.scope, uid),
                    lambda uid=uid: house.groups.join(house.scope, house.experiment_id, "g", uid),
                ):
                    try:
                        call()
                    except AssayError:
                        pass
                    except Exception as error:
                        seen.append(error)
                        raise
        return count

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        gone = 0
        try:
            for _ in range(rounds * 50):
                gone += house.purge(None).runs
                house.store.settle(-1)
                if gone == len(uids):
                    break
        finally:
            stop.set()
        counts = [future.result(60) for future in writing]
    assert seen == []
    assert gone == len(uids)
    assert house.rows(ids) == {}
    assert [len(house.points(uid, "loss")) for uid in calm] == counts
    assert sum(decode(entry.record).subject_count for entry in house.records()) == gone
    assert AuditService(house.store, token_bytes).verify(house.scope) == []
