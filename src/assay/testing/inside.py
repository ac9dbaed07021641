"""What lies in the tables of an SQL store: for promises about how things are kept, which no port shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from assay.core.points.payload import decode
from assay.ports.store import Store
from assay.stores import schema

batch, chunk, page = schema.metric_batch, schema.metric_chunk, schema.metric_page
live, latest, motion = schema.metric_live, schema.metric_latest, schema.metric_motion


@dataclass(frozen=True)
class Layout:
    """Where an owner's points lie."""

    batches: int
    batch_bytes: int
    chunks: list[Any]  # rows in the order of (key, context, first step, first time)
    pages: list[Any]  # rows in the order of (first key, first context)
    live: int
    latest: int
    counted: tuple[int, int] | None  # batches and their bytes, as the owner's motion has them; None at rest

    @property
    def in_motion(self) -> bool:
        """Whether something was logged since it was last settled."""
        return self.counted is not None


def settle(store: Store) -> None:
    """Everything that is in motion comes to rest now, also what was logged this very millisecond."""
    settle_older: Any = store
    settle_older.settle(-10_000)


def layout(store: Store, owner_id: int) -> Layout:
    """Where the owner's points lie now."""
    with store.read() as unit:
        run = _connection(unit).execute
        count, size = run(
            select(func.count(), func.coalesce(func.sum(func.length(batch.c.payload)), 0)).where(
                batch.c.owner_id == owner_id
            )
        ).one()
        chunks = run(
            select(chunk)
            .where(chunk.c.owner_id == owner_id)
            .order_by(chunk.c.key_id, chunk.c.context_id, chunk.c.first_step, chunk.c.first_us)
        ).all()
        pages = run(
            select(page).where(page.c.owner_id == owner_id).order_by(page.c.first_key_id, page.c.first_context_id)
        ).all()
        lives, latests = (
            run(select(func.count()).where(table.c.owner_id == owner_id)).scalar_one() for table in (live, latest)
        )
        counted = run(select(motion.c.batches, motion.c.bytes).where(motion.c.owner_id == owner_id)).one_or_none()
    here = None if counted is None else (int(counted.batches), int(counted.bytes))
    return Layout(count, int(size), list(chunks), list(pages), lives, latests, here)


def check(found: Layout) -> None:
    """Asserts what always holds of an owner's points: a short and counted tail, pieces apart, true summaries."""
    assert found.batches <= 32
    assert found.batch_bytes <= 256 * 1024
    if found.counted is None:
        assert found.batches == 0, "an owner at rest has batches"
    else:  # when a tail is compacted is decided by these, not by what lies there
        assert found.counted[0] == found.batches, "batches are counted wrongly"
        assert found.counted[1] == found.batch_bytes, "bytes are counted wrongly"
    assert not (found.live and found.latest), "latest values lie in both tables"
    assert not found.latest or not found.in_motion
    for before, after in zip(found.chunks, found.chunks[1:], strict=False):
        if (before.key_id, before.context_id) == (after.key_id, after.context_id):
            assert (before.last_step, before.last_us) < (after.first_step, after.first_us), "chunks overlap"
    for row in found.chunks:
        points = decode(row.payload)
        position = list(zip(points.step.tolist(), points.time_us.tolist(), strict=True))
        assert position == sorted(position)
        assert (position[0], position[-1]) == ((row.first_step, row.first_us), (row.last_step, row.last_us))
        assert len(points) == row._mapping["count"]
        assert set(points.key.tolist()) == {row.key_id}
        assert set(points.context.tolist()) == {row.context_id}
    chunked = {(row.key_id, row.context_id) for row in found.chunks}
    for before, after in zip(found.pages, found.pages[1:], strict=False):
        end = (before.last_key_id, before.last_context_id)
        assert end < (after.first_key_id, after.first_context_id), "pages overlap"
    for row in found.pages:
        points = decode(row.payload)
        series = list(zip(points.key.tolist(), points.context.tolist(), strict=True))
        assert series == sorted(series)
        assert (series[0], series[-1]) == (
            (row.first_key_id, row.first_context_id),
            (row.last_key_id, row.last_context_id),
        )
        assert not chunked & set(series), "a series lies in a page and in chunks"
        assert len(points) == row._mapping["count"]


def silence(store: Store, run_id: int, for_us: int) -> None:
    """The run's writers were last seen so much earlier."""
    table = schema.writer
    earlier = update(table).where(table.c.run_id == run_id).values(seen_us=table.c.seen_us - for_us)
    store.write(lambda unit: _connection(unit).execute(earlier).rowcount)


def ahead(store: Store, table_name: str, id: int, by_us: int) -> int:
    """The row was last changed in the future, as if the clock had been set back since; when that is."""
    table = schema.metadata.tables[table_name]

    def work(unit: Any) -> int:
        later = update(table).where(table.c.id == id).values(updated_us=table.c.updated_us + by_us)
        _connection(unit).execute(later)
        return int(_connection(unit).execute(select(table.c.updated_us).where(table.c.id == id)).scalar_one())

    return store.write(work)


def _connection(unit: Any) -> Any:
    return unit.connection
