"""File trees and the catalog of blobs in SQL: who refers to which object, and which may be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.tracking import FileEntry
from assay.ports.store import StoredFile
from assay.stores import schema
from assay.wire.errors import NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

tree, entry, blob = schema.file_tree, schema.tree_entry, schema.blob
END = "\U0010ffff"


class BlobState(IntEnum):
    """What an object's row says: being uploaded, referred to, or waiting to be deleted."""

    STAGED = 0
    LIVE = 1
    CONDEMNED = 2


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
        while self._connection.execute(select(tree.c.id).where(tree.c.id == id)).first() is not None:
            id = make_id(Kind.TREE, self._unit.now_us(), self._unit.random())
        self._connection.execute(
            insert(tree).values(id=id, workspace_id=scope.workspace_id, owner_id=owner_id, name="")
        )
        return id

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
        """The path names this object; the one it named before is condemned if nothing else refers to it.

        Reference and state change together. Raises NotFound if the object's row is gone (its lease ran out).
        """
        tree_id, now = self.ensure_tree(scope, owner_id), self._unit.now_us()
        changed = self._connection.execute(
            update(blob)
            .where(blob.c.id == blob_id, blob.c.workspace_id == scope.workspace_id)
            .values(size=size, blake3=blake3, state=BlobState.LIVE, since_us=now)
        )
        if changed.rowcount != 1:
            raise NotFound("The upload took longer than its lease", remedy="send the file again")
        before = self._connection.execute(
            select(entry.c.blob_id).where(entry.c.tree_id == tree_id, entry.c.path == path)
        ).scalar_one_or_none()
        statement = upsert(entry).values(tree_id=tree_id, path=path, blob_id=blob_id, size=size, modified_us=now)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tree_id", "path"], set_={"blob_id": blob_id, "size": size, "modified_us": now}
            )
        )
        if before is not None:
            self._condemn([before])

    def get(self, owner_id: int, path: str) -> StoredFile | None:
        """The file at this path, if it is one."""
        row = self._connection.execute(
            select(entry, blob.c.blake3)
            .join(blob, blob.c.id == entry.c.blob_id)
            .where(entry.c.tree_id == self.tree_id(owner_id), entry.c.path == path)
        ).first()
        return None if row is None else StoredFile(row.path, row.blob_id, row.size, row.blake3, row.modified_us)

    def is_folder(self, owner_id: int, path: str) -> bool:
        """Whether files lie below this path."""
        within = entry.c.path.between(f"{path}/", f"{path}/{END}")
        query = select(entry.c.path).where(entry.c.tree_id == self.tree_id(owner_id), within).limit(1)
        return self._connection.execute(query).first() is not None

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
        here = entry.c.tree_id == self.tree_id(owner_id)
        if path:
            here &= (entry.c.path == path) | entry.c.path.between(f"{path}/", f"{path}/{END}")
        ids = list(self._connection.scalars(select(entry.c.blob_id).where(here)))
        self._connection.execute(delete(entry).where(here))
        self._condemn(ids)
        return len(ids)

    def _condemn(self, blob_ids: Sequence[str]) -> None:
        for at in range(0, len(blob_ids), 500):
            self._connection.execute(
                update(blob)
                .where(
                    blob.c.id.in_(blob_ids[at : at + 500]),
                    ~exists().where(entry.c.blob_id == blob.c.id),
                )
                .values(state=BlobState.CONDEMNED, since_us=self._unit.now_us())
            )

    def collectable(self, grace_us: int, limit: int) -> list[str]:
        """Objects condemned, or staged and never referred to, for longer than the grace."""
        before = self._unit.now_us() - grace_us
        query = select(blob.c.id).where(
            blob.c.state.in_((BlobState.CONDEMNED, BlobState.STAGED)), blob.c.since_us <= before
        )
        return list(self._connection.scalars(query.limit(limit)))

    def forget(self, blob_ids: Sequence[str]) -> None:
        """The rows of deleted objects are gone."""
        self._connection.execute(delete(blob).where(blob.c.id.in_(list(blob_ids))))
