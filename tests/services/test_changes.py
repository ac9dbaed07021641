"""Following changes while others make them: the last one of every run is seen, though commits overtake each other."""

from __future__ import annotations

import threading
from typing import Any

from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services.changes import ChangesService
from assay.services.runs import RunService
from assay.testing.house import new_uid

SCOPE = Scope()


def test_no_change_is_missed_while_many_change(house: Any) -> None:
    runs, changes = RunService(house.store, new_uid), ChangesService(house.store)
    uids = [runs.create(SCOPE, 0, name="run").run.uid for _ in range(8)]
    position = changes.since(SCOPE, None)[1]
    done, faults = threading.Event(), []
    seen: dict[str, int] = {}

    def busy(mine: list[str]) -> None:
        try:
            for turn in range(15):
                for uid in mine:
                    runs.update(SCOPE, uid, name=f"{turn}")
                    runs.log(SCOPE, Logged(uid, ["loss"], [1.0], [turn], [turn])).result()
        except BaseException as error:
            faults.append(error)

    def follow() -> None:
        nonlocal position
        try:
            last = False
            while not last:
                last = done.is_set()
                while True:
                    found, position = changes.since(SCOPE, position, 5)
                    for change in found:
                        seen[change.run_uid] = max(seen.get(change.run_uid, 0), change.at_us)
                    if len(found) < 5:
                        break
        except BaseException as error:
            faults.append(error)

    follower = threading.Thread(target=follow)
    threads = [threading.Thread(target=busy, args=(uids[at::4],)) for at in range(4)]
    for thread in (follower, *threads):
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    follower.join(60)
    assert faults == []
    assert set(seen) == set(uids)
    for uid in uids:
        assert seen[uid] >= runs.head(SCOPE, uid).updated_us
