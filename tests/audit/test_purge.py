"""Purging: what is gone is gone everywhere, what is spared is untouched, and each batch is one record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_bytes
from typing import Any

import pytest
from audit.purging import Purging
from sqlalchemy import func, insert, select
from support.stores import ENGINES, open_store

from assay.core.audit import decode, digest_subjects
from assay.core.purge import Kind
from assay.core.scope import Scope
from assay.services.audit import AuditService
from assay.services.purge import Order, Purged
from assay.stores import schema
from assay.stores.blobs import BlobState
from assay.stores.purge import OWNED, ROWS
from assay.wire.errors import (
    AssayError,
    Conflict,
    InvalidInput,
    InvalidState,
    NotFound,
    PermissionDenied,
    RuleViolation,
)


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A store of each engine for all tests of this file, each of which has a workspace of its own."""
    folder = tmp_path_factory.mktemp("purge")
    with open_store(request.param, folder, lambda: request.getfixturevalue("database_server")) as opened:
        yield opened


@pytest.fixture
def house(store: Any) -> Purging:
    return Purging(store)


def test_every_table_of_owners_is_known() -> None:
    """A table that is added later and belongs to runs or models must be purged too."""
    named = {
        (table.name, column.name)
        for table in schema.metadata.sorted_tables
        for column in table.c
        if column.name in ("owner_id", "run_id", "subject_id", "object_id")
    }
    treated = {(column.table.name, column.name) for column in OWNED} | {
        ("file_tree", "owner_id"),
        ("upload", "owner_id"),
        ("role_grant", "subject_id"),  # a user or a group
    }
    assert named - treated == set()


def test_a_purged_run_is_gone_from_every_table(house: Purging) -> None:
    other, uid = house.rich_run(), house.rich_run()
    id, kept = house.head(uid).id, house.head(other)
    before, rows = house.rows([kept.id]), house.rows([id])
    named = {f"{column.table.name}.{column.name}" for column in OWNED} - {"edge.object_id"}
    assert rows.keys() | before.keys() >= named | {"run.id", "file_tree.owner_id"}
    house.runs.delete(house.scope, uid)
    done = house.purge([uid], reason="asked to")
    assert (done.runs, done.models, done.experiments, done.more, done.left) == (1, 0, 0, False, [])
    assert house.rows([id]) == {}
    assert house.rows([kept.id]) == before
    assert house.runs.get(house.scope, other).params["lr"] == "0.1"
    for call in (house.runs.get, house.runs.restore, house.runs.delete):
        with pytest.raises(NotFound):
            call(house.scope, uid)
    with pytest.raises(NotFound):
        house.log(uid, "loss", [1.0])
    house.store.settle(-1)
    assert house.rows([id]) == {}


def test_the_record_tells_what_went_and_who_did_it(house: Purging) -> None:
    uid = house.run()
    run = house.head(uid)
    house.runs.delete(house.scope, uid)
    house.purge([uid], reason="Ann asked")
    (entry,) = house.records()
    record = decode(entry.record)
    (subject,) = record.subjects
    assert (record.act, record.how, str(subject), record.subject_count) == ("purge", "home", f"run/{run.id}", 1)
    assert b"Ann" not in entry.record
    detail = json.loads(entry.detail)
    assert (detail["actor"], detail["reason"], detail["things"][0][:2]) == ("home", "Ann asked", [str(subject), uid])
    assert AuditService(house.store, token_bytes).verify(house.scope) == []


def test_only_a_proven_actor_may(house: Purging) -> None:
    uid = house.rich_run()
    house.runs.delete(house.scope, uid)
    before = house.rows([house.head(uid).id])
    for ids in ([uid], None):
        with pytest.raises(PermissionDenied) as refused:
            house.purges.purge(house.scope, ids, grace_days=0)
        assert refused.value.remedy
    assert house.rows([house.head(uid).id]) == before
    assert house.records() == []


def test_the_grace_spares(house: Purging) -> None:
    old, young, alive = house.run(), house.run(), house.run()
    for uid in (old, young):
        house.runs.delete(house.scope, uid)
    house.age(old, 31)
    house.age(young, 29)
    with pytest.raises(RuleViolation) as refused:
        house.purge([old, young], grace_days=30)
    assert (refused.value.field, bool(refused.value.remedy)) == ("grace_days", True)
    with pytest.raises(InvalidState):
        house.purge([old, alive], grace_days=30)
    assert house.records() == []
    assert house.purge(None, grace_days=30).total == 1
    assert house.head(young).uid == young
    assert house.purge([young], grace_days=28.5).runs == 1
    assert house.purge(None, grace_days=0).total == 0
    assert len(house.records()) == 2


