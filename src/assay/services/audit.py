"""Governed acts are recorded in the transaction that does them; reading the chain finds what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from assay.core.audit import ID, NAME, Act, Entry, Finding, Subject, decode, verify
from assay.core.scope import Scope, Verb
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.wire.errors import InvalidInput

FINDINGS_BOUND = 1_000
ERASED_BOUND = 1_000  # details an act: its caller asks again for the rest
NAMED_BOUND = 1_000
TEXT_BOUND = 1_000
REASON_BOUND = 2_000


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: how many details, in which record it stands (0: none), and whether there are more."""

    erased: int
    record: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which details are to be erased: any of these."""

    subjects: frozenset[Subject]
    records: frozenset[int]
    mentions: str  # folded

    def fits(self, entry: Entry) -> bool:
        """Whether the entry's detail, which is still there, is meant."""
        if entry.detail is None:
            return False
        if entry.seq in self.records or (self.mentions and any(self.mentions in text for text in _texts(entry.detail))):
            return True
        try:
            return bool(self.subjects) and not self.subjects.isdisjoint(decode(entry.record).subjects)
        except ValueError:
            return False


def record(
    unit: UnitOfWork, scope: Scope, act: Act, subjects: Sequence[Subject], detail: Mapping[str, Any], salt: bytes
) -> int:
    """The act stands in the chain if this unit commits; its number. The last thing that a unit does.

    What may have to be erased one day (names, reasons) belongs into the detail.
    """
    return unit.audit.append(scope, act, subjects, {"actor": scope.actor.name, **detail}, salt)


class AuditService(Service):
    """Reading the chain, and what is recorded of the house as a whole."""

    def __init__(self, store: Store, new_salt: Callable[[], bytes]) -> None:
        super().__init__(store)
        self._new_salt = new_salt

    def restored(self, scope: Scope, backup_blake3: str, made_us: int) -> int:
        """It stands in the chain that the store was restored from this backup; the record's number.

        Args:
            scope: Who restored it.
            backup_blake3: The digest (hex) of the catalog in the backup.
            made_us: When the backup was made.

        Raises:
            PermissionDenied: The actor did not prove who it is.
        """
        authorise(scope, Verb.RESTORE, "store")
        detail = {"backup": backup_blake3, "made_us": made_us}
        subject = Subject("workspace", scope.workspace_id)
        return self._store.write(lambda unit: record(unit, scope, Act.RESTORE, [subject], detail, self._new_salt()))

    def erase(
        self,
        scope: Scope,
        *,
        subjects: Sequence[str] = (),
        records: Sequence[int] = (),
        mentions: str = "",
        reason: str = "",
    ) -> Erased:
        """The details of the records that are meant are gone, at most a thousand, and one record says of which.

        Args:
            scope: Who erases, and in which chain.
            subjects: Records about these, such as `run/12`. Of more than eight subjects a record has only the digest.
            records: Records of these numbers.
            mentions: Records whose detail has this text somewhere, in whatever case.
            reason: Kept as a detail, so that it can be erased, too.

        Raises:
            PermissionDenied: The actor did not prove who it is.
            InvalidInput: Nothing is named, or what is named is out of bounds.
        """
        authorise(scope, Verb.ERASE, "audit detail")
        chosen = _chosen(subjects, records, mentions)
        check_text("reason", reason, REASON_BOUND, blank=True)
        with self._store.read() as unit:
            found = [e.seq for e in islice(filter(chosen.fits, unit.audit.entries(scope)), ERASED_BOUND + 1)]
        seqs = found[:ERASED_BOUND]
        if not seqs:
            return Erased(0)

        def work(unit: UnitOfWork) -> Erased:
            count = unit.audit.erase(scope, seqs)
            if count == 0:  # somebody else was first
                return Erased(0)
            about = [Subject("record", seq) for seq in seqs]
            seq = record(unit, scope, Act.ERASE, about, {"reason": reason, "records": seqs}, self._new_salt())
            return Erased(count, seq, len(found) > len(seqs))

        return self._store.write(work)

    def verify(self, scope: Scope) -> list[Finding]:
        """What is wrong with the workspace's chain: at most the first thousand faults."""
        authorise(scope, Verb.READ, "audit")
        with self._store.read() as unit:
            found = verify(unit.audit.entries(scope), unit.audit.head(scope), scope.workspace_id)
            return list(islice(found, FINDINGS_BOUND))


def _chosen(subjects: Sequence[str], records: Sequence[int], mentions: str) -> Chosen:
    """What is meant, checked."""
    if not (subjects or records or mentions):
        raise InvalidInput(
            "Say which details to erase", field="subjects", remedy="name subjects, records, or a text that they mention"
        )
    for field, count in (("subjects", len(subjects)), ("records", len(records))):
        if count > NAMED_BOUND:
            raise InvalidInput(
                f"{count} {field} are named", field=field, bound=NAMED_BOUND, remedy=f"name at most {NAMED_BOUND}"
            )
    if mentions:
        check_text("mentions", mentions, TEXT_BOUND)
    return Chosen(frozenset(map(_subject, subjects)), frozenset(records), mentions.casefold())


def _subject(text: str) -> Subject:
    kind, _, id = text.partition("/")
    if not (NAME.match(kind) and ID.match(id)):
        raise InvalidInput(
            f"{text[:100]!r} is no subject",
            field="subjects",
            remedy="give its kind and number as the record has them, such as run/12",
        )
    return Subject(kind, int(id))


def _texts(detail: str) -> Iterator[str]:
    """Every text in a detail, names included, folded; the detail itself where it is no JSON."""
    try:
        left: list[Any] = [json.loads(detail)]
    except (ValueError, RecursionError):
        left = [detail]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item.casefold()
        elif isinstance(item, dict):
            left += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            left += item
