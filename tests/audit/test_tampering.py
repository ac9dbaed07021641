"""Who owns the database takes the triggers away and changes the chain: it is found, and named, up to what was kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from audit.sealing import SCOPE, Ring, Sealing
from support.length import length
from support.stores import ENGINES, open_store

from assay.core.audit import Act, Subject, encode
from assay.core.checkpoints import decode
from assay.stores.audit_triggers import REFUSAL
from assay.wire.errors import Corrupt, PermissionDenied

WRITERS = 16


@pytest.fixture
def sealing(store: Any, tmp_path: Path) -> Sealing:
    """Ten records, of which seven are signed, and that checkpoint is kept elsewhere."""
    made = Sealing(store, tmp_path / "kept.jsonl")
    made.act(4)
    made.seal()
    made.act(3)
    made.seal()
    made.act(3)
    return made


def test_a_chain_that_nobody_touched_is_whole(sealing: Sealing) -> None:
    account = sealing.account()
    assert (account.findings, account.records, account.checkpoints) == ([], 10, 4)
    assert (account.anchored_seq, account.unanchored) == (7, 3)


@pytest.mark.parametrize("seq", [1, 5, 7])
def test_an_edited_record_is_named(sealing: Sealing, seq: int) -> None:
    sealing.unlock()
    other = encode(replace(sealing.records()[seq - 1], act="promote"))
    sealing.execute(f"UPDATE audit_record SET record = {literal(sealing, other)} WHERE seq = {seq}")
    found = sealing.faults()
    assert (seq + 1, "unlinked") in found
    if seq == 7:
        assert (7, "changed") in found


def test_a_deleted_record_is_named(sealing: Sealing) -> None:
    sealing.unlock()
    sealing.execute("DELETE FROM audit_record WHERE seq = 3")
    assert (4, "missing") in sealing.faults()


def test_a_new_order_is_named(sealing: Sealing) -> None:
    """Two records change places, under each other's numbers."""
    sealing.unlock()
    for statement in ("SET seq = 99 WHERE seq = 2", "SET seq = 2 WHERE seq = 5", "SET seq = 5 WHERE seq = 99"):
        sealing.execute(f"UPDATE audit_record {statement}")
    assert {(2, "moved"), (5, "moved")} <= set(sealing.faults())


def test_a_chain_cut_short_with_its_head_is_named(sealing: Sealing) -> None:
    """Head, checkpoints and records end together; only what was kept elsewhere says that there was more."""
    sealing.unlock()
    sealing.execute("DELETE FROM audit_checkpoint WHERE seq > 4")
    sealing.rewrite(sealing.records()[:5])
    assert sealing.faults(elsewhere=False) == []
    assert sealing.faults() == [(7, "lost")]


def test_a_chain_that_is_gone_with_its_head_is_named(sealing: Sealing) -> None:
    """Only its checkpoints are left: its workspace is among those that are verified all the same."""
    sealing.unlock()
    for table in ("audit_record", "audit_detail", "audit_head"):
        sealing.execute(f"DELETE FROM {table}")
    with sealing.store.read() as unit:
        assert list(unit.audit.workspaces()) == [SCOPE.workspace_id]
    assert sealing.faults(elsewhere=False) == [(4, "lost"), (7, "lost")]


def test_a_chain_written_anew_is_named_up_to_what_was_kept(sealing: Sealing) -> None:
    """A whole chain that agrees with itself, its head, and without checkpoints that would disagree."""
    sealing.unlock()
    records = sealing.records()
    records[5] = replace(records[5], act="promote")
    sealing.execute("DELETE FROM audit_checkpoint")
    sealing.rewrite(records)
    assert sealing.faults(elsewhere=False) == []
    account = sealing.account()
    assert [(item.first, item.seq, item.fault.value) for item in account.findings] == [(5, 7, "changed")]
    assert (account.anchored_seq, account.unanchored) == (4, 6)


def test_what_lies_after_what_was_kept_is_unanchored_and_told_so(sealing: Sealing) -> None:
    """The same lie behind the last checkpoint cannot be seen: so verifying says how much could be one."""
    sealing.unlock()
    records = sealing.records()
    records[8] = replace(records[8], act="promote")
    sealing.rewrite(records)
    account = sealing.account()
    assert (account.findings, account.unanchored) == ([], 3)


def test_a_checkpoint_by_a_strange_key_is_named(sealing: Sealing) -> None:
    """Somebody writes the chain anew and signs it with a key of his own, which the database lists."""
    sealing.unlock()
    pin = sealing.ring.now.public
    sealing.execute("DELETE FROM audit_checkpoint")
    sealing.execute("DELETE FROM audit_key")
    liar = Sealing(sealing.store, sealing.place.with_name("lies.jsonl"), Ring([666]))
    liar.checkpoints.seal(SCOPE)
    assert sealing.faults(elsewhere=False) == []
    assert sealing.faults(elsewhere=False, pins=(pin,)) == [(10, "signature")]


