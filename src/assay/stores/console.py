"""Console lines in SQL: as they came, many lines a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from assay.core.console import LINES, decode, encode, pieces
from assay.core.tracking import ConsoleLine, Writer
from assay.ports.logged import PrintedLine
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

AT_ONCE = 16  # rows that are fetched together
SMALL = 16 << 10  # bytes of a payload that is written again with what comes next
table = schema.console


class ConsoleStore:
    """See `assay.ports.logged.Console`; who appends holds the run's lock."""

    def __init__(self, unit: Unit) -> None:
        self._connection = unit.connection

    def append(self, run_id: int, sender: Writer, first_seq: int, lines: Sequence[ConsoleLine]) -> None:
        """These lines come after all others of the run; small rows of one writer grow together."""
        last = self._connection.execute(
            select(table).where(table.c.owner_id == run_id).order_by(table.c.line.desc()).limit(1)
        ).first()
        at = 0 if last is None else last.line + last._mapping["count"]
        if last is not None and _grows(last, sender, len(lines)):
            (piece, *others) = list(pieces([*decode(bytes(last.payload)), *lines]))
            mine = table.c.owner_id == run_id, table.c.line == last.line
            self._connection.execute(update(table).where(*mine).values(**_columns(piece)))
            at, seq = last.line + len(piece), first_seq + len(piece) - last._mapping["count"]
        else:
            others, seq = list(pieces(lines)), first_seq
        rows: list[dict[str, Any]] = []
        for piece in others:
            own = {"owner_id": run_id, "line": at, "writer": sender.name, "epoch": sender.epoch, "seq": seq}
            rows.append({**own, **_columns(piece)})
            at, seq = at + len(piece), seq + len(piece)
        if rows:
            self._connection.execute(insert(table), rows)

    def total(self, run_id: int) -> int:
        """How many lines the run has."""
        end = select(table.c.line + table.c.count).where(table.c.owner_id == run_id)
        return self._connection.execute(end.order_by(table.c.line.desc()).limit(1)).scalar_one_or_none() or 0

    def after(self, run_id: int, position: int) -> Iterator[PrintedLine]:
        """The lines from this position on, in the order in which they came."""
        mine = table.c.owner_id == run_id
        at = self._connection.execute(select(func.max(table.c.line)).where(mine, table.c.line <= position)).scalar_one()
        wanted = 0 if at is None else at
        while True:
            query = select(table).where(mine, table.c.line >= wanted).order_by(table.c.line).limit(AT_ONCE)
            rows = self._connection.execute(query).all()
            for row in rows:
                for found in _printed(row):
                    if found.position >= position:
                        yield found
            if len(rows) < AT_ONCE:
                return
            wanted = rows[-1].line + 1

    def before(self, run_id: int, position: int) -> Iterator[PrintedLine]:
        """The lines before this position, the last one first."""
        mine, wanted = table.c.owner_id == run_id, position
        while True:
            query = select(table).where(mine, table.c.line < wanted).order_by(table.c.line.desc()).limit(AT_ONCE)
            rows = self._connection.execute(query).all()
            for row in rows:
                for found in reversed(list(_printed(row))):
                    if found.position < position:
                        yield found
            if len(rows) < AT_ONCE:
                return
            wanted = rows[-1].line


def _grows(last: Any, sender: Writer, count: int) -> bool:
    same = (last.writer, last.epoch) == (sender.name, sender.epoch)
    return same and last._mapping["count"] + count <= LINES and len(last.payload) <= SMALL


def _columns(lines: Sequence[ConsoleLine]) -> dict[str, Any]:
    times = [line.time_us for line in lines]
    return {"count": len(lines), "first_us": min(times), "last_us": max(times), "payload": encode(lines)}


def _printed(row: Any) -> Iterator[PrintedLine]:
    for at, line in enumerate(decode(bytes(row.payload))):
        yield PrintedLine(row.line + at, row.writer, line)
