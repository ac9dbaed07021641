"""Rows written straight into a peer's SQLite file, beside its idle server: what it takes hours to log.

Which columns there are, and what stands in those that nobody here knows, is read from the rows of a run that the
server itself has made. MLflow and FastTrackML both have runs, params, tags, metrics and latest_metrics.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import load
from targets import Target

SAMPLE = "sample-of-a-text"
AT_ONCE = 50_000  # rows a call
FILES = ("mlflow.db", "fml.db")


def file_of(target: Target) -> Path:
    """The SQLite file of a peer."""
    return next(target.folder / name for name in FILES if (target.folder / name).exists())


def sample_run(target: Target) -> str:
    """A run made through the API, with one of everything, whose rows show what the tables want."""
    uid = str(load.new_run(target.url)["run_id"])
    now = time.time_ns() // 1_000_000
    body = {
        "run_id": uid,
        "metrics": [{"key": SAMPLE, "value": 0.25, "timestamp": now, "step": 1}],
        "params": [{"key": SAMPLE, "value": SAMPLE}],
        "tags": [{"key": SAMPLE, "value": SAMPLE}],
    }
    load.call(target.url, "runs/log-batch", body)
    load.call(target.url, "runs/update", {"run_id": uid, "status": "FINISHED", "end_time": now})
    return uid


class Template:
    """A table's row of the sample run: `rows` puts others into its place.

    Args:
        file: The peer's database.
        table: Its table.
        uid: The sample run.
    """

    def __init__(self, file: sqlite3.Connection, table: str, uid: str) -> None:
        where = "run_uuid = ?" if table == "runs" else "run_uuid = ? AND key = ?"
        given = (uid,) if table == "runs" else (uid, SAMPLE)
        cursor = file.execute(f"SELECT * FROM {table} WHERE {where}", given)
        row = cursor.fetchone()
        if row is None:
            raise RuntimeError(f"the sample run has no row in {table}")
        self.table = table
        self._uid = uid
        self.columns = [column[0] for column in cursor.description]
        self._row = dict(zip(self.columns, row, strict=True))
        self.value = next((name for name, value in self._row.items() if name != "key" and value == SAMPLE), "value")

    def statement(self) -> str:
        """An INSERT of all columns."""
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({', '.join('?' * len(self.columns))})"

    def rows(self, names: Sequence[str], values: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """Whole rows of which these columns are given; of those that the table lacks nothing is said.

        The first column must be run_uuid; a text that holds the sample's id, as an address does, holds this one's.
        """
        places = [(self.columns.index(name), at) for at, name in enumerate(names) if name in self.columns]
        row = list(self._row.values())
        told = [at for at, value in enumerate(row) if isinstance(value, str) and self._uid in value]
        for given in values:
            made = list(row)
            for at in told:
                made[at] = made[at].replace(self._uid, given[0])
            for place, at in places:
                made[place] = given[at]
            yield tuple(made)


class PeerFile:
    """The peer's database, written to in one transaction a call, without waiting for the disk."""

    def __init__(self, target: Target) -> None:
        self.uid = sample_run(target)
        self._file = sqlite3.connect(file_of(target), isolation_level=None, timeout=60)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("PRAGMA cache_size = -262144")
        tables = ("runs", "params", "tags", "metrics", "latest_metrics")
        self.templates = {table: Template(self._file, table, self.uid) for table in tables}
        self.row_num = self._last_number()

    def _last_number(self) -> int:
        if "row_num" not in self.templates["runs"].columns:
            return 0
        return int(self._file.execute("SELECT max(row_num) FROM runs").fetchone()[0])

    def put(self, table: str, names: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
        """The rows lie in the table."""
        template = self.templates[table]
        statement, rows = template.statement(), template.rows(names, values)
        self._file.execute("BEGIN IMMEDIATE")
        while some := list(islice(rows, AT_ONCE)):
            self._file.executemany(statement, some)
        self._file.execute("COMMIT")

    def value_of(self, table: str) -> str:
        """The column that holds a text as it was logged."""
        return self.templates[table].value

    def size(self) -> int:
        """Bytes of the file, without the pages that are free."""
        held, free, page = (
            self._file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((held - free) * page)

    def close(self) -> None:
        """The file is the server's alone again."""
        self._file.close()


def put_history(
    peer: PeerFile, uid: str, key: str, columns: tuple[Sequence[int], Sequence[int], Sequence[float]]
) -> None:
    """The points of one key, as if logged: steps, times in milliseconds, values."""
    names = ("run_uuid", "key", "step", "timestamp", "value", "is_nan", "iter")
    points = zip(*columns, strict=True)
    peer.put("metrics", names, ((uid, key, *point, 0, at) for at, point in enumerate(points, 1)))
    last = (uid, key, columns[0][-1], columns[1][-1], columns[2][-1], 0, len(columns[0]))
    peer.put("latest_metrics", (*names[:-1], "last_iter"), [last])
