"""Governed acts are recorded in the transaction that does them; reading the chain finds what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from assay.core.audit import Act, Finding, Subject, verify
from assay.core.scope import Scope, Verb
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise

FINDINGS_BOUND = 1_000


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

    def verify(self, scope: Scope) -> list[Finding]:
        """What is wrong with the workspace's chain: at most the first thousand faults."""
        authorise(scope, Verb.READ, "audit")
        with self._store.read() as unit:
            found = verify(unit.audit.entries(scope), unit.audit.head(scope), scope.workspace_id)
            return list(islice(found, FINDINGS_BOUND))
