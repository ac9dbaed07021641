"""File trees in SQL: which path names which object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.tracking import FileEntry
from assay.ports.aggregates import StoredFile
from assay.ports.blobs import Lease
from assay.stores import schema
from assay.stores.blobs import BlobState
from assay.wire.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from assay.stores.unit import Unit

tree, entry = schema.file_tree, schema.tree_entry
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


class FileStore:
    """Trees and their entries."""

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

    def put(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The path names this staged object, or an older one of the same content in this workspace.

        What it named before is condemned if nothing else refers to it. References and states change together, under
        the tree's lock and then the objects'. Raises NotFound if gc has the object already.
        """
        self._refer(scope, owner_id, path, blob_id, size, blake3)

    def add(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The same for an object that no row has named yet. Raises Unavailable if gc has it already."""
        delta, cursor, now = self._unit.delta, self._unit.driver(), self._unit.now_us()
        cursor.execute(delta.sql(FIND_TREE + delta.row_lock), (owner_id,))
        if (found := cursor.fetchone()) is None:
            self.ensure_tree(scope, owner_id)
            cursor.execute(delta.sql(FIND_TREE + delta.row_lock), (owner_id,))
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
        self._unit.blobs.release([lease.id])

    def _refer(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str | None) -> None:
        tree_id, now = self.ensure_tree(scope, owner_id), self._unit.now_us()
        self._lock_tree(tree_id)
        before = self._connection.execute(
            select(entry.c.blob_id).where(entry.c.tree_id == tree_id, entry.c.path == path)
        ).scalar_one_or_none()
        twin = None if blake3 is None else self._unit.blobs.twin(scope, blob_id, size, blake3)
        states = self._unit.blobs.lock([id for id in (blob_id, before, twin) if id is not None])
        if states.get(blob_id) != BlobState.STAGED:
            raise NotFound("The upload took longer than its lease", remedy="send the file again")
        used = twin if twin is not None and states.get(twin) in (BlobState.LIVE, BlobState.CONDEMNED) else blob_id
        if used != blob_id:
            self._unit.blobs.set_state(blob_id, BlobState.CONDEMNED, size=size, blake3=blake3)
        self._unit.blobs.set_state(used, BlobState.LIVE, size=size, blake3=blake3)
        statement = self._unit.delta.insert(entry).values(
            tree_id=tree_id, path=path, blob_id=used, size=size, modified_us=now
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tree_id", "path"], set_={"blob_id": used, "size": size, "modified_us": now}
            )
        )
        if before is not None and before != used:
            self._unit.blobs.condemn([before])

    def _lock_tree(self, tree_id: int | None) -> None:
        query = select(tree.c.id).where(tree.c.id == tree_id)
        self._connection.execute(query.with_for_update(key_share=True))

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

    def walk(self, owner_id: int, after: str, limit: int) -> list[StoredFile]:
        """Files of the whole tree by path, from the one after this path on."""
        columns = (entry.c.path, entry.c.blob_id, entry.c.size, schema.blob.c.blake3, entry.c.modified_us)
        query = select(*columns).join(schema.blob, schema.blob.c.id == entry.c.blob_id)
        here = query.where(entry.c.tree_id == self.tree_id(owner_id), entry.c.path > after)
        return [
            StoredFile(path, blob_id, size, blake3 or "", modified_us)
            for path, blob_id, size, blake3, modified_us in self._connection.execute(
                here.order_by(entry.c.path).limit(limit)
            )
        ]

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
        self._unit.blobs.condemn(ids)
        return len(ids)
