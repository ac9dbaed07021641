"""Under any interleaving of statements no reference dangles, no reading is torn, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from durability.catalog import LIVE
from durability.schedules import Delays, Play
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import exists, select
from support.length import length
from support.postgres import fresh_database
from support.stores import open_store, random

from assay.blobs.local import LocalBlobs
from assay.core.points import chunks, pages, tails
from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services.branches import BranchService
from assay.services.files import FileService, RunFiles
from assay.services.runs import RunService
from assay.stores.postgres import PostgresStore
from assay.stores.schema import blob, tree_entry
from assay.testing import inside

SCOPE = Scope()
PATHS, CONTENTS = ("a", "folder/b"), (b"", b"one", b"two" * 30_000)
KEYS = ("loss", "accuracy")
PART = 4  # points of each key in a batch, at most
STORES = 2  # servers that share a database, where they can

schedules = st.lists(st.integers(0, 5), min_size=1, max_size=12)
where = st.integers(0, STORES - 1)


def acts(kind: str, given: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any, int]]:
    """Acts of a kind, at any of the stores."""
    return st.tuples(st.just(kind), given, where)


put = acts("put", st.tuples(st.sampled_from(PATHS), st.integers(0, len(CONTENTS) - 1)))
delete = acts("delete", st.sampled_from(PATHS))
look = acts("look", st.sampled_from(PATHS))
gc = acts("gc", st.none())
file_programs = st.lists(st.lists(put | delete | gc | look, min_size=3, max_size=8), min_size=2, max_size=4)
append = acts("append", st.integers(1, PART))
compact = acts("compact", st.none())
read = acts("read", st.none())
rewind = acts("rewind", st.integers(-1, 30))
# Most acts append, so that tails grow long.
point_programs = st.lists(
    st.lists(append | append | append | compact | read | rewind, min_size=3, max_size=12), min_size=2, max_size=4
)


def new_uid() -> str:
    return uuid.uuid4().hex


class Slow(LocalBlobs):
    """Objects whose deletion takes a while."""

    delays: Delays

    def delete(self, id: str) -> None:
        self.delays.pause()
        super().delete(id)
        self.delays.pause()


class Server:
    """A store whose statements are delayed, and the services over it."""

    def __init__(self, store: Any, folder: Path, delays: Delays) -> None:
        self.store = store
        delays.watch(store)
        blobs = Slow(folder)
        blobs.delays = delays
        self.files = FileService(store, blobs, new_uid)
        self.runs = RunService(store, new_uid)
        self.branches = BranchService(store, new_uid)


class Stage:
    """Servers over one catalog and one folder of objects."""

    def __init__(self, stores: list[Any], folder: Path) -> None:
        self.delays = Delays()
        self.folder = folder / "files"
        self._servers = [Server(store, self.folder, self.delays) for store in stores]
        self.store = stores[0]

    def at(self, where: int) -> Server:
        """The server of this number; SQLite has but one."""
        return self._servers[where % len(self._servers)]

    def new_run(self) -> str:
        return self.at(0).runs.create(SCOPE, 0, name="run").run.uid


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """Tails, pages and chunks so small that a few appends fold and compact them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tails, "TAIL_BATCHES", 3)
        patch.setattr(tails, "FOLDED", 4)
        patch.setattr(chunks, "FULL", 5)
        patch.setattr(chunks, "ENOUGH", 3)
        patch.setattr(pages, "SMALL", 4)
        patch.setattr(pages, "FULL", 5)
        yield


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One catalog for all examples, each of which has a run of its own."""
    folder = tmp_path_factory.mktemp("stage")
    if request.param == "sqlite":
        with open_store("sqlite", folder, lambda: None) as store:
            yield Stage([store], folder)
        return
    address = fresh_database(request.getfixturevalue("database_server"))
    stores = [PostgresStore(address, f"test {number}", random) for number in range(STORES)]
    try:
        yield Stage(stores, folder)
    finally:
        for store in stores:
            store.close()


class Files:
    """Acts on the files of a run."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.uid = stage.new_run()
        self.place = RunFiles(self.uid)

    def do(self, kind: str, given: Any, where: int) -> None:
        files = self.stage.at(where).files
        if kind == "put":
            asyncio.run(files.put(SCOPE, self.place, given[0], _chunks(CONTENTS[given[1]])))
        elif kind == "delete":
            asyncio.run(files.delete(SCOPE, self.place, given))
        elif kind == "gc":
            files.collect(0)
        else:
            self.look(given)

    def named(self, path: str) -> str | None:
        """The object that the path names."""
        with self.stage.store.read() as unit:
            file = unit.files.get(unit.runs.get(SCOPE, self.uid).id, path)
            return None if file is None else str(file.blob_id)

    def look(self, path: str) -> bytes | None:
        """The bytes at the path. Where they are gone, the path has come to name others meanwhile."""
        while (id := self.named(path)) is not None:
            try:
                return (self.stage.folder / id[:2] / id).read_bytes()
            except FileNotFoundError:
                assert self.named(path) != id, f"{path} names the object {id}, which is gone"
        return None


