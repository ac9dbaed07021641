"""File trees and the catalog of blobs in SQL: who refers to which object, and which may be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.tracking import FileEntry
from assay.ports.aggregates import StoredFile
from assay.ports.blobs import Lease
from assay.stores import schema
from assay.wire.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from assay.stores.unit import Unit

tree, entry, blob, upload = schema.file_tree, schema.tree_entry, schema.blob, schema.upload
NUMBER = "catalog"  # among the counters: the number that this catalog claims its objects under
NOBODY = 0  # the workspace of an object that was found without a row
END = "\U0010ffff"
# What every file that is logged or read asks; the driver is told directly.
FIND_TREE = "SELECT id FROM file_tree WHERE owner_id = ? AND name = ''"
FIND_FILE = (
    "SELECT e.blob_id, e.size, b.blake3, e.modified_us FROM file_tree t "
    "JOIN tree_entry e ON e.tree_id = t.id JOIN blob b ON b.id = e.blob_id "
    "WHERE t.owner_id = ? AND t.name = '' AND e.path = ?"
)
FIND_WITHIN = (
    "SELECT 1 FROM file_tree t JOIN tree_entry e ON e.tree_id = t.id "
    "WHERE t.owner_id = ? AND t.name = '' AND e.path BETWEEN ? AND ? LIMIT 1"
)
FIND_OTHERS = (
    "SELECT (SELECT blob_id FROM tree_entry WHERE tree_id = ? AND path = ?), "
    "(SELECT id FROM blob WHERE workspace_id = ? AND blake3 = ? AND size = ? AND state IN (1, 2) LIMIT 1)"
)
ADD_BLOB = (
    "INSERT INTO blob (id, workspace_id, size, blake3, state, since_us) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
ADD_ENTRY = "INSERT INTO tree_entry (tree_id, path, blob_id, size, modified_us) VALUES (?, ?, ?, ?, ?)"


class BlobState(IntEnum):
    """What an object's row says. A doomed object is being deleted: nobody may refer to it again."""

    STAGED = 0  # being uploaded, under a lease that began at `since_us`
    LIVE = 1  # referred to
    CONDEMNED = 2  # nobody refers to it; the same content, sent again, revives it
    DOOMED = 3


