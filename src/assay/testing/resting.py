"""What every store promises of runs that rest, and of letting them go. Subclass, and give a fixture `house`."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from sqlalchemy import insert, update

from assay.core.audit import Act, decode
from assay.core.purge import DAY_US
from assay.core.retention import KEEP, Policy, Why
from assay.core.scope import HOME, Actor, How, Role, Scope
from assay.core.tracking import Lifecycle, Status
from assay.services.purge import PurgeService
from assay.services.retention import RetentionService
from assay.stores import schema
from assay.testing.house import House
from assay.wire.errors import InvalidInput, PermissionDenied


def salt() -> bytes:
    """Of a record's detail."""
    return secrets.token_bytes(32)


def service(house: House) -> RetentionService:
    """Over the house's store."""
    return RetentionService(house.store, PurgeService(house.store, salt), salt)


def old(house: House, name: str, days: float, size: int = 0, *, status: Status | None = Status.FINISHED) -> str:
    """A run that has rested for so many days and has a file of so many bytes."""
    uid = house.run(name)
    if status is not None:
        house.runs.update(house.scope, uid, status=status)
    age(house, uid, days)
    id = house.head(uid).id

    def work(unit: Any) -> None:
        tree = {"id": id, "workspace_id": house.scope.workspace_id, "owner_id": id, "name": "files"}
        unit.connection.execute(insert(schema.file_tree).values(**tree))
        entry = {"tree_id": id, "path": "f", "blob_id": "b" * 32, "size": size, "modified_us": 1}
        unit.connection.execute(insert(schema.tree_entry).values(**entry))

    if size:
        house.write(work)
    return uid


def age(house: House, uid: str, days: float) -> None:
    """The run ended, and was last changed, so many days ago."""

    def work(unit: Any) -> None:
        at = unit.now_us() - int(days * DAY_US)
        unit.connection.execute(update(schema.run).where(schema.run.c.uid == uid).values(end_us=at, updated_us=at))

    house.write(work)


class RetentionContract:
    """Only what rests, and is not kept, goes; each workspace by itself."""

    @pytest.fixture
    def admin(self, house: House) -> Scope:
        return Scope(house.scope.workspace_id, HOME)

    def test_what_rests_is_read_with_its_size(self, house: House, admin: Scope) -> None:
        first, second = old(house, "first", 5, 10), old(house, "second", 3)
        old(house, "runs still", 9, 7, status=None)
        gone = old(house, "gone", 9, 100)
        house.runs.delete(house.scope, gone)
        tagged = old(house, "tagged", 9)
        house.note(tagged, tags={KEEP: "yes"})
        used = old(house, "used", 9)
        house.models.create(house.scope, house.experiment_id, name="m", run_uid=used)
        with house.store.read() as unit:
            found = unit.retention.rested(admin, 0, 100)
            assert unit.retention.held_bytes(admin) == 17
            assert unit.retention.rested(admin, found[0].id, 1) == found[1:2]
            assert unit.retention.among(admin, [found[1].id, found[0].id]) == found[:2]
            other = Scope(admin.workspace_id + 500_000, HOME)
            assert unit.retention.rested(other, 0, 100) == []
            assert unit.retention.among(other, [found[0].id]) == []
            assert unit.retention.held_bytes(other) == 0
            narrowed = Actor("n", How.TOKEN, 1, everywhere=Role.ADMIN, narrowed={house.experiment_id: Role.VIEWER})
            assert unit.retention.rested(Scope(admin.workspace_id, narrowed), 0, 100) == []
        kept = {run.uid: (run.bytes, run.kept) for run in found}
        assert kept == {first: (10, False), second: (0, False), tagged: (0, True), used: (0, True)}

    def test_what_is_told_is_done_and_recorded(self, house: House, admin: Scope) -> None:
        oldest, older = old(house, "oldest", 40, 10), old(house, "older", 20, 10)
        young, empty = old(house, "young", 1, 10), old(house, "empty", 25)
        policy = Policy(days=30, max_bytes=10)
        told = service(house).look(admin, policy)
        assert [(run.uid, run.why) for run in told.first] == [(oldest, Why.AGE), (older, Why.SIZE)]
        assert (told.applied, told.runs, told.bytes, told.held_bytes) == (False, 2, 20, 30)
        assert house.head(oldest).lifecycle is Lifecycle.ACTIVE
        done = service(house).apply(admin, policy)
        assert (done.applied, done.runs, done.bytes, done.first) == (True, 2, 20, told.first)
        states = {uid: house.head(uid).lifecycle.value for uid in (oldest, older, young, empty)}
        assert states == {oldest: "deleted", older: "deleted", young: "active", empty: "active"}
        with house.store.read() as unit:
            (entry,) = unit.audit.entries(admin)
        made, detail = decode(entry.record), entry.detail or ""
        assert (made.act, made.how) == (Act.RETENTION, "home")
        assert oldest in detail
        assert '"max_bytes":10' in detail.replace(" ", "")
        assert service(house).apply(admin, policy).runs == 0
        house.runs.restore(house.scope, oldest)
        assert house.head(oldest).lifecycle is Lifecycle.ACTIVE

    def test_what_changes_after_the_decision_stays(self, house: House, admin: Scope) -> None:
        uids = [old(house, name, 40) for name in ("tagged", "longer", "deleted", "quiet")]
        letting, policy = service(house), Policy(days=30)
        going, told = letting._planned(admin, policy)
        assert told.runs == 4
        house.note(uids[0], tags={KEEP: "yes"})
        house.runs.update(house.scope, uids[1], status=Status.RUNNING)
        house.runs.delete(house.scope, uids[2])
        assert [run.uid for run in letting._delete(admin, policy, going)] == [uids[3]]
        assert [house.head(uid).lifecycle.value for uid in uids] == ["active", "active", "deleted", "deleted"]

    def test_what_was_deleted_long_ago_is_purged(self, house: House, admin: Scope) -> None:
        uid = old(house, "gone", 1)
        house.runs.delete(house.scope, uid)

        def work(unit: Any) -> None:
            then = unit.now_us() - 9 * DAY_US
            unit.connection.execute(update(schema.run).where(schema.run.c.uid == uid).values(deleted_us=then))

        house.write(work)
        assert service(house).look(admin, Policy(purge_days=10)).purged == 0
        assert service(house).look(admin, Policy(purge_days=8)).purged == 1
        assert service(house).apply(admin, Policy(purge_days=8)).purged == 1

    def test_bad_orders_change_nothing(self, house: House, admin: Scope) -> None:
        uid = old(house, "old", 400)
        with pytest.raises(PermissionDenied):
            service(house).apply(house.scope, Policy(days=1))
        for policy in (
            Policy(),
            Policy(days=0),
            Policy(days=float("nan")),
            Policy(days=-1),
            Policy(max_bytes=-1),
            Policy(purge_days=1e9),
        ):
            with pytest.raises(InvalidInput):
                service(house).apply(admin, policy)
        assert house.head(uid).lifecycle is Lifecycle.ACTIVE