def test_what_was_changed_is_not_signed(sealing: Sealing) -> None:
    sealing.unlock()
    other = encode(replace(sealing.records()[8], act="promote"))
    sealing.execute(f"UPDATE audit_record SET record = {literal(sealing, other)} WHERE seq = 9")
    with pytest.raises(Corrupt, match="Record 10"):
        sealing.seal()


def test_the_database_refuses_to_change_a_checkpoint_or_a_key(sealing: Sealing) -> None:
    for table, statement in [
        ("audit_checkpoint", "UPDATE audit_checkpoint SET seq = 1"),
        ("audit_checkpoint", "DELETE FROM audit_checkpoint"),
        ("audit_key", "UPDATE audit_key SET since_us = 1"),
        ("audit_key", "DELETE FROM audit_key"),
    ]:
        with pytest.raises(Exception, match=REFUSAL.replace("audit_record", table)):
            sealing.execute(statement)
    assert sealing.faults() == []


def test_sixteen_writers_beside_checkpoints_and_erasure(store: Any, tmp_path: Path) -> None:
    """One contiguous chain, whose checkpoints all hold, however they come between."""
    sealing = Sealing(store, tmp_path / "kept.jsonl")
    each = length(4, 100)
    ready = threading.Barrier(WRITERS + 2)

    def write(number: int) -> None:
        ready.wait()
        for _ in range(each):
            sealing.act(note=f"writer {number}")

    def seal(_: int) -> None:
        ready.wait()
        for _ in range(each):
            sealing.checkpoints.seal(SCOPE)

    def erase(_: int) -> None:
        ready.wait()
        for number in range(each):
            sealing.audit.erase(SCOPE, mentions=f"writer {number}")

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        waiting = [pool.submit(write, number) for number in range(WRITERS)]
        waiting += [pool.submit(seal, 0), pool.submit(erase, 0)]
        for item in waiting:
            item.result()
    sealing.seal()
    account = sealing.account()
    assert (account.findings, account.unanchored) == ([], 0)
    assert account.records >= WRITERS * each
    assert [record.seq for record in sealing.records()] == list(range(1, account.records + 1))


def test_a_rotated_key_is_vouched_for(sealing: Sealing) -> None:
    first = sealing.ring.now.public
    sealing.checkpoints.rotate(SCOPE)
    sealing.seal()
    second = sealing.ring.now.public
    assert first != second
    assert sealing.faults(pins=(first,)) == []
    assert sealing.account(pins=(first,)).unanchored == 0
    assert {fault for _, fault in sealing.faults(pins=(second,))} == {"signature"}
    assert [record.act for record in sealing.records()][-1] == "rotate"


def test_checkpoints_are_added_once_and_what_is_kept_stays(sealing: Sealing) -> None:
    before = sealing.place.read_bytes()
    assert sealing.keep() == 0
    sealing.seal()
    assert sealing.place.read_bytes().startswith(before)
    assert sealing.account().unanchored == 0
    sealing.place.write_bytes(before[:-40])  # broken off, as on a full disk
    assert sealing.keep() == 2
    assert sealing.faults() == []
    assert sealing.account().unanchored == 0


def test_who_proved_nothing_signs_and_erases_nothing(sealing: Sealing) -> None:
    anybody = type(SCOPE)()
    for act in (sealing.checkpoints.seal, sealing.checkpoints.rotate):
        with pytest.raises(PermissionDenied):
            act(anybody)
    with pytest.raises(PermissionDenied):
        sealing.audit.erase(anybody, records=[1])
    assert sealing.account().records == 10


def test_both_engines_sign_the_same_bytes(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The same ids, salts, times and key give the same records and checkpoints."""
    found = []
    for engine in (ENGINES[0], ENGINES[2]):
        with open_store(engine, tmp_path, lambda: request.getfixturevalue("database_server")) as store:
            sealing = Sealing(store, tmp_path / f"{engine}.jsonl")
            times = iter(range(1_700_000_000_000_000, 1_700_000_000_000_100))
            original = store.write
            store.write = lambda work, write=original, times=times: write(lambda unit: work(timed(unit, next(times))))
            for number in range(3):
                store.write(lambda unit, number=number: unit.audit.append(*fixed(number)))
            with store.read() as unit:
                entries = [(entry.seq, entry.record, entry.salt, entry.detail) for entry in unit.audit.entries(SCOPE)]
            store.write = original
            sealing.checkpoints.seal(SCOPE)
            with store.read() as unit:
                point = decode(next(unit.audit.checkpoints(SCOPE)).checkpoint)
            found.append((entries, replace(point, time_us=0)))
    assert found[0] == found[1]


def fixed(number: int) -> tuple[Any, ...]:
    """What one record is made of."""
    return (SCOPE, Act.PURGE, [Subject("run", 2**62 + number)], {"reason": "Ä"}, bytes([number]) * 32)


def timed(unit: Any, now_us: int) -> Any:
    """The unit at this time."""
    unit._now_us = now_us
    return unit


def literal(sealing: Sealing, data: bytes) -> str:
    """The bytes in the engine's SQL."""
    return f"X'{data.hex()}'" if sealing.store._engine.dialect.name == "sqlite" else f"'\\x{data.hex()}'"
