"""The chain in the catalog: one order however many write, and a database that lets nobody change it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from support.length import length
from support.stores import ENGINES, open_store

from assay.core.audit import Act, Fault, Head, Subject, decode, verify
from assay.core.scope import HOME, Scope
from assay.services.audit import AuditService, record
from assay.stores.audit_triggers import REFUSAL
from assay.wire.errors import NotFound

SCOPE = Scope(actor=HOME)
WRITERS = 16


def append(store: Any, scope: Scope = SCOPE, subjects: list[Subject] | None = None, **detail: Any) -> int:
    """One record in a transaction of its own."""
    salt = secrets.token_bytes(32)
    return int(store.write(lambda unit: record(unit, scope, Act.PURGE, subjects or [], detail, salt)))


def execute(store: Any, text: str) -> None:
    """Somebody with the database's own tools."""
    with store._engine.execution_options(assay_write=True).begin() as connection:
        connection.exec_driver_sql(text)


def read(store: Any) -> list[Any]:
    with store.read() as unit:
        return list(unit.audit.entries(SCOPE))


def test_sixteen_writers_make_one_chain(store: Any) -> None:
    """Their numbers follow one another without a gap, in the order of time, and every link holds."""
    each = length(4, 100)
    ready = threading.Barrier(WRITERS)

    def write(number: int) -> list[int]:
        ready.wait()
        return [append(store, subjects=[Subject("run", number)], note=f"{number}.{i}") for i in range(each)]

    with ThreadPoolExecutor(WRITERS) as pool:
        told = [seq for found in pool.map(write, range(WRITERS)) for seq in found]
    assert sorted(told) == list(range(1, WRITERS * each + 1))
    entries = read(store)
    assert [entry.seq for entry in entries] == sorted(told)
    assert AuditService(store, token_bytes).verify(SCOPE) == []


def test_a_refused_act_leaves_no_record(store: Any) -> None:
    append(store)

    def work(unit: Any) -> None:
        record(unit, SCOPE, Act.PURGE, [], {}, bytes(32))
        raise NotFound("gone")

    with pytest.raises(NotFound):
        store.write(work)
    assert append(store) == 2
    assert AuditService(store, token_bytes).verify(SCOPE) == []


def test_each_workspace_has_a_chain_of_its_own(store: Any) -> None:
    other = replace(SCOPE, workspace_id=2)
    assert [append(store), append(store, other), append(store)] == [1, 1, 2]
    assert AuditService(store, token_bytes).verify(SCOPE) == []
    assert AuditService(store, token_bytes).verify(other) == []


def test_pages_of_a_long_chain_are_read_as_one(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.stores.audit.PAGE", 2)
    for _ in range(5):
        append(store)
    assert [entry.seq for entry in read(store)] == [1, 2, 3, 4, 5]
    assert AuditService(store, token_bytes).verify(SCOPE) == []


def test_an_erased_detail_leaves_the_chain_whole(store: Any) -> None:
    append(store, reason="Ann asked")
    append(store)
    execute(store, "UPDATE audit_detail SET detail = NULL WHERE seq = 1")
    execute(store, "DELETE FROM audit_detail WHERE seq = 2")
    assert AuditService(store, token_bytes).verify(SCOPE) == []
    assert b"Ann" not in b"".join(entry.record for entry in read(store))


def test_a_changed_detail_shows(store: Any) -> None:
    append(store, reason="Ann asked")
    execute(store, "UPDATE audit_detail SET detail = 'Bob asked'")
    assert [item.fault for item in AuditService(store, token_bytes).verify(SCOPE)] == [Fault.DETAIL]


CHANGES = [
    "UPDATE audit_record SET record = record",
    "UPDATE audit_record SET seq = 9 WHERE seq = 2",
    "DELETE FROM audit_record WHERE seq = 2",
    "DELETE FROM audit_record",
]
BY_ENGINE = {
    "sqlite": ["INSERT OR REPLACE INTO audit_record SELECT workspace_id, 1, record FROM audit_record WHERE seq = 2"],
    "postgresql": [
        "TRUNCATE audit_record",
        "INSERT INTO audit_record SELECT workspace_id, 1, record FROM audit_record WHERE seq = 2"
        " ON CONFLICT (workspace_id, seq) DO UPDATE SET record = excluded.record",
        "SET session_replication_role = replica; DELETE FROM audit_record",
    ],
}


def test_the_database_refuses_every_change(store: Any) -> None:
    for _ in range(3):
        append(store)
    before = read(store)
    for change in CHANGES + BY_ENGINE[store._engine.dialect.name]:
        with pytest.raises(Exception, match=REFUSAL):
            execute(store, change)
        assert read(store) == before, change
    assert append(store) == 4


def test_a_chain_cut_short_shows_all_the_same(store: Any) -> None:
    """By who takes the triggers away first."""
    for _ in range(3):
        append(store)
    if store._engine.dialect.name == "sqlite":
        execute(store, "DROP TRIGGER audit_record_refuses_delete")
    else:
        execute(store, "ALTER TABLE audit_record DISABLE TRIGGER ALL")
    execute(store, "DELETE FROM audit_record WHERE seq = 3")
    assert [item.fault for item in AuditService(store, token_bytes).verify(SCOPE)] == [Fault.END]
    assert append(store) == 4  # what is done from now on is recorded all the same
    assert Fault.MISSING in {item.fault for item in AuditService(store, token_bytes).verify(SCOPE)}


@pytest.fixture
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Any]]:
    """A store of each kind of engine at once."""
    server = request.getfixturevalue("database_server")
    with (
        open_store(ENGINES[0], tmp_path, lambda: server) as one,
        open_store(ENGINES[2], tmp_path, lambda: server) as other,
    ):
        yield [one, other]


def test_both_engines_store_the_same_bytes(both: list[Any]) -> None:
    """The same ids, salts and times give the same chain, so that a move between engines keeps it."""
    chains = []
    for store in both:
        for number in range(5):

            def work(unit: Any, number: int = number) -> None:
                unit._now_us = 1_700_000_000_000_000 + 1_000 * number
                subjects = [Subject("run", 2**62 + i) for i in range(3 * number)]
                detail = {"reason": "Ä\0 \ud800 'quoted'", "number": number}
                record(unit, SCOPE, Act.PURGE, subjects, detail, bytes([number]) * 32)

            store.write(work)
        with store.read() as unit:
            head = unit.audit.head(SCOPE)
        entries = read(store)
        assert list(verify(entries, head, 1)) == []
        assert head == Head(5, head.digest)
        chains.append([(entry.record, entry.salt, entry.detail) for entry in entries])
    assert chains[0] == chains[1]


def test_time_never_runs_backwards(store: Any) -> None:
    """A clock that was set back does not make a record earlier than the one before it."""
    append(store)
    first = decode(read(store)[0].record).time_us

    def work(unit: Any) -> None:
        unit._now_us = first - 1_000_000
        record(unit, SCOPE, Act.PURGE, [], {}, bytes(32))

    store.write(work)
    assert decode(read(store)[1].record).time_us == first
