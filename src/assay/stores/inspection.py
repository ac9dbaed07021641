"""What `assay doctor` asks of a catalog, in SQL that both engines speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from itertools import islice

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, func, select, true, update
from sqlalchemy.exc import DatabaseError

from assay.core.audit import verify
from assay.core.console import decode as decode_lines
from assay.core.points.cells import stand_for
from assay.core.points.payload import decode
from assay.core.scope import Scope
from assay.ports.catalogs import Fault, StoredObject, Tell
from assay.stores import schema
from assay.stores.audit import AuditStore
from assay.stores.blobs import NUMBER, BlobState
from assay.stores.delta import Delta
from assay.stores.migrate import check
from assay.stores.unit import Unit
from assay.stores.views import NOWHERE
from assay.wire.errors import Corrupt, InvalidState

SHOWN = 20  # faults of one kind that are told one by one
CHUNK = 500
CHECKPOINTED = "0006"  # the first schema that has checkpoints
entry, blob = schema.tree_entry, schema.blob
OWNERS = (schema.run, schema.logged_model)
# Each column holds ids of that table; 0 in a context and -1 in a view mean none.
REFERENCES: tuple[tuple[Table, str, Table], ...] = (
    (schema.experiment, "workspace_id", schema.workspace),
    (schema.run, "experiment_id", schema.experiment),
    (schema.logged_model, "experiment_id", schema.experiment),
    (schema.dataset, "experiment_id", schema.experiment),
    (schema.run_group, "experiment_id", schema.experiment),
    (schema.run_group_member, "group_id", schema.run_group),
    (schema.run_group_member, "run_id", schema.run),
    (schema.run_config, "run_id", schema.run),
    (schema.comment, "workspace_id", schema.workspace),
    (schema.saved_view, "workspace_id", schema.workspace),
    (schema.saved_view, "experiment_id", schema.experiment),
    (schema.group_member, "group_id", schema.user_group),
    (schema.group_member, "user_id", schema.user_account),
    (schema.role_grant, "workspace_id", schema.workspace),
    (schema.access_token, "user_id", schema.user_account),
    (schema.workspace_quota, "workspace_id", schema.workspace),
    (schema.tree_entry, "tree_id", schema.file_tree),
    (schema.tree_entry, "blob_id", schema.blob),
    *((table, "key_id", schema.key) for table in (schema.param, schema.tag, schema.metric_live, schema.metric_latest)),
    *((table, "key_id", schema.key) for table in (schema.metric_chunk, schema.logged_value)),
    *((table, "context_id", schema.context) for table in (schema.metric_live, schema.metric_latest)),
    *((table, "context_id", schema.context) for table in (schema.metric_chunk, schema.logged_value)),
)
# Rows that a run or a logged model owns, by the column that says so. Nobody can reach them without their owner, so they
# may be deleted.
OWNED: tuple[Column[int], ...] = (
    *(table.c.owner_id for table in (schema.param, schema.tag, schema.metric_batch, schema.metric_motion)),
    *(table.c.owner_id for table in (schema.metric_live, schema.metric_latest, schema.metric_chunk)),
    *(table.c.owner_id for table in (schema.metric_page, schema.logged_value, schema.console)),
    schema.comment.c.run_id,
)
# Tables of payloads, what reads these, the kind of their faults and what they hold.
PAYLOADS: tuple[tuple[Table, Callable[[bytes], Sized], str, str], ...] = (
    *((table, decode, "points", "points") for table in (schema.metric_batch, schema.metric_chunk, schema.metric_page)),
    (schema.console, decode_lines, "console", "lines"),
)
ABANDONED, DISOWNED, REVIVED = "delete these rows", "leave the object to gc", "keep the object"
OPENED = "forget the cells; charts open the points instead"


def things(connection: Connection) -> int:
    """How many experiments beside MLflow's default, runs, models and files there are."""
    count = _count(connection, schema.experiment, schema.experiment.c.id != 0)
    return count + sum(_count(connection, table, true()) for table in (schema.run, schema.logged_model, entry))


def objects(connection: Connection) -> list[StoredObject]:
    """The objects that files refer to, by id."""
    used = exists().where(entry.c.blob_id == blob.c.id)
    query = select(blob.c.id, blob.c.size, blob.c.blake3).where(used | (blob.c.state == BlobState.LIVE))
    return [StoredObject(*row) for row in connection.execute(query.order_by(blob.c.id))]


def number(connection: Connection) -> int | None:
    """The number that the catalog claims its objects under."""
    counter = schema.counter
    return connection.scalar(select(counter.c.value).where(counter.c.name == NUMBER))