def check_all(stage: Stage) -> None:
    """Whatever any example left behind: what a path names is live, and lies there."""
    with stage.store.read() as unit:
        named = select(tree_entry.c.path, blob.c.id, blob.c.state).outerjoin(blob, blob.c.id == tree_entry.c.blob_id)
        for path, id, state in unit.connection.execute(named):
            assert state == LIVE, f"{path} names an object in state {state}"
            assert (stage.folder / id[:2] / id).is_file(), f"{path} names the object {id}, which is gone"
        forgotten = select(blob.c.id).where(blob.c.state == LIVE, ~exists().where(tree_entry.c.blob_id == blob.c.id))
        assert list(unit.connection.scalars(forgotten)) == [], "nobody refers to these, and gc will never take them"


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 40_000):
        yield data[at : at + 40_000]


@settings(max_examples=length(25, 500), phases=[Phase.generate])
@given(programs=file_programs, schedule=schedules)
def test_no_reference_ever_dangles(
    stage: Stage, programs: list[list[tuple[str, Any, int]]], schedule: list[int]
) -> None:
    files, play = Files(stage), Play()
    stage.delays.use(schedule)
    play.run(programs, files.do)
    stage.delays.use([0])
    stage.at(0).files.collect(0)
    check_all(stage)
    for path in PATHS:
        acts = [
            act for act in play.done("put", "delete") if (act.given if act.kind == "delete" else act.given[0]) == path
        ]
        last = [act for act in acts if not any(other.began > act.ended for other in acts)]
        allowed = [None if act.kind == "delete" else CONTENTS[act.given[1]] for act in last] or [None]
        assert files.look(path) in allowed, f"{path} holds what nobody wrote there last"


class Points:
    """Acts on the points of a run; each batch brings the same steps of every key."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.uid = stage.new_run()

    def do(self, kind: str, given: Any, where: int) -> None:
        server = self.stage.at(where)
        if kind == "append":
            self.append(server, *given)
        elif kind == "compact":
            server.store.settle(-1)
        elif kind == "rewind":
            server.branches.rewind(SCOPE, self.uid, given)
        else:
            self.read(server)

    def append(self, server: Server, first: int, count: int) -> None:
        steps = list(range(first, first + count))
        keys = [key for key in KEYS for _ in steps]
        values = [float(step) for step in steps] * len(KEYS)
        server.runs.log(SCOPE, Logged(self.uid, keys, values, steps * len(KEYS), steps * len(KEYS))).result()

    def check(self) -> None:
        """What lies in the tables is sound."""
        with self.stage.store.read() as unit:
            run_id = unit.runs.get(SCOPE, self.uid).id
        inside.check(inside.layout(self.stage.store, run_id))

    def read(self, server: Server) -> list[int]:
        """The steps that every key has."""
        with server.store.read() as unit:
            run_id = unit.runs.get(SCOPE, self.uid).id
            found = [unit.points.history(SCOPE, run_id, key) for key in KEYS]
            latest = {item.key: item.step for item in unit.points.latest([run_id]).get(run_id, [])}
        steps = [points.step.tolist() for points in found]
        assert steps[0] == steps[1], "one key's part of a batch without the other's"
        assert len(set(steps[0])) == len(steps[0]), "points are there twice"
        assert [points.value.tolist() for points in found] == [[float(step) for step in steps[0]]] * len(KEYS)
        assert set(latest.values()) <= {max(steps[0], default=None)} and (len(latest) == len(KEYS)) == bool(steps[0])
        return [int(step) for step in steps[0]]


def _numbered(programs: list[list[tuple[str, Any, int]]]) -> list[list[tuple[str, Any, int]]]:
    """Each append with steps of its own: the first one, and how many."""
    numbers = itertools.count()
    return [
        [(kind, (next(numbers) * PART, given) if kind == "append" else given, where) for kind, given, where in program]
        for program in programs
    ]


@settings(max_examples=length(25, 500), phases=[Phase.generate])
@given(programs=point_programs, schedule=schedules)
def test_no_point_is_ever_lost_or_torn(
    stage: Stage, programs: list[list[tuple[str, Any, int]]], schedule: list[int]
) -> None:
    points, play = Points(stage), Play()
    stage.delays.use(schedule)
    play.run(_numbered(programs), points.do)
    stage.delays.use([0])
    for settled in (False, True):
        if settled:
            stage.store.settle(-1)
        points.check()
        found, rewinds = set(points.read(stage.at(0))), play.done("rewind")
        appended = set()
        for act in play.done("append"):
            first, count = act.given
            for step in range(first, first + count):
                appended.add(step)
                cuts = [cut for cut in rewinds if step > cut.given]
                if all(cut.ended < act.began for cut in cuts):
                    assert step in found, f"step {step} is lost"
                if any(cut.began > act.ended for cut in cuts):
                    assert step not in found, f"step {step} was rewound"
        assert found <= appended


def test_the_busiest_statements_are_delayed_too(stage: Stage) -> None:
    """Those that go to the driver itself: locking, appending, folding, compacting, adding a file."""
    points, files = Points(stage), Files(stage)
    stage.delays.seen.clear()
    for number in range(50):  # small batches, from both and from one of the servers, then large ones
        points.do("append", (number * PART, 1 + number // 30 * 3), number if number // 10 != 1 else 0)
    files.do("put", ("a", 1), 0)
    seen = "\n".join(stage.delays.seen)
    for words in (
        "SELECT head",
        "INTO metric_batch",
        "FROM metric_batch",
        "batches - ",
        "INTO metric_chunk",
    ):
        assert words in seen
    assert "INTO blob" in seen
    assert ("WITH written_0" in seen) == (stage.at(0) is not stage.at(1))
    for words in ("WITH head", "gone AS"):
        assert (words in seen) == (stage.at(0) is not stage.at(1))
