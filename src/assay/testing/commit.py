"""What every store promises of transactions, refusals and snapshots. Subclass, and give a fixture `house`."""

from __future__ import annotations

import time
from concurrent.futures import Future, wait
from threading import Thread
from typing import Any

import pytest

from assay.core.tracking import Logged, ModelPoint
from assay.testing import inside
from assay.testing.house import House, new_uid, writer
from assay.wire.errors import InvalidState, NotActive, NotFound, ParamChanged, SequenceGap

PATIENCE_S = 0.3  # where readers and writer share one connection, the writer waits for the reader instead


class CommitContract:
    """What waits is committed together, and nobody pays for a neighbour."""

    def crowd(self, house: House, uids: list[str], start: int, count: int) -> list[Future[None]]:
        """Calls that are all in order, and nobody waits between them."""
        return [house.send(uids[i % len(uids)], "loss", [float(i)], [i]) for i in range(start, start + count)]

    def test_a_refused_call_does_not_hurt_its_neighbours(self, house: House) -> None:
        uids = [house.run() for _ in range(3)]
        gone = house.run()
        house.runs.delete(house.scope, gone)
        house.note(uids[0], {"lr": "1"})
        good = self.crowd(house, uids, 0, 30)
        bad: list[tuple[Future[None], type[Exception]]] = [
            (house.send(gone, "loss", [1.0]), NotActive),
            (house.send(new_uid(), "loss", [1.0]), NotFound),
            (house.send(uids[0], "bad", [1.0], params={"lr": "2"}), ParamChanged),
            (house.send(uids[1], "bad", [1.0], writer=writer(7)), SequenceGap),
            (house.send(uids[2], "bad", [1.0], model_points=[ModelPoint("m-none", "a", 1.0, 0, 0)]), NotFound),
        ]
        good += self.crowd(house, uids, 30, 30)
        for future in good:
            future.result()
        for future, kind in bad:
            assert isinstance(future.exception(), kind)
        for i, uid in enumerate(uids):
            assert house.values(uid, "loss") == [float(n) for n in range(60) if n % 3 == i]
            assert house.values(uid, "bad") == []

    def test_an_unexpected_failure_does_not_hurt_its_neighbours(self, house: House) -> None:
        uids = [house.run() for _ in range(3)]
        good = self.crowd(house, uids, 0, 30)
        bad = house.send(uids[0], "loss", [1.0], [1 << 70])  # no column holds it
        good += self.crowd(house, uids, 30, 30)
        for future in good:
            future.result()
        assert bad.exception() is not None
        for i, uid in enumerate(uids):
            assert house.values(uid, "loss") == [float(n) for n in range(60) if n % 3 == i]

    def test_keys_first_seen_in_a_failed_group_are_usable_after_it(self, house: House) -> None:
        uid = house.run()
        keys = [f"fresh/{new_uid()}" for _ in range(20)]
        sent = [house.send(uid, key, [1.0], params={key: "x"}) for key in keys[:10]]
        bad = house.send(uid, "loss", [1.0], [1 << 70])
        sent += [house.send(uid, key, [1.0]) for key in keys[10:]]
        for future in sent:
            future.result()
        assert bad.exception() is not None
        for key in keys:
            house.log(uid, key, [2.0], [1])
            assert house.values(uid, key) == [1.0, 2.0]

    def test_work_that_raises_leaves_nothing(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id

        def work(unit: Any) -> None:
            unit.runs.update(house.scope, id, name="never")
            unit.owned.set_tags(house.scope, id, {"a fresh key of " + uid: "x"})
            raise error

        for error in (InvalidState("no"), RuntimeError("no")):
            with pytest.raises(type(error)):
                house.write(work)
        assert house.head(uid).name == "run"
        assert house.tags(uid) == {}
        house.note(uid, tags={"a fresh key of " + uid: "y"})
        assert house.tags(uid) == {"a fresh key of " + uid: "y"}

    def test_two_calls_that_disagree_are_told_apart_within_a_group(self, house: House) -> None:
        uid = house.run()
        calls = [house.runs.log(house.scope, Logged(uid, params={"lr": str(i)})) for i in range(20)]
        errors = [call.exception() for call in calls]
        assert errors[0] is None
        assert all(isinstance(error, ParamChanged) for error in errors[1:])
        assert house.params(uid) == {"lr": "0"}

    def test_many_threads_lose_nothing(self, house: House) -> None:
        uids = [house.run() for _ in range(4)]
        failures: list[BaseException] = []

        def log(thread: int) -> None:
            order = uids[thread:] + uids[:thread]
            try:
                for step in range(15):
                    for uid in order:
                        keys = [f"{name}{thread}" for name in ("b", "a")]
                        call = Logged(uid, keys, [1.0, 2.0], [step] * 2, [0] * 2, tags={f"t{thread}": str(step)})
                        house.runs.log(house.scope, call).result()
            except BaseException as error:  # noqa: BLE001 -- told by the thread that waits
                failures.append(error)

        threads = [Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        for uid in uids:
            assert house.tags(uid) == {f"t{number}": "14" for number in range(4)}
            for number in range(4):
                assert house.points(uid, f"a{number}").step.tolist() == list(range(15))


class SnapshotContract:
    """Reading is one snapshot."""

    def test_what_a_read_shows_does_not_change(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id
        house.log(uid, "loss", [1.0, 2.0])
        with house.store.read() as unit:
            before = (unit.points.history(house.scope, id, "loss").value.tolist(), unit.points.latest([id]))
            sent = [house.send(uid, "loss", [3.0], [2]), house.send(uid, "other", [1.0], params={"p": "1"})]
            wait(sent, PATIENCE_S)
            after = (unit.points.history(house.scope, id, "loss").value.tolist(), unit.points.latest([id]))
            assert after == before
            assert unit.owned.params([id]).texts == {}
        for future in sent:
            future.result()
        assert house.values(uid, "loss") == [1.0, 2.0, 3.0]
        assert house.params(uid) == {"p": "1"}

    def test_compaction_neither_hides_a_point_nor_shows_it_twice(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id
        for step in range(20):
            house.log(uid, "loss", [float(step)], [step])
        settled = Thread(target=inside.settle, args=(house.store,))
        with house.store.read() as unit:
            run = unit.runs.get(house.scope, uid)
            settled.start()
            settled.join(PATIENCE_S)
            points = unit.points.all(id)
            assert points.step.tolist() == list(range(20))
            assert unit.points.history(house.scope, id, "loss").value.tolist() == [float(step) for step in range(20)]
            assert len(unit.points.latest([id])[id]) == 1
            assert unit.runs.get(house.scope, uid) == run
        settled.join()
        assert inside.layout(house.store, id).batches == 0
        assert house.values(uid, "loss") == [float(step) for step in range(20)]

    def test_a_reader_beside_a_busy_writer_sees_every_point_once(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id
        total = 60
        sent: list[Future[None]] = []

        def log() -> None:
            for step in range(total):
                sent.append(house.send(uid, "loss", [float(step)], [step]))
                sent[-1].result()

        thread = Thread(target=log)
        thread.start()
        seen = 0
        while thread.is_alive():
            with house.store.read() as unit:
                steps = unit.points.history(house.scope, id, "loss").step.tolist()
                latest = unit.points.latest([id]).get(id, [])
            assert steps == list(range(len(steps)))
            assert len(steps) >= seen
            assert [item.step for item in latest] == steps[-1:]
            seen = len(steps)
            time.sleep(0.002)  # the writer has its turn, also where it shares the reader's connection
        thread.join()
        assert house.points(uid, "loss").step.tolist() == list(range(total))
