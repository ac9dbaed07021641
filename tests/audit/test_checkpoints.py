"""Checkpoints as bytes, and what they show of a chain."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from audit.test_chain import CHAINS, SALT, chain
from hypothesis import given
from hypothesis import strategies as st

from assay.core.audit import START, Entry, Fault, Finding, Head, Subject, digest
from assay.core.checkpoints import (
    FINDINGS_BOUND,
    Account,
    Checkpoint,
    Key,
    Signed,
    decode,
    encode,
    examine,
    handover,
    key_id,
    trusted,
)
from assay.services.signing import Ed25519, check

SIGNER, STRANGER = Ed25519(b"one"), Ed25519(b"two")
KEYS = {signer.id: Key(signer.id, signer.public, 0) for signer in (SIGNER,)}


def signed(entry: Entry, signer: Ed25519 = SIGNER, workspace_id: int = 1) -> Signed:
    """A checkpoint of this record."""
    data = encode(Checkpoint(workspace_id, entry.seq, digest(entry.record), 1, signer.id))
    return Signed(data, signer.sign(data))


def account(entries: list[Entry], head: Head, *points: Signed, kept: list[Signed] | None = None) -> Account:
    return examine(entries, head, 1, points, kept, KEYS, check)


def test_the_bytes_are_those_of_the_format() -> None:
    """Stored formats stay readable for ever: these bytes, and this signature, never change."""
    point = Checkpoint(1, 7, SALT, 1_700_000_000_000_000, SIGNER.id)
    data = encode(point)
    assert json.loads(data) == {
        "digest": SALT.hex(),
        "key": key_id(SIGNER.public),
        "purpose": "assay audit checkpoint",
        "seq": 7,
        "time_us": 1_700_000_000_000_000,
        "v": 1,
        "workspace": "1",
    }
    assert decode(data) == point
    assert data.startswith(b'{"digest":"000102')
    assert check(SIGNER.public, SIGNER.sign(data), data)
    assert not check(STRANGER.public, SIGNER.sign(data), data)
    assert not check(b"short", SIGNER.sign(data), data)
    assert not check(SIGNER.public, b"", data)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"v":2}', b"[" * 100_000])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


def test_only_canonical_bytes_are_a_checkpoint() -> None:
    data = encode(Checkpoint(1, 7, SALT, 5, SIGNER.id))
    for wrong in (
        data.replace(b'"seq":7', b'"seq":7.0'),
        data.replace(b'"seq":7', b'"seq":true'),
        data.replace(b'"seq":7', b'"seq":-7'),
        data.replace(b'"workspace":"1"', b'"workspace":"01"'),
        data.replace(f'"{SIGNER.id}"'.encode(), b"[]"),
        data.replace(SIGNER.id.encode(), b"a"),
        data.replace(b"assay audit checkpoint", b"something else that signs"),
        data + b" ",
    ):
        with pytest.raises(ValueError, match=r"."):
            decode(wrong)


@given(CHAINS, st.data())
def test_a_chain_with_checkpoints_is_whole_and_says_what_lies_behind(
    made: tuple[list[Entry], Head], data: st.DataObject
) -> None:
    entries, head = made
    places = sorted(data.draw(st.sets(st.sampled_from(entries).map(lambda entry: entry.seq))))
    found = account(entries, head, *(signed(entries[seq - 1]) for seq in places))
    assert found.findings == []
    assert (found.records, found.checkpoints) == (len(entries), len(places))
    assert found.unanchored == len(entries) - max(places, default=0)


@given(CHAINS, CHAINS, st.data())
def test_another_chain_in_its_place_is_found(
    made: tuple[list[Entry], Head], other: tuple[list[Entry], Head], data: st.DataObject
) -> None:
    """Whole by itself, but not the chain that was signed."""
    at = data.draw(st.sampled_from(made[0]))
    point = signed(at)
    found = account(*other, point)
    if at.seq > len(other[0]):
        assert found.findings == [Finding(at.seq, Fault.LOST)]
    elif other[0][at.seq - 1].record == at.record:
        assert found.findings == []
    else:
        assert found.findings == [Finding(at.seq, Fault.CHANGED, 1)]
        assert found.anchored_seq == 0


def test_only_what_was_kept_elsewhere_anchors() -> None:
    entries, head = chain([([Subject("run", number)], {}, 0, SALT) for number in range(5)])
    early, late = signed(entries[1]), signed(entries[3])
    assert account(entries, head, early, late).unanchored == 1
    assert account(entries, head, early, late, kept=[early]).unanchored == 3
    assert account(entries, head, early, late, kept=[]).unanchored == 5


def test_signatures_of_strangers_and_of_other_chains() -> None:
    entries, head = chain([([], {}, 0, SALT)])
    assert account(entries, head, signed(entries[0], STRANGER)).findings == [Finding(1, Fault.SIGNATURE)]
    forged = replace(signed(entries[0]), signature=bytes(64))
    assert account(entries, head, forged).findings == [Finding(1, Fault.SIGNATURE)]
    assert account(entries, head, Signed(b"{}", b"")).findings == [Finding(0, Fault.SIGNATURE)]
    elsewhere = signed(Entry(9, b"x"), workspace_id=2)
    assert account(entries, head, kept=[elsewhere]).findings == []


def test_trust_follows_handovers_from_what_is_pinned_only() -> None:
    first, second, third = (Ed25519(name) for name in (b"1", b"2", b"3"))
    keys = [
        Key(first.id, first.public, 1),
        Key(second.id, second.public, 2, first.id, first.sign(handover(second.public))),
        Key(third.id, third.public, 3, second.id, second.sign(handover(third.public))),
        Key(STRANGER.id, STRANGER.public, 4, first.id, STRANGER.sign(handover(STRANGER.public))),
        Key(SIGNER.id, STRANGER.public, 5),
    ]
    assert set(trusted(keys, (), check)) == {first.id, second.id, third.id, STRANGER.id}
    assert set(trusted(keys, (first.public,), check)) == {first.id, second.id, third.id}
    assert set(trusted(reversed(keys), (second.public,), check)) == {second.id, third.id}
    assert set(trusted([], (third.public,), check)) == {third.id}


def test_many_faults_are_counted_and_some_are_kept() -> None:
    entries = [Entry(seq, b"") for seq in range(1, FINDINGS_BOUND + 500)]
    found = account(entries, Head(len(entries), START))
    assert len(found.findings) == FINDINGS_BOUND
    assert found.finding_count == len(entries) + 1
