"""The catalog of blobs in SQL: the state of each object, leases of uploads, and what may be deleted.

References and states change together: `assay.stores.files` calls this under the lock of a tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from assay.core.scope import Scope
from assay.ports.blobs import Lease
from assay.stores import schema
from assay.wire.errors import NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

blob, entry, upload = schema.blob, schema.tree_entry, schema.upload
NUMBER = "catalog"  # among the counters: the number that this catalog claims its objects under
NOBODY = 0  # the workspace of an object that was found without a row


class BlobState(IntEnum):
    """What an object's row says. A doomed object is being deleted: nobody may refer to it again."""

    STAGED = 0  # being uploaded, under a lease that began at `since_us`
    LIVE = 1  # referred to
    CONDEMNED = 2  # nobody refers to it; the same content, sent again, revives it
    DOOMED = 3


class BlobRowStore:
    """See `assay.ports.blobs.BlobRows`; and what file trees change of objects' rows."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def stage(self, scope: Scope, blob_id: str) -> None:
        """The object may exist from now on: whoever dies before referring to it leaves it to gc."""
        self._connection.execute(
            insert(blob).values(
                id=blob_id,
                workspace_id=scope.workspace_id,
                size=0,
                state=BlobState.STAGED,
                since_us=self._unit.now_us(),
            )
        )

    def lock(self, blob_ids: Sequence[str]) -> dict[str, int]:
        """The states of these objects, held until the unit ends; always locked in the order of their ids."""
        query = select(blob.c.id, blob.c.state).where(blob.c.id.in_(blob_ids)).order_by(blob.c.id).with_for_update()
        return {row.id: row.state for row in self._connection.execute(query)}

    def set_state(self, blob_id: str, state: BlobState, *, size: int, blake3: str | None) -> None:
        """The object's row says so from now on."""
        values = {"state": state, "since_us": self._unit.now_us(), "size": size, "blake3": blake3}
        self._connection.execute(update(blob).where(blob.c.id == blob_id).values(**values))

    def twin(self, scope: Scope, blob_id: str, size: int, blake3: str) -> str | None:
        """Another object of this workspace with the same content."""
        return self._connection.execute(
            select(blob.c.id)
            .where(
                blob.c.workspace_id == scope.workspace_id,
                blob.c.blake3 == blake3,
                blob.c.size == size,
                blob.c.id != blob_id,
                blob.c.state.in_((BlobState.LIVE, BlobState.CONDEMNED)),
            )
            .order_by(blob.c.id)
            .limit(1)
        ).scalar_one_or_none()

    def condemn(self, blob_ids: Sequence[str]) -> None:
        """Those of the objects that nothing refers to any more are condemned."""
        wanted = sorted(set(blob_ids))
        for at in range(0, len(wanted), 500):
            some = blob.c.id.in_(wanted[at : at + 500])
            # Locked first, and looked at by a later statement: then no reference made meanwhile goes unseen.
            self.lock(wanted[at : at + 500])
            self._connection.execute(
                update(blob)
                .where(
                    some,
                    blob.c.state == BlobState.LIVE,
                    ~exists().where(entry.c.blob_id == blob.c.id),
                )
                .values(state=BlobState.CONDEMNED, since_us=self._unit.now_us())
            )

    def doom(self, grace_us: int, limit: int) -> list[str]:
        """Objects condemned, or staged and never referred to, for longer than the grace: to be deleted and forgotten.

        Those that a sweep before this one doomed and then died over are among them.
        """
        before = self._unit.now_us() - grace_us
        over = (
            blob.c.state.in_((BlobState.CONDEMNED, BlobState.STAGED))
            & (blob.c.since_us <= before)
            & ~exists().where(upload.c.blob_id == blob.c.id)
        )
        query = select(blob.c.id).where(over | (blob.c.state == BlobState.DOOMED)).order_by(blob.c.id).limit(limit)
        ids = list(self._connection.scalars(query.with_for_update(skip_locked=True)))
        self._connection.execute(update(blob).where(blob.c.id.in_(ids)).values(state=BlobState.DOOMED))
        return ids

    def forget(self, blob_ids: Sequence[str]) -> None:
        """The rows of deleted objects are gone."""
        self._connection.execute(delete(blob).where(blob.c.id.in_(list(blob_ids))))

    def lease(self, scope: Scope, lease: Lease, ttl_us: int) -> None:
        """A multipart upload of a staged object has begun and may take so long."""
        self._connection.execute(
            insert(upload).values(
                id=lease.id,
                workspace_id=scope.workspace_id,
                owner_id=lease.owner_id,
                path=lease.path,
                blob_id=lease.blob_id,
                backend_id=lease.backend_id,
                lease_until_us=self._unit.now_us() + ttl_us,
            )
        )

    def leased(self, scope: Scope, upload_id: str) -> Lease:
        """The upload under way. Raises NotFound if there is none, or its time is over."""
        row = self._connection.execute(
            select(upload).where(
                upload.c.id == upload_id,
                upload.c.workspace_id == scope.workspace_id,
                upload.c.lease_until_us > self._unit.now_us(),
            )
        ).first()
        if row is None:
            raise NotFound(
                f"No upload {upload_id[:64]!r} is under way",
                field="upload_id",
                remedy="begin it again: its time is over",
            )
        return Lease(row.id, row.owner_id, row.path, row.blob_id, row.backend_id)

    def release(self, upload_ids: Sequence[str]) -> None:
        """These leases are over."""
        self._connection.execute(delete(upload).where(upload.c.id.in_(list(upload_ids))))

    def expired(self, limit: int) -> list[Lease]:
        """Leases whose time is over, the oldest first."""
        query = (
            select(upload)
            .where(upload.c.lease_until_us <= self._unit.now_us())
            .order_by(upload.c.lease_until_us)
            .limit(limit)
        )
        return [
            Lease(row.id, row.owner_id, row.path, row.blob_id, row.backend_id)
            for row in self._connection.execute(query)
        ]

    def undigested(self, limit: int) -> list[tuple[str, int]]:
        """Objects in use whose digest is not known, with their sizes in bytes."""
        query = select(blob.c.id, blob.c.size).where(blob.c.state == BlobState.LIVE, blob.c.blake3.is_(None))
        return [(row.id, row.size) for row in self._connection.execute(query.limit(limit))]

    def digested(self, blob_id: str, blake3: str) -> None:
        """The digest of the object, which the server has computed itself."""
        self._connection.execute(update(blob).where(blob.c.id == blob_id).values(blake3=blake3))

    def adopt(self, blob_ids: Sequence[str]) -> int:
        """Those that no row names are doomed; how many.

        The row keeps a slow writer from referring to the object afterwards: both need the same key.
        """
        known = set(self._connection.scalars(select(blob.c.id).where(blob.c.id.in_(list(blob_ids)))))
        count = 0
        for id in blob_ids:
            if id not in known:
                row = {"id": id, "workspace_id": NOBODY, "size": 0, "state": BlobState.DOOMED, "since_us": 0}
                statement = self._unit.delta.insert(blob).values(**row).on_conflict_do_nothing().returning(blob.c.id)
                count += len(self._connection.execute(statement).all())
        return count

    def number(self, fresh: int) -> int:
        """The number that this catalog claims its objects under: this one, if it had none."""
        statement = self._unit.delta.insert(schema.counter).values(name=NUMBER, value=fresh)
        self._connection.execute(statement.on_conflict_do_nothing())
        return int(
            self._connection.execute(select(schema.counter.c.value).where(schema.counter.c.name == NUMBER)).scalar_one()
        )

    def sample(self) -> str | None:
        """The newest object in use, if there is one."""
        query = select(blob.c.id).where(blob.c.state == BlobState.LIVE).order_by(blob.c.since_us.desc()).limit(1)
        return self._connection.execute(query).scalar_one_or_none()
