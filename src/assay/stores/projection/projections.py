"""The projections of a store: which workspaces have one, who builds it, and when it is given back."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.stores import schema
from assay.stores.projection import reading
from assay.stores.projection.columns import Name
from assay.stores.projection.marks import BOUND, Flights
from assay.stores.projection.masks import Unserved, names_of
from assay.stores.projection.projection import Projection
from assay.stores.projection.rows import Unfit, is_loaded
from assay.stores.search import Asked
from assay.stores.tokens import digest_of, write_token
from assay.wire.errors import AssayError

if TYPE_CHECKING:
    from assay.stores.unit import Unit

log = logging.getLogger(__name__)

PATIENCE_S = 5.0  # how long a search waits for those before it, which is seldom longer than SQL takes
SHARE = 50  # of many runs, one in so many is read again rather than that SQL looks at all
RECONSIDERED_S = 10.0  # after which a workspace that was too small may have grown
ATTEMPTS = 3  # searches that met runs which are no more
WAKE_S = 30.0
LOOK_S = 0.02  # while somebody waits
REMEMBERED = 10_000  # workspaces that are too small


@dataclass(frozen=True, slots=True)
class Sizes:
    """When runs are held as columns, and how many."""

    least_runs: int = 2_000  # of a workspace; SQL is as fast below
    read_at_once_runs: int = 20_000  # up to which a search itself reads what it lacks
    most_runs: int = 5_000_000
    most_bytes: int = 1 << 30  # of all workspaces
    most_changed: int = 2_000  # runs that a search reads again; of more, it is rather SQL that answers: see SHARE
    idle_s: float = 900.0


class Found(NamedTuple):
    """A page: rows of the table of runs, and the token of the next page."""

    rows: list[Any]
    token: str | None


class Projections:
    """Answers searches from memory where it can; None always means: ask SQL.

    Args:
        read: Opens a unit that reads.
        sizes: Bounds.
    """

    def __init__(self, read: Callable[[], AbstractContextManager[Any]], sizes: Sizes | None = None) -> None:
        self.flights = Flights()
        self.served = 0  # searches answered from here
        self.failed = 0  # searches that should have been
        self._read = read
        self._sizes = sizes or Sizes()
        self._live: dict[int, Projection] = {}
        self._small: dict[int, float] = {}  # workspaces, and when they are looked at again
        self._door = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[int, frozenset[Name]] | None] = queue.SimpleQueue()
        self._asked: set[tuple[int, frozenset[Name]]] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def search(self, unit: Unit, asked: Asked) -> Found | None:
        """A page of runs, which the unit's snapshot shows; that is taken anew.

        Raises:
            InvalidInput: The token is not one of this query.
        """
        try:
            names = {name for name in names_of(asked.where, asked.order) if is_loaded(name)}
        except Unserved:
            return None
        digest = digest_of(asked.what)
        for _ in range(ATTEMPTS):
            projection = self._ready(unit, asked.workspace_id)
            if projection is None or not projection.lock.acquire(timeout=PATIENCE_S):
                return None
            try:
                if not self._brought(unit, projection, names):
                    return None
                ids, lasts = projection.page(names, asked, digest)
            except AssayError:
                raise
            except Exception:
                self.failed += 1
                self._drop(projection)
                log.exception("Runs are searched by SQL until their columns are built anew")
                unit.renew()
                return None
            finally:
                projection.lock.release()
            rows = _run_rows(unit, ids)
            if len(rows) == len(ids):
                self.served += 1
                return Found(rows[: asked.limit], write_token(digest, lasts[0]) if len(ids) > asked.limit else None)
            with projection.lock:
                projection.forget(set(ids) - {row.id for row in rows})
        return None

    def is_coming(self, workspace_id: int) -> bool:
        """Whether columns of this workspace are being read, or will be next."""
        with self._door:
            return any(asked == workspace_id for asked, _ in self._asked)

    def wait(self, workspace_id: int, most_s: float) -> None:
        """Returns when they have been read, or after so long."""
        until_s = time.monotonic() + most_s
        while self.is_coming(workspace_id) and time.monotonic() < until_s:
            time.sleep(LOOK_S)

    def _ready(self, unit: Unit, workspace_id: int) -> Projection | None:
        """The workspace's projection, which may be built now if that takes no time."""
        projection = self._live.get(workspace_id)
        if projection is not None and projection.is_worn():
            self._drop(projection)
            projection = None
        if projection is not None or self._closed:
            return projection
        now_s = time.monotonic()
        if now_s < self._small.get(workspace_id, 0.0) or (workspace_id, frozenset()) in self._asked:
            return None
        sizes = self._sizes
        count = reading.count_runs(unit, workspace_id, sizes.read_at_once_runs + 1)
        if count >= sizes.least_runs and count > sizes.read_at_once_runs:
            self._ask(workspace_id, frozenset())
            return None
        if count >= sizes.least_runs:
            return self._start(unit, workspace_id)
        if len(self._small) > REMEMBERED:
            self._small.clear()
        self._small[workspace_id] = now_s + RECONSIDERED_S
        return None

    def _start(self, unit: Unit, workspace_id: int) -> Projection | None:
        projection = Projection(workspace_id, self.flights)
        try:
            projection.start(unit)
        except Unfit:
            projection.close()
            self._small[workspace_id] = time.monotonic() + self._sizes.idle_s
            return None
        except BaseException:
            projection.close()
            raise
        with self._door:
            older, self._live[workspace_id] = self._live.get(workspace_id), projection
            self._wake()
        if older is not None:
            older.close()
        return projection

    def _drop(self, projection: Projection) -> None:
        projection.close()
        with self._door:
            if self._live.get(projection.workspace_id) is projection:
                del self._live[projection.workspace_id]

    def _leave(self, projection: Projection) -> None:
        """SQL answers for a while: this workspace, or this database, cannot be served from memory."""
        self._drop(projection)
        self._small[projection.workspace_id] = time.monotonic() + self._sizes.idle_s

    def _brought(self, unit: Unit, projection: Projection, names: set[Name]) -> bool:
        """Whether the projection shows what the unit does, and has these columns."""
        workspace_id = projection.workspace_id
        if self._live.get(workspace_id) is not projection:
            return False
        try:
            if not projection.refresh(unit, max(self._sizes.most_changed, projection.count // SHARE)):
                if projection.is_blind:
                    self._leave(projection)
                else:
                    self._ask(workspace_id, frozenset())
                return False
        except Unfit:
            self._leave(projection)
            return False
        lacking = projection.lacking(unit, names)
        if lacking and projection.count > self._sizes.read_at_once_runs:
            self._ask(workspace_id, frozenset(lacking))
            return False
        if lacking:  # from the same snapshot: nothing changes meanwhile
            load, missing = projection.expect(lacking)
            projection.install(projection.read(unit, missing), load, self._room(projection))
            return not projection.lacking(unit, names)
        return True

    def bytes(self) -> int:
        """About what all of them take."""
        return sum(projection.bytes() for projection in list(self._live.values()))

    def _room(self, projection: Projection) -> int:
        others = sum(other.bytes() for other in list(self._live.values()) if other is not projection)
        return max(self._sizes.most_bytes - others, 0)

    def _ask(self, workspace_id: int, names: frozenset[Name]) -> None:
        """The workspace's projection is brought up to date soon, and has these columns then."""
        job = (workspace_id, names)
        with self._door:
            if self._closed or job in self._asked:
                return
            self._asked.add(job)
            self._jobs.put(job)
            self._wake()

    def _wake(self) -> None:
        """There is a thread that reads, and gives back; the caller holds the door."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="assay-projection", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            try:
                job = self._jobs.get(timeout=WAKE_S)
            except queue.Empty:
                job = None
            if job is not None:
                try:
                    self._do(*job)
                except Exception as error:  # noqa: BLE001 -- SQL answers, and the next search asks again
                    log.warning("Runs could not be read as columns, and will be again: %s", error)
                with self._door:
                    self._asked.discard(job)
            self._give_back()

    def _do(self, workspace_id: int, names: frozenset[Name]) -> None:
        projection = self._live.get(workspace_id)
        if projection is not None and projection.is_worn():
            self._drop(projection)
            projection = None
        if projection is None:
            self._build(workspace_id)
        elif not names:
            with self._read() as unit, projection.lock:
                if not projection.refresh(unit, BOUND):
                    projection.listener.overrun = True  # it is built anew when it is asked for
        else:
            with projection.lock:
                load, missing = projection.expect(names)
            try:
                with self._read() as unit:
                    read = projection.read(unit, missing)
            except BaseException:
                read = {}
                raise
            finally:
                with projection.lock:
                    projection.install(read, load, self._room(projection))

    def _build(self, workspace_id: int) -> None:
        sizes = self._sizes
        with self._read() as unit:
            count = reading.count_runs(unit, workspace_id, sizes.most_runs + 1)
            if sizes.least_runs <= count <= sizes.most_runs:
                projection = self._start(unit, workspace_id)
                if projection is None or self._room(projection) > projection.bytes():
                    return
                self._drop(projection)
            self._small[workspace_id] = time.monotonic() + sizes.idle_s

    def _give_back(self) -> None:
        """What nobody has used for long is gone."""
        before_s = time.monotonic() - self._sizes.idle_s
        for projection in list(self._live.values()):
            if projection.used_s < before_s:
                self._drop(projection)

    def close(self) -> None:
        """Nothing is read any more; what is being read ends first."""
        with self._door:
            self._closed = True
            self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()


class RunRow(NamedTuple):
    """A row of the table of runs: what `as_run` reads."""

    id: int
    uid: str
    experiment_id: int
    name: str
    status: str
    lifecycle: str
    parent_uid: str | None
    user_name: str
    start_us: int | None
    end_us: int | None
    created_us: int
    updated_us: int
    deleted_us: int | None
    stop_us: int | None


def _run_rows(unit: Unit, ids: Sequence[int]) -> list[RunRow]:
    """The rows of these runs, in this order, but for those that are no more."""
    columns = ", ".join(schema.run.c[name].name for name in RunRow._fields)
    found = {row[0]: RunRow(*row) for row in reading.asked(unit, f"SELECT {columns} FROM run WHERE id", [], ids)}  # noqa: S608 -- our own names
    return [found[id] for id in ids if id in found]
