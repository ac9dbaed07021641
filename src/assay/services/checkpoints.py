"""Checkpoints are signed where a chain stands, and only if it agrees with the one before; keys are handed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from assay.core.audit import Act, Head, verify
from assay.core.checkpoints import Checkpoint, Key, Signed, decode, encode, handover
from assay.core.scope import Scope, Verb
from assay.ports.signing import Keyring, Signer
from assay.ports.store import Store, UnitOfWork
from assay.services.audit import record
from assay.services.base import Service, authorise
from assay.wire.errors import Corrupt


@dataclass(frozen=True, slots=True)
class Sealed:
    """A chain's newest checkpoint; `new`: this call has signed it."""

    workspace_id: int
    seq: int
    time_us: int
    key_id: str
    new: bool


class CheckpointService(Service):
    """Signing, and the key that signs."""

    def __init__(self, store: Store, keys: Keyring, new_salt: Callable[[], bytes]) -> None:
        super().__init__(store)
        self._keys = keys
        self._new_salt = new_salt

    def seal(self, scope: Scope) -> list[Sealed]:
        """Each workspace's chain has a checkpoint at its end, by the key of now; empty chains need none.

        Raises:
            PermissionDenied: The actor did not prove who it is, or the key is not a secret.
            Corrupt: A chain is not what it was at its last checkpoint; nothing of it is signed.
        """
        authorise(scope, Verb.SEAL, "audit chain")
        with self._store.read() as unit:
            ids = list(unit.audit.workspaces())
        if not ids:
            return []  # nor is a key made
        signer = self._keys.signer()
        sealed = [self._seal(Scope(id, scope.actor), signer) for id in ids]
        return [item for item in sealed if item is not None]

    def _seal(self, scope: Scope, signer: Signer) -> Sealed | None:
        with self._store.read() as unit:
            head, now_us = unit.audit.head(scope), unit.now_us()
            if head.seq == 0:
                return None
            point = _read(scope, unit.audit.last_checkpoint(scope))
            start = Head() if point is None else Head(point.seq, point.digest)
            if point is not None and start == head and point.key_id == signer.id:
                return Sealed(scope.workspace_id, point.seq, point.time_us, point.key_id, new=False)
            found = list(islice(verify(unit.audit.entries(scope, start.seq), head, scope.workspace_id, start), 1))
        if found:
            raise Corrupt(
                f"Record {found[0].seq} of the audit chain of workspace {scope.workspace_id} is not in order"
                f" ({found[0].fault.value}): it is not signed",
                remedy="see assay audit verify, and keep the checkpoints that you have",
            )
        made = Checkpoint(scope.workspace_id, head.seq, head.digest, now_us, signer.id)
        data = encode(made)
        signed = Signed(data, signer.sign(data))

        def work(unit: UnitOfWork) -> None:
            unit.audit.add_key(Key(signer.id, signer.public, unit.now_us()))
            unit.audit.add_checkpoint(scope, made, signed)

        self._store.write(work)
        return Sealed(scope.workspace_id, made.seq, made.time_us, made.key_id, new=True)

    def rotate(self, scope: Scope) -> Key:
        """From here on a new key signs, which the one before vouches for; that this was done stands in the chain.

        Raises:
            PermissionDenied: The actor did not prove who it is.
            InvalidState: An operator sets the key: it is replaced where it is set.
            Unavailable: The new key cannot be written; the old one goes on.
        """
        authorise(scope, Verb.ROTATE, "server key")
        old = self._keys.signer()
        new, put = self._keys.replace()

        def work(unit: UnitOfWork) -> Key:
            now_us = unit.now_us()
            made = Key(new.id, new.public, now_us, old.id, old.sign(handover(new.public)))
            unit.audit.add_key(Key(old.id, old.public, now_us))
            unit.audit.add_key(made)
            record(unit, scope, Act.ROTATE, [], {"from": old.id, "to": new.id}, self._new_salt())
            return made

        self.seal(Scope(scope.workspace_id, scope.actor))  # what the old key can still vouch for
        made = self._store.write(work)
        put()
        return made

    def key(self) -> tuple[str, bytes]:
        """The id and the public half of the key that signs now, made the first time."""
        signer = self._keys.signer()
        return signer.id, signer.public


def _read(scope: Scope, last: Signed | None) -> Checkpoint | None:
    try:
        return None if last is None else decode(last.checkpoint)
    except ValueError as error:
        raise Corrupt(
            f"The last checkpoint of workspace {scope.workspace_id} cannot be read: nothing is signed after it",
            remedy="see assay audit verify, and keep the checkpoints that you have",
        ) from error
