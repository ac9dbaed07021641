"""The audit chain: the canonical bytes of a record, and what is wrong with a chain.

A record holds ids, digests and times only. Names, reasons and long lists lie in its detail, of which the record keeps
SHA-256(salt + detail): a detail can be erased together with its salt, and the chain still verifies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

VERSION = 1
START = bytes(32)  # what the first record names as the digest of the one before
SALT_BYTES = 32
INLINE = 8  # a record names so many subjects itself; of more it keeps only the number and the digest of the list
EXACT = 2**53  # beyond it, not every JSON reader tells integers apart

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
ID = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Act(StrEnum):
    """What is governed, and so recorded."""

    PURGE = "purge"
    RETENTION = "retention"  # runs are deleted, until restored or purged, as a policy of age and size says
    RESTORE = "restore"  # all that happened after the backup was made is missing from here on
    ERASE = "erase"  # of details of records, which are the subjects
    ROTATE = "rotate"  # from here on, another key signs checkpoints
    USER_MAKE = "user.make"
    FIRST_ADMIN = "user.first-admin"  # by the link that the server printed
    USER_INVITE = "user.invite"  # a link was made by which the user sets a password
    USER_LINK = "user.link"  # an identity provider has another name for the user
    USER_DISABLE = "user.disable"
    USER_ENABLE = "user.enable"
    USER_ADMIN = "user.admin"  # of the server; or not any more
    PASSWORD_SET = "password.set"  # noqa: S105
    GROUP_MAKE = "group.make"
    GROUP_REMOVE = "group.remove"
    GROUP_JOIN = "group.join"
    GROUP_LEAVE = "group.leave"
    GRANT = "grant.set"
    UNGRANT = "grant.remove"
    TOKEN_MAKE = "token.make"  # noqa: S105
    TOKEN_REVOKE = "token.revoke"  # noqa: S105
    WORKSPACE_MAKE = "workspace.make"
    QUOTA = "quota.set"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A thing that an act was done to. Ids are never given twice, so this names it for ever."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: the number of its last record, and that record's digest."""

    seq: int = 0
    digest: bytes = START


@dataclass(frozen=True, slots=True)
class Record:
    """One governed act."""

    workspace_id: int
    seq: int
    previous: bytes
    time_us: int
    act: str
    actor_id: int  # 0: no user, but whoever could prove what `how` says
    how: str
    subjects: tuple[Subject, ...]  # none where there are more than INLINE
    subject_count: int
    subject_digest: bytes
    detail_digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it is stored, with its detail where that was not erased."""

    seq: int
    record: bytes
    salt: bytes | None = None
    detail: str | None = None


class Fault(StrEnum):
    """What can be wrong with an entry of the chain, or with its end."""

    UNREADABLE = "unreadable"  # these are not the canonical bytes of a record
    MISSING = "missing"  # records before this one are gone, or their order is not that of their numbers
    MOVED = "moved"  # the record was made for another place
    UNLINKED = "unlinked"  # the record before is not the one that this one was chained to
    EARLIER = "earlier"  # its time lies before that of the record before
    DETAIL = "detail"  # its detail is not the one that was recorded
    END = "end"  # the chain does not end where its head says
    SIGNATURE = "signature"  # a checkpoint of this record was not signed by a key that is trusted
    CHANGED = "changed"  # this record is not the one that a checkpoint signed
    LOST = "lost"  # a checkpoint signed this record, and it is not there


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and the entry that shows it."""

    seq: int
    fault: Fault
    first: int | None = None  # where several records may be the wrong ones, the first of them; `seq` is the last


def digest(record: bytes) -> bytes:
    """What the next record keeps of this one."""
    return sha256(record).digest()


def digest_detail(salt: bytes, detail: str) -> bytes:
    """What a record keeps of its detail. The salt has a fixed length, so no two pairs have the same bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return sha256(salt + detail.encode()).digest()


def digest_subjects(subjects: Iterable[Subject]) -> bytes:
    """What a record keeps of its list of subjects, one a line, in order."""
    return sha256("".join(f"{subject}\n" for subject in sorted(subjects)).encode()).digest()


def write_detail(detail: Mapping[str, Any]) -> str:
    """The detail's text: the same on every engine."""
    return json.dumps(detail, sort_keys=True, separators=(",", ":"), allow_nan=False)