@pytest.mark.parametrize(
    ("ids", "given", "error"),
    [
        ([], {}, InvalidInput),
        (["0" * 32] * 1_001, {}, InvalidInput),
        (["../etc"], {}, InvalidInput),
        ([""], {}, InvalidInput),
        (["9" * 30], {}, InvalidInput),
        (["0" * 32], {}, NotFound),
        (["m-" + "0" * 32], {}, NotFound),
        (["999999999999999999"], {}, NotFound),
        (None, {"grace_days": -1}, InvalidInput),
        (None, {"grace_days": float("nan")}, InvalidInput),
        (None, {"grace_days": 1e9}, InvalidInput),
        (None, {"reason": "x" * 2_001}, InvalidInput),
        (None, {"reason": "\0"}, InvalidInput),
    ],
)
def test_bad_input_changes_nothing(house: Purging, ids: Any, given: dict[str, Any], error: type[AssayError]) -> None:
    uid = house.run()
    house.runs.delete(house.scope, uid)
    with pytest.raises(error):
        house.purge(ids if ids is None or len(ids) != 1 else [*ids, uid], **given)
    assert house.head(uid).uid == uid
    assert house.records() == []


def test_files_are_condemned_unless_something_else_refers_to_them(house: Purging) -> None:
    gone, kept = house.run(), house.run()
    for number, uid in enumerate((gone, kept)):
        house.put(house.head(uid).id, "shared", f"shared{number}xxxxxxxxxx")
        house.put(house.head(uid).id, f"own/{uid}", f"own{number}xxxxxxxxxx")
    house.runs.delete(house.scope, gone)
    house.purge([gone])
    states = house.blobs()
    assert states["shared0xxxxxxxxxx"] == BlobState.LIVE
    assert states["own0xxxxxxxxxx"] == BlobState.CONDEMNED
    assert states["own1xxxxxxxxxx"] == BlobState.LIVE


def test_an_unfinished_upload_ends(house: Purging) -> None:
    """Its lease is over, so that nobody can complete it and the next gc aborts it."""
    gone, kept = house.run(), house.run()
    upload = schema.upload
    for uid in (gone, kept):
        values = {"path": "p", "blob_id": uid, "backend_id": "", "lease_until_us": 2**60}
        owner = {"id": uid, "workspace_id": house.scope.workspace_id, "owner_id": house.head(uid).id}
        house.store.write(lambda unit, row={**owner, **values}: unit.connection.execute(insert(upload).values(**row)))
    house.runs.delete(house.scope, gone)
    house.purge([gone])
    with house.store.read() as unit:
        rows = unit.connection.execute(
            select(upload.c.id, upload.c.lease_until_us).where(upload.c.id.in_([gone, kept]))
        )
        assert dict(map(tuple, rows)) == {gone: 0, kept: 2**60}


def test_a_model_goes_without_its_run(house: Purging) -> None:
    run = house.rich_run()
    model = house.runs.get(house.scope, run).model_outputs[0].model_uid
    id = house.models.get(house.scope, model).id
    with pytest.raises(InvalidState):
        house.purge([model])
    house.models.delete(house.scope, model)
    assert house.purge(None).models == 1
    assert house.rows([id]) == {}
    assert house.runs.get(house.scope, run).model_outputs == []
    with pytest.raises(NotFound):
        house.purge([model])