def files_of(connection: Connection, object_id: str) -> list[str]:
    """The files that are this object, with their runs or models."""
    tree = schema.file_tree
    query = (
        select(tree.c.owner_id, entry.c.path)
        .join(tree, tree.c.id == entry.c.tree_id)
        .where(entry.c.blob_id == object_id)
        .limit(SHOWN)
    )
    return [f"{path} of {owner_name(connection, owner_id)}" for owner_id, path in connection.execute(query)]


def known(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the objects that have a row."""
    found: set[str] = set()
    for at in range(0, len(ids), CHUNK):
        found.update(connection.scalars(select(blob.c.id).where(blob.c.id.in_(ids[at : at + CHUNK]))))
    return found


def examine(connection: Connection, delta: Delta, tell: Tell, *, quick: bool) -> Iterator[Fault]:
    """What is wrong inside the catalog, in one snapshot."""
    try:
        revision = check(connection)
        if revision is None:
            yield Fault("schema", "schema_row", "The database holds no catalog")
            return
        if delta.name == "sqlite":
            yield from _integrity(connection)
        yield from _references(connection, tell)
        yield from _objects(connection)
        yield from _chains(connection, delta)
        if not quick:
            yield from _payloads(connection, tell)
    except InvalidState as error:
        yield Fault("schema", "schema_row", error.message)
    except DatabaseError as error:
        yield Fault("database", "catalog", f"The database cannot be read to its end: {error.orig}")


def _integrity(connection: Connection) -> Iterator[Fault]:
    try:
        for (text,) in connection.exec_driver_sql(f"PRAGMA integrity_check({SHOWN})"):
            if text != "ok":
                yield Fault("database", "assay.db", text)
    except DatabaseError as error:
        yield Fault("database", "assay.db", str(error.orig))


def _references(connection: Connection, tell: Tell) -> Iterator[Fault]:
    total = len(REFERENCES) + len(OWNED)
    for done, (table, name, target) in enumerate(REFERENCES, 1):
        column, there = table.c[name], target.c.id
        wrong = ~exists().where(there == column)
        if name == "context_id":
            wrong &= column != 0
        elif table is schema.saved_view:
            wrong &= column != NOWHERE
        count = _count(connection, table, wrong)
        if count:
            first = connection.scalar(select(column).where(wrong).limit(1))
            yield Fault(
                "reference",
                f"{table.name}.{name}",
                f"{count} rows of {table.name} name a {target.name} that does not exist, such as {first}",
            )
        tell("references", done, total)
    for done, owner in enumerate(OWNED, len(REFERENCES) + 1):
        count = _count(connection, owner.table, _ownerless(owner))
        if count:
            text = f"{count} rows of {owner.table.name} belong to no run and no model"
            yield Fault("reference", str(owner), text, ABANDONED)
        tell("references", done, total)


def _count(connection: Connection, table: Table, wrong: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(wrong)) or 0)


def _ownerless(column: Column[int]) -> ColumnElement[bool]:
    wrong = ~exists().where(OWNERS[0].c.id == column)
    for owner in OWNERS[1:]:
        wrong &= ~exists().where(owner.c.id == column)
    return wrong


def _unused() -> ColumnElement[bool]:
    tree = schema.file_tree
    return (
        (blob.c.state == BlobState.LIVE)
        & ~exists().where(entry.c.blob_id == blob.c.id)
        & ~exists().where(tree.c.manifest_blob_id == blob.c.id)
    )


def _forsaken() -> ColumnElement[bool]:
    return (blob.c.state != BlobState.LIVE) & exists().where(entry.c.blob_id == blob.c.id)


def _objects(connection: Connection) -> Iterator[Fault]:
    for id in connection.scalars(select(blob.c.id).where(_unused()).order_by(blob.c.id)):
        yield Fault("object", id, f"The object {id} counts as used, but no file refers to it", DISOWNED)
    for id in connection.scalars(select(blob.c.id).where(_forsaken()).order_by(blob.c.id)):
        yield Fault("object", id, f"The object {id} is used by a file, but waits for deletion", REVIVED)
    sizes = (
        select(entry.c.tree_id, entry.c.path, entry.c.size, blob.c.size)
        .join(blob, blob.c.id == entry.c.blob_id)
        .where(entry.c.size != blob.c.size)
        .limit(SHOWN)
    )
    for tree_id, path, here, there in connection.execute(sizes):
        text = f"The file {path} of tree {tree_id} says {here} bytes, its object {there}"
        yield Fault("file", f"{tree_id}:{path}", text)


def _chains(connection: Connection, delta: Delta) -> Iterator[Fault]:
    """What is wrong with the chains of governed acts, which nobody may mend."""
    store = Unit(connection, delta, lambda: 0).audit
    for id in connection.scalars(select(schema.workspace.c.id)).all():
        scope = Scope(id)
        for finding in islice(verify(store.entries(scope), store.head(scope), id), SHOWN):
            text = f"Record {finding.seq} of the audit chain of workspace {id}: {finding.fault.value}"
            yield Fault("audit", f"{id}:{finding.seq}", text)


def audit(connection: Connection, delta: Delta) -> AuditStore:
    """The chains with their checkpoints. Raises InvalidState for a catalog of an older release."""
    found = check(connection)
    if found is None or found < CHECKPOINTED:
        raise InvalidState(
            f"The catalog has schema {found or 'none'}, which knows no checkpoints",
            field="--store",
            remedy="start this release's server on it once",
        )
    return Unit(connection, delta, lambda: 0).audit


def _payloads(connection: Connection, tell: Tell) -> Iterator[Fault]:
    for table, read, kind, what in PAYLOADS:
        total = _count(connection, table, table.c.count >= 0)
        query = select(table.c.owner_id, table.c.count, table.c.payload).order_by(*table.primary_key.columns)
        shown = 0
        rows = connection.execution_options(yield_per=CHUNK).execute(query)
        for done, (owner_id, count, payload) in enumerate(rows, 1):
            try:
                held = len(read(bytes(payload)))
                text = None if held == count else f"{held} {what} where the row says {count}"
            except Corrupt as error:
                text = error.message
            if text is not None and shown < SHOWN:
                shown += 1
                subject, owner = f"{table.name}:{owner_id}", owner_name(connection, owner_id)
                yield Fault(kind, subject, f"{what.capitalize()} of {owner}: {text}")
            if done % CHUNK == 0 or done == total:
                tell(f"{kind}: {table.name}", done, total)
    yield from _cells(connection)


def _cells(connection: Connection) -> Iterator[Fault]:
    """Owners of chunks whose cells say something else than their points; charts would be wrong."""
    table, wrong = schema.metric_chunk, set[int]()
    query = select(table.c.owner_id, table.c.payload, table.c.cell_shift, table.c.cells)
    rows = connection.execution_options(yield_per=CHUNK).execute(query.where(table.c.cell_shift.is_not(None)))
    for owner_id, payload, shift, cells in rows:
        try:
            points = decode(bytes(payload))
        except Corrupt:  # which was told above
            continue
        try:
            if not stand_for(points, shift, bytes(cells)):
                wrong.add(owner_id)
        except (Corrupt, TypeError):
            wrong.add(owner_id)
    for owner_id in sorted(wrong)[:SHOWN]:
        text = f"Cells of {owner_name(connection, owner_id)} say something else than its points"
        yield Fault("cells", f"{table.name}:{owner_id}", text, OPENED)


def owner_name(connection: Connection, owner_id: int) -> str:
    """The uid of the run or model of this id, for people."""
    for table in OWNERS:
        uid = connection.scalar(select(table.c.uid).where(table.c.id == owner_id))
        if uid is not None:
            return str(uid)
    return str(owner_id)


def repair(connection: Connection, delta: Delta, faults: Sequence[Fault]) -> None:
    """Does what these faults of `examine` say; what they were about is looked at again first."""
    now = int(connection.exec_driver_sql(delta.now_us).scalar_one())
    for fault in faults:
        if fault.repair == ABANDONED:
            (owner,) = [column for column in OWNED if str(column) == fault.subject]
            connection.execute(delete(owner.table).where(_ownerless(owner)))
        elif fault.repair == OPENED:
            chunk = schema.metric_chunk
            mine = chunk.c.owner_id == int(fault.subject.partition(":")[2])
            connection.execute(update(chunk).where(mine).values(cell_shift=None, cells=None))
        elif fault.repair in (DISOWNED, REVIVED):
            here = blob.c.id == fault.subject
            # Locked by a statement of its own, so that the next one sees the references made until then.
            connection.execute(select(blob.c.id).where(here).with_for_update())
            wrong, state = (
                (_unused(), BlobState.CONDEMNED) if fault.repair == DISOWNED else (_forsaken(), BlobState.LIVE)
            )
            connection.execute(update(blob).where(here, wrong).values(state=state, since_us=now))