def following(
    head: Head,
    *,
    workspace_id: int,
    time_us: int,
    act: str,
    actor_id: int,
    how: str,
    subjects: Sequence[Subject],
    salt: bytes,
    detail: str,
) -> Record:
    """The record that comes after the head."""
    named = tuple(sorted(set(subjects)))
    return Record(
        workspace_id=workspace_id,
        seq=head.seq + 1,
        previous=head.digest,
        time_us=time_us,
        act=act,
        actor_id=actor_id,
        how=how,
        subjects=named if len(named) <= INLINE else (),
        subject_count=len(named),
        subject_digest=digest_subjects(named),
        detail_digest=digest_detail(salt, detail),
    )


def encode(record: Record) -> bytes:
    """The canonical bytes: JSON of ASCII, names in order, without spaces; ids as text, so that every reader is exact.

    Raises:
        ValueError: The record holds what no record may.
    """
    if not (NAME.match(record.act) and NAME.match(record.how) and all(NAME.match(s.kind) for s in record.subjects)):
        raise ValueError("acts and kinds are lower-case words")
    numbers = (record.seq, record.time_us, record.subject_count)
    if not all(type(number) is int and 0 <= number < EXACT for number in numbers):
        raise ValueError("a number is out of bounds")
    if min(record.workspace_id, record.actor_id, *(s.id for s in record.subjects), 0) < 0:
        raise ValueError("an id is negative")
    document = {
        "act": record.act,
        "actor": str(record.actor_id),
        "detail": record.detail_digest.hex(),
        "how": record.how,
        "prev": record.previous.hex(),
        "seq": record.seq,
        "subject_count": record.subject_count,
        "subject_digest": record.subject_digest.hex(),
        "subjects": [str(subject) for subject in record.subjects],
        "time_us": record.time_us,
        "v": VERSION,
        "workspace": str(record.workspace_id),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def decode(data: bytes) -> Record:
    """The record of canonical bytes.

    Raises:
        ValueError: They are not, or are of a version that this reader does not know.
    """
    try:
        given = json.loads(data)
        version = given["v"]
        if version != VERSION:
            raise ValueError(f"version {version!r} of a record is not known")
        record = Record(
            workspace_id=_id(given["workspace"]),
            seq=given["seq"],
            previous=_digest(given["prev"]),
            time_us=given["time_us"],
            act=given["act"],
            actor_id=_id(given["actor"]),
            how=given["how"],
            subjects=tuple(_subject(text) for text in given["subjects"]),
            subject_count=given["subject_count"],
            subject_digest=_digest(given["subject_digest"]),
            detail_digest=_digest(given["detail"]),
        )
        same = encode(record) == data
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("these are no record's bytes") from error
    if not same:
        raise ValueError("these are not the canonical bytes of their record")
    return record


def _id(text: str) -> int:
    if not ID.match(text):
        raise ValueError(f"{text[:40]!r} is no id")
    return int(text)


def _digest(text: str) -> bytes:
    if not DIGEST.match(text):
        raise ValueError(f"{text[:40]!r} is no digest")
    return bytes.fromhex(text)


def _subject(text: str) -> Subject:
    kind, _, id = text.partition("/")
    return Subject(kind, _id(id))


def verify(entries: Iterable[Entry], head: Head, workspace_id: int, start: Head = Head()) -> Iterator[Finding]:
    """All that is wrong with a chain behind `start`, whose entries come in the order of their numbers.

    Each fault is found where it shows: a record that was changed is one that the next is not linked to. Who can change
    the whole chain and its head is found only by a checkpoint that was kept elsewhere: see `core.checkpoints`.
    """
    seq, last, time_us = start.seq, start.digest, 0
    for entry in entries:
        if entry.seq != seq + 1:
            yield Finding(entry.seq, Fault.MISSING)
        try:
            record = decode(entry.record)
        except ValueError:
            yield Finding(entry.seq, Fault.UNREADABLE)
        else:
            if (record.seq, record.workspace_id) != (entry.seq, workspace_id):
                yield Finding(entry.seq, Fault.MOVED)
            if record.previous != last:
                yield Finding(entry.seq, Fault.UNLINKED)
            if record.time_us < time_us:
                yield Finding(entry.seq, Fault.EARLIER)
            if not _holds(record, entry):
                yield Finding(entry.seq, Fault.DETAIL)
            time_us = record.time_us
        seq, last = entry.seq, digest(entry.record)
    if Head(seq, last) != head:
        yield Finding(head.seq, Fault.END)


def _holds(record: Record, entry: Entry) -> bool:
    """Whether the detail is the one recorded. An erased one has no text."""
    if entry.detail is None:
        return True
    if entry.salt is None or len(entry.salt) != SALT_BYTES:
        return False
    return digest_detail(entry.salt, entry.detail) == record.detail_digest