class FileStore:
    """Trees, their entries, and the blobs behind them."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def tree_id(self, owner_id: int) -> int | None:
        """The owner's tree, if it has one."""
        return self._connection.execute(
            select(tree.c.id).where(tree.c.owner_id == owner_id, tree.c.name == "")
        ).scalar_one_or_none()

    def ensure_tree(self, scope: Scope, owner_id: int) -> int:
        """The owner's tree, made if it had none."""
        found = self.tree_id(owner_id)
        if found is not None:
            return found
        id = make_id(Kind.TREE, self._unit.now_us(), self._unit.random())
        statement = self._unit.delta.insert(tree).values(
            id=id, workspace_id=scope.workspace_id, owner_id=owner_id, name=""
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        return self.ensure_tree(scope, owner_id)  # ours, or that of who came first

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

    def put(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The path names this staged object, or an older one of the same content in this workspace.

        What it named before is condemned if nothing else refers to it. References and states change together, under
        the tree's lock and then the objects'. Raises NotFound if gc has the object already.
        """
        self._refer(scope, owner_id, path, blob_id, size, blake3)

    def add(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The same for an object that no row has named yet. Raises Unavailable if gc has it already."""
        delta, cursor, now = self._unit.delta, self._unit.driver(), self._unit.now_us()
        lock = " FOR NO KEY UPDATE" if delta.name == "postgresql" else ""
        cursor.execute(delta.sql(FIND_TREE + lock), (owner_id,))
        if (found := cursor.fetchone()) is None:
            self.ensure_tree(scope, owner_id)
            cursor.execute(delta.sql(FIND_TREE + lock), (owner_id,))
            found = cursor.fetchone()
        (tree_id,) = found
        cursor.execute(delta.sql(FIND_OTHERS), (tree_id, path, scope.workspace_id, blake3, size))
        alone = cursor.fetchone() == (None, None)
        state = BlobState.LIVE if alone else BlobState.STAGED
        cursor.execute(delta.sql(ADD_BLOB), (blob_id, scope.workspace_id, size, blake3, int(state), now))
        if cursor.rowcount != 1:
            raise Unavailable("The file took too long to arrive", remedy="send it again", retry_after_s=1)
        if alone:
            cursor.execute(delta.sql(ADD_ENTRY), (tree_id, path, blob_id, size, now))
        else:
            self._refer(scope, owner_id, path, blob_id, size, blake3)

    def finish(self, scope: Scope, lease: Lease, size: int) -> None:
        """The path of the lease names its object, whose digest is not known yet; the lease is over."""
        self._refer(scope, lease.owner_id, lease.path, lease.blob_id, size, None)
        self.release([lease.id])

    def _refer(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str | None) -> None:
        tree_id, now = self.ensure_tree(scope, owner_id), self._unit.now_us()
        self._lock_tree(tree_id)
        before = self._connection.execute(
            select(entry.c.blob_id).where(entry.c.tree_id == tree_id, entry.c.path == path)
        ).scalar_one_or_none()
        twin = None if blake3 is None else self._oldest_twin(scope, blob_id, size, blake3)
        states = self._lock_blobs([id for id in (blob_id, before, twin) if id is not None])
        if states.get(blob_id) != BlobState.STAGED:
            raise NotFound("The upload took longer than its lease", remedy="send the file again")
        used = twin if twin is not None and states.get(twin) in (BlobState.LIVE, BlobState.CONDEMNED) else blob_id
        if used != blob_id:
            self._set_state(blob_id, BlobState.CONDEMNED, size=size, blake3=blake3)
        self._set_state(used, BlobState.LIVE, size=size, blake3=blake3)
        statement = self._unit.delta.insert(entry).values(
            tree_id=tree_id, path=path, blob_id=used, size=size, modified_us=now
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tree_id", "path"], set_={"blob_id": used, "size": size, "modified_us": now}
            )
        )
        if before is not None and before != used:
            self.condemn([before])

    def _lock_blobs(self, blob_ids: Sequence[str]) -> dict[str, int]:
        """The states of these objects, held until the unit ends; always locked in the order of their ids."""
        query = select(blob.c.id, blob.c.state).where(blob.c.id.in_(blob_ids)).order_by(blob.c.id).with_for_update()
        return {row.id: row.state for row in self._connection.execute(query)}

    def _set_state(self, blob_id: str, state: BlobState, *, size: int, blake3: str | None) -> None:
        values = {"state": state, "since_us": self._unit.now_us(), "size": size, "blake3": blake3}
        self._connection.execute(update(blob).where(blob.c.id == blob_id).values(**values))

    def _lock_tree(self, tree_id: int | None) -> None:
        query = select(tree.c.id).where(tree.c.id == tree_id)
        self._connection.execute(query.with_for_update(key_share=True))

    def _oldest_twin(self, scope: Scope, blob_id: str, size: int, blake3: str) -> str | None:
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

    def get(self, owner_id: int, path: str) -> StoredFile | None:
        """The file at this path, if it is one."""
        cursor = self._unit.driver()
        cursor.execute(self._unit.delta.sql(FIND_FILE), (owner_id, path))
        row = cursor.fetchone()
        return None if row is None else StoredFile(path, row[0], row[1], row[2] or "", row[3])

    def is_folder(self, owner_id: int, path: str) -> bool:
        """Whether files lie below this path."""
        cursor = self._unit.driver()
        cursor.execute(self._unit.delta.sql(FIND_WITHIN), (owner_id, f"{path}/", f"{path}/{END}"))
        return cursor.fetchone() is not None

    def children(self, owner_id: int, folder: str) -> list[FileEntry]:
        """The files and folders directly in a folder ("" is the root), by path."""
        tree_id, prefix = self.tree_id(owner_id), f"{folder}/" if folder else ""
        found: list[FileEntry] = []
        after = prefix
        while True:
            row = self._connection.execute(
                select(entry.c.path, entry.c.size)
                .where(entry.c.tree_id == tree_id, entry.c.path > after, entry.c.path < prefix + END)
                .order_by(entry.c.path)
                .limit(1)
            ).first()
            if row is None:
                return found
            name, slash, _ = row.path[len(prefix) :].partition("/")
            if slash:
                found.append(FileEntry(prefix + name, is_dir=True))
                after = f"{prefix}{name}/{END}"  # skip what lies in the folder
            else:
                found.append(FileEntry(row.path, is_dir=False, size=row.size))
                after = row.path

    def remove(self, owner_id: int, path: str) -> int:
        """The file or folder is gone; how many files there were. Their objects are condemned."""
        tree_id = self.tree_id(owner_id)
        self._lock_tree(tree_id)
        here = entry.c.tree_id == tree_id
        if path:
            # PostgreSQL takes no BETWEEN over bounds that carry a collation.
            here &= (entry.c.path == path) | ((entry.c.path > f"{path}/") & (entry.c.path < f"{path}/{END}"))
        ids = list(self._connection.scalars(select(entry.c.blob_id).where(here)))
        self._connection.execute(delete(entry).where(here))
        self.condemn(ids)
        return len(ids)

    def condemn(self, blob_ids: Sequence[str]) -> None:
        wanted = sorted(set(blob_ids))
        for at in range(0, len(wanted), 500):
            some = blob.c.id.in_(wanted[at : at + 500])
            # Locked first, and looked at by a later statement: then no reference made meanwhile goes unseen.
            self._lock_blobs(wanted[at : at + 500])
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
                statement = self._unit.delta.insert(blob).values(**row).on_conflict_do_nothing()
                count += self._connection.execute(statement).rowcount
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