def test_an_experiment_goes_with_all_it_holds(house: Purging, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches, each with its record; the name is free again, the number is not."""
    monkeypatch.setattr("assay.services.purge.BATCH", 2)
    uids = [house.rich_run() for _ in range(3)]
    ids = [house.head(uid).id for uid in uids]
    ids += [
        house.models.get(house.scope, record.model_outputs[0].model_uid).id
        for record in [house.runs.get(house.scope, uid) for uid in uids]
    ]
    number = house.experiment_id
    house.experiments.set_tags(house.scope, number, {"k": "v"})
    house.store.write(lambda unit: unit.names.bind(house.scope, "experiment", "d", "c", "x", number, fold=True))
    house.store.write(lambda unit: unit.names.bind(house.scope, "sweep", "d", "c", "x", number, fold=True))
    with pytest.raises(InvalidState):
        house.purge([str(number)])
    house.experiments.delete(house.scope, number)
    done = house.purge([str(number)])
    assert (done.runs, done.models, done.experiments) == (3, 3, 1)
    assert house.rows(ids) == {}
    assert [decode(entry.record).subject_count for entry in house.records()] == [2, 1, 2, 1, 1]
    assert AuditService(house.store, token_bytes).verify(house.scope) == []
    with house.store.read() as unit:
        assert unit.names.find(house.scope, "sweep", "d", "c", "x", fold=True) == number
        for table in (schema.run_group, schema.dataset, schema.experiment_tag):
            query = select(func.count()).select_from(table).where(table.c.experiment_id == number)
            assert unit.connection.execute(query).scalar_one() == 0
    with pytest.raises(NotFound):
        house.experiments.restore(house.scope, number)
    assert house.experiments.create(house.scope, "experiment").id > number


def test_an_experiment_with_a_restored_run_stays(house: Purging) -> None:
    one, two = house.run(), house.run()
    house.experiments.delete(house.scope, house.experiment_id)
    house.runs.restore(house.scope, two)
    with pytest.raises(InvalidState):
        house.purge([str(house.experiment_id)])
    done = house.purge(None)
    assert (done.runs, done.experiments) == (1, 0)
    assert house.head(two).uid == two
    with pytest.raises(NotFound):
        house.head(one)


def test_experiment_0_stays(store: Any) -> None:
    house = Purging(store, Scope())
    uid = house.runs.create(house.scope, 0, name="run").run.uid
    house.experiments.delete(house.scope, 0)
    with pytest.raises(InvalidState):
        house.purge(["0"])
    assert house.purge(None).runs == 1
    house.experiments.restore(house.scope, 0)
    with pytest.raises(NotFound):
        house.head(uid)


def test_a_call_stops_at_its_limit_and_says_what_is_left(house: Purging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.services.purge.BATCH", 2)
    uids = [house.run() for _ in range(7)]
    for uid in uids:
        house.runs.delete(house.scope, uid)
    done = house.purge(uids[:5], limit=2)
    assert (done.runs, done.more, len(done.left)) == (2, True, 3)
    done = house.purge(done.left)
    assert (done.runs, done.more, done.left) == (3, False, [])
    done = house.purge(None, limit=1)
    assert (done.runs, done.more) == (1, True)
    done = house.purge(None, limit=1)
    assert (done.runs, done.more) == (1, False)
    number = str(house.experiment_id)
    uids = [house.run() for _ in range(3)]
    house.experiments.delete(house.scope, house.experiment_id)
    done = house.purge([number], limit=2)
    assert (done.runs, done.experiments, done.more, done.left) == (2, 0, True, [number])
    done = house.purge([number])
    assert (done.runs, done.experiments, done.more, done.left) == (1, 1, False, [])


def test_another_workspace_is_not_seen(house: Purging) -> None:
    other = Purging(house.store)
    uid = other.run()
    other.runs.delete(other.scope, uid)
    assert house.purge(None).total == 0
    with pytest.raises(NotFound):
        house.purge([uid])
    assert other.head(uid).uid == uid


def test_a_failure_leaves_run_and_chain_as_they_were(house: Purging, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows and the record go together: without the record nothing is deleted."""
    uid = house.rich_run()
    before = house.rows([house.head(uid).id])
    house.runs.delete(house.scope, uid)

    def broken(*_: Any, **__: Any) -> bytes:
        raise NotFound("no record")

    with monkeypatch.context() as patched:
        patched.setattr("assay.core.audit.encode", broken)
        with pytest.raises(NotFound, match="no record"):
            house.purge([uid])
    assert house.rows([house.head(uid).id]) == before
    assert house.purge([uid]).runs == 1


def test_what_is_restored_between_the_look_and_the_lock_is_spared(house: Purging) -> None:
    gone, back = house.run(), house.run()
    order = Order(house.governor, 2**60, 10, 0, "")
    ids = [house.head(uid).id for uid in (gone, back)]
    for uid in (gone, back):
        house.runs.delete(house.scope, uid)
    house.runs.restore(house.scope, back)
    with pytest.raises(Conflict):
        house.purges._batch(order, Kind.RUN, ids, must=True)
    assert house.head(gone).uid == gone
    assert house.purges._batch(order, Kind.RUN, ids, must=False) == 1
    assert house.head(back).uid == back
    done = Purged()
    house.purges._experiment(order, house.experiment_id, done, must=False)  # it is not deleted
    assert done.total == 0
    with pytest.raises(InvalidState):
        house.purges._experiment(order, house.experiment_id, done, must=True)


def test_a_batch_is_one_record_with_the_digest_of_its_list(house: Purging) -> None:
    uids = [house.run() for _ in range(20)]
    subjects = []
    for uid in uids:
        house.runs.delete(house.scope, uid)
    with house.store.read() as unit:
        subjects = [thing.subject for thing in unit.purges.find(house.scope, Kind.RUN, uids)]
    assert house.purge(None).runs == 20
    (entry,) = house.records()
    record = decode(entry.record)
    assert (record.subjects, record.subject_count) == ((), 20)
    assert record.subject_digest == digest_subjects(subjects)
    assert {thing[1] for thing in json.loads(entry.detail)["things"]} == set(uids)


def test_the_kinds_have_their_tables() -> None:
    assert set(ROWS) == set(Kind)
