"""Checkpoints: where a chain stood, signed, so that a copy kept elsewhere shows what was changed before it.

Who may do everything to the database can write a whole chain anew; he cannot make it agree with a checkpoint that he
does not hold, nor sign another. Signing and checking are arguments here: this module knows only the bytes.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from assay.core.audit import DIGEST, EXACT, ID, Entry, Fault, Finding, Head, digest, verify

VERSION = 1
PURPOSE = "assay audit checkpoint"  # within what is signed: nothing else that the key signs can pass for it
HANDOVER = b"assay audit key\n"
KEY_ID = re.compile(r"[0-9a-f]{32}\Z")
FINDINGS_BOUND = 1_000  # of a chain; the rest is only counted

Check = Callable[[bytes, bytes, bytes], bool]  # public key, signature, what was signed


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The record that a chain ended with at a time, and the key that vouches for it."""

    workspace_id: int
    seq: int
    digest: bytes
    time_us: int
    key_id: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint's canonical bytes and their signature."""

    checkpoint: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """The public half of a key that signs. The one before it, if any, has signed it: its handover."""

    id: str
    public: bytes
    since_us: int
    previous_id: str | None = None
    handover: bytes | None = None


@dataclass(slots=True)
class Account:
    """What reading one chain told. `anchored_seq`: the last record whose checkpoint holds."""

    workspace_id: int
    head: Head
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    records: int = 0
    erased: int = 0
    checkpoints: int = 0
    anchored_seq: int = 0

    @property
    def unanchored(self) -> int:
        """How many records lie after the last checkpoint that holds."""
        return max(0, self.head.seq - self.anchored_seq)

    def add(self, finding: Finding) -> None:
        """One more fault, kept if there are not too many."""
        self.finding_count += 1
        if len(self.findings) < FINDINGS_BOUND:
            self.findings.append(finding)


def key_id(public: bytes) -> str:
    """What a public key is called: the beginning of its digest."""
    return sha256(public).hexdigest()[:32]


def encode(checkpoint: Checkpoint) -> bytes:
    """The canonical bytes, in the form of a record's: what is signed."""
    document = {
        "digest": checkpoint.digest.hex(),
        "key": checkpoint.key_id,
        "purpose": PURPOSE,
        "seq": checkpoint.seq,
        "time_us": checkpoint.time_us,
        "v": VERSION,
        "workspace": str(checkpoint.workspace_id),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def decode(data: bytes) -> Checkpoint:
    """The checkpoint of canonical bytes.

    Raises:
        ValueError: They are not, or are of a version that this reader does not know.
    """
    try:
        given = json.loads(data)
        if given["v"] != VERSION:
            raise ValueError(f"version {given['v']!r} of a checkpoint is not known")
        numbers = (given["seq"], given["time_us"])
        if not all(type(number) is int and 0 <= number < EXACT for number in numbers):
            raise ValueError("a number is out of bounds")
        if not (ID.match(given["workspace"]) and DIGEST.match(given["digest"]) and KEY_ID.match(given["key"])):
            raise ValueError("these are no checkpoint's bytes")
        made = Checkpoint(
            int(given["workspace"]), given["seq"], bytes.fromhex(given["digest"]), given["time_us"], given["key"]
        )
        same = encode(made) == data
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("these are no checkpoint's bytes") from error
    if not same:
        raise ValueError("these are not the canonical bytes of their checkpoint")
    return made


def handover(public: bytes) -> bytes:
    """What the key before signs, to vouch for this one."""
    return HANDOVER + public


def trusted(keys: Iterable[Key], pinned: Sequence[bytes], check: Check) -> dict[str, Key]:
    """The keys whose signatures count, by id: those pinned and all that they vouch for; without pinned ones, all."""
    sound = [key for key in keys if key.id == key_id(key.public)]
    if not pinned:
        return {key.id: key for key in sound}
    later: dict[str, list[Key]] = {}  # by the key that is said to vouch for them
    for key in sound:
        if key.previous_id is not None and key.handover is not None:
            later.setdefault(key.previous_id, []).append(key)
    found = {key_id(public): Key(key_id(public), public, 0) for public in pinned}
    left = deque(found.values())
    while left:
        old = left.popleft()
        for key in later.get(old.id, ()):
            if key.id not in found and check(old.public, key.handover or b"", handover(key.public)):
                found[key.id] = key
                left.append(key)
    return found


def examine(
    entries: Iterable[Entry],
    head: Head,
    workspace_id: int,
    signed: Iterable[Signed],
    anchors: Sequence[Signed] | None,
    keys: Mapping[str, Key],
    check: Check,
) -> Account:
    """All that is wrong with a chain, by itself and by its checkpoints.

    Args:
        entries: Its records in order.
        head: Where it says that it ends.
        workspace_id: Whose chain it is.
        signed: The checkpoints that lie beside it.
        anchors: Those that were kept elsewhere, of any workspace; None: there are none, so those beside it count.
        keys: Whose signatures count.
        check: Whether a signature is that of a key.
    """
    account = Account(workspace_id, head)
    due: dict[int, list[tuple[bytes, bool]]] = {}
    for kept, some in ((anchors is None, signed), (True, anchors or ())):
        for item in some:
            try:
                point = decode(item.checkpoint)
            except ValueError:
                account.add(Finding(0, Fault.SIGNATURE))
                continue
            if point.workspace_id != workspace_id:
                continue
            key = keys.get(point.key_id)
            if key is None or not check(key.public, item.signature, item.checkpoint):
                account.add(Finding(point.seq, Fault.SIGNATURE))
                continue
            account.checkpoints += 1
            due.setdefault(point.seq, []).append((point.digest, kept))
    agreed = 0  # the last record that a checkpoint was found to agree with

    def counted() -> Iterator[Entry]:
        nonlocal agreed
        for entry in entries:
            account.records += 1
            account.erased += entry.detail is None
            if expected := due.pop(entry.seq, None):
                found = digest(entry.record)
                if all(one == found for one, _ in expected):
                    agreed = entry.seq
                    if any(kept for _, kept in expected):
                        account.anchored_seq = entry.seq
                else:
                    account.add(Finding(entry.seq, Fault.CHANGED, agreed + 1))
            yield entry

    for finding in verify(counted(), head, workspace_id):
        account.add(finding)
    for seq in sorted(due):
        account.add(Finding(seq, Fault.LOST))
    return account
