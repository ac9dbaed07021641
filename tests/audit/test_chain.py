"""The chain as bytes: whatever is done to it shows, and erasing a detail does not."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.audit import (
    INLINE,
    SALT_BYTES,
    START,
    Entry,
    Fault,
    Finding,
    Head,
    Record,
    Subject,
    decode,
    digest,
    digest_subjects,
    encode,
    following,
    verify,
    write_detail,
)

SALT = bytes(range(SALT_BYTES))
IDS = st.integers(0, 2**63 - 1)
SUBJECTS = st.lists(st.builds(Subject, st.sampled_from(["run", "model", "experiment"]), IDS), max_size=INLINE + 3)
DETAILS = st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers() | st.none(), max_size=4)
STEPS = st.tuples(SUBJECTS, DETAILS, st.integers(0, 10**9), st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES))


def chain(steps: list[tuple[list[Subject], dict[str, object], int, bytes]]) -> tuple[list[Entry], Head]:
    """A chain of one record a step."""
    head, time_us, entries = Head(), 1_700_000_000_000_000, list[Entry]()
    for subjects, detail, pause, salt in steps:
        time_us += pause
        text = write_detail(detail)
        record = following(
            head,
            workspace_id=1,
            time_us=time_us,
            act="purge",
            actor_id=0,
            how="home",
            subjects=subjects,
            salt=salt,
            detail=text,
        )
        data = encode(record)
        head = Head(record.seq, digest(data))
        entries.append(Entry(record.seq, data, salt, text))
    return entries, head


CHAINS = st.lists(STEPS, min_size=1, max_size=6).map(chain)


def faults(entries: list[Entry], head: Head) -> list[Finding]:
    return list(verify(entries, head, 1))


def test_the_bytes_are_those_of_the_format() -> None:
    """Stored formats stay readable for ever: these bytes never change."""
    entries, head = chain([([Subject("run", 2**62 + 1)], {"reason": "old"}, 0, SALT)])
    assert json.loads(entries[0].record) == {
        "act": "purge",
        "actor": "0",
        "detail": sha256(SALT + b'{"reason":"old"}').hexdigest(),
        "how": "home",
        "prev": "00" * 32,
        "seq": 1,
        "subject_count": 1,
        "subject_digest": sha256(b"run/4611686018427387905\n").hexdigest(),
        "subjects": ["run/4611686018427387905"],
        "time_us": 1_700_000_000_000_000,
        "v": 1,
        "workspace": "1",
    }
    assert entries[0].record.startswith(b'{"act":"purge","actor":"0","detail":"')
    assert sha256(entries[0].record).digest() == head.digest
    assert head.digest.hex() == "1f82c737a2aea510679867c0377cf1b46a107fce2a3edc31bda253281205799f"


def test_a_long_list_is_only_its_digest() -> None:
    subjects = [Subject("run", number) for number in range(INLINE + 1)]
    record = decode(chain([(subjects, {}, 0, SALT)])[0][0].record)
    assert (record.subjects, record.subject_count) == ((), INLINE + 1)
    assert record.subject_digest == digest_subjects(reversed(subjects))


def test_an_empty_chain_is_whole_and_a_lost_one_is_not() -> None:
    assert faults([], Head()) == []
    assert [item.fault for item in faults([], Head(3, SALT))] == [Fault.END]


@given(CHAINS)
def test_a_chain_verifies_and_reads_back(made: tuple[list[Entry], Head]) -> None:
    entries, head = made
    assert faults(entries, head) == []
    assert all(encode(decode(entry.record)) == entry.record for entry in entries)


@given(CHAINS, st.data())
def test_an_edit_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    """One byte of one record changed, anywhere."""
    entries, head = made
    place = data.draw(st.integers(0, len(entries) - 1))
    record = bytearray(entries[place].record)
    record[data.draw(st.integers(0, len(record) - 1))] ^= data.draw(st.integers(1, 255))
    entries[place] = replace(entries[place], record=bytes(record))
    assert faults(entries, head)


@given(CHAINS, st.data())
def test_a_rewritten_record_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    """A record replaced by a canonical one that tells something else."""
    entries, head = made
    place = data.draw(st.integers(0, len(entries) - 1))
    record = decode(entries[place].record)
    other = data.draw(
        st.sampled_from(
            [
                replace(record, act="promote"),
                replace(record, time_us=record.time_us + 1),
                replace(record, actor_id=record.actor_id + 1),
                replace(record, subject_count=record.subject_count + 1),
            ]
        )
    )
    entries[place] = replace(entries[place], record=encode(other))
    assert {item.fault for item in faults(entries, head)} & {Fault.UNLINKED, Fault.END}


@given(CHAINS, st.data())
def test_a_deletion_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    """From the middle, the front or the end."""
    entries, head = made
    del entries[data.draw(st.integers(0, len(entries) - 1))]
    assert {item.fault for item in faults(entries, head)} & {Fault.MISSING, Fault.END}


@given(CHAINS, st.data())
def test_a_truncation_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    entries, head = made
    kept = data.draw(st.integers(0, len(entries) - 1))
    assert [item.fault for item in faults(entries[:kept], head)] == [Fault.END]


@given(st.lists(STEPS, min_size=2, max_size=6).map(chain), st.data())
def test_a_new_order_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    """Two records change places, with or without the numbers that they are stored under."""
    entries, head = made
    a, b = data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
    moved = list(entries)
    moved[a], moved[b] = entries[b], entries[a]
    assert faults(moved, head)
    moved[a], moved[b] = replace(moved[a], seq=entries[a].seq), replace(moved[b], seq=entries[b].seq)
    assert Fault.MOVED in {item.fault for item in faults(moved, head)}


@given(CHAINS, st.data())
def test_an_insertion_is_found(made: tuple[list[Entry], Head], data: st.DataObject) -> None:
    entries, head = made
    entries.insert(data.draw(st.integers(0, len(entries))), data.draw(st.sampled_from(entries)))
    assert faults(entries, head)


@given(CHAINS, st.data())
def test_erased_details_still_verify_and_changed_ones_do_not(
    made: tuple[list[Entry], Head], data: st.DataObject
) -> None:
    """Erasing takes the salt too: without it nobody can try what the detail may have been."""
    entries, head = made
    for place in data.draw(st.sets(st.integers(0, len(entries) - 1))):
        entries[place] = replace(entries[place], detail=None, salt=data.draw(st.sampled_from([None, b""])))
    assert faults(entries, head) == []
    entries[-1] = replace(entries[-1], salt=SALT, detail=data.draw(st.sampled_from(['{"reason":"a lie"}', "", " {}"])))
    assert faults(entries, head) == [Finding(head.seq, Fault.DETAIL)]


def test_a_chain_of_another_workspace_is_found() -> None:
    entries, head = chain([([], {}, 0, SALT)])
    assert list(verify(entries, head, 2)) == [Finding(1, Fault.MOVED)]


def test_time_that_runs_backwards_is_found() -> None:
    entries, head = chain([([], {}, 5, SALT), ([], {}, -9, SALT)])
    assert faults(entries, head) == [Finding(2, Fault.EARLIER)]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"v":2}', b"[" * 100_000],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), lambda s: st.lists(s)).map(json.dumps).map(str.encode)
)
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert [item.fault for item in verify([Entry(1, data)], Head(1, digest(data)), 1)] == [Fault.UNREADABLE]


def test_only_what_a_record_may_hold_is_encoded() -> None:
    inexact = encode(Record(1, 1, START, 0, "purge", 0, "home", (), 0, START, START)).replace(b'"seq":1', b'"seq":1.0')
    with pytest.raises(ValueError, match=r"."):
        decode(inexact)
    good = Record(1, 1, START, 0, "purge", 0, "home", (), 0, START, START)
    assert decode(encode(good)) == good
    for wrong in (
        replace(good, act="Purge it"),
        replace(good, how=""),
        replace(good, seq=2**53),
        replace(good, time_us=-1),
        replace(good, workspace_id=-1),
        replace(good, subjects=(Subject("a/b", 1),)),
    ):
        with pytest.raises(ValueError, match=r"."):
            encode(wrong)
