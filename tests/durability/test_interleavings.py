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
from support.stores import open_store

from assay.blobs.local import LocalBlobs
from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services.branches import BranchService
from assay.services.files import FileService, RunFiles
from assay.services.runs import RunService
from assay.stores.schema import blob, tree_entry

SCOPE = Scope()
PATHS, CONTENTS = ("a", "folder/b"), (b"", b"one", b"two" * 30_000)
KEYS = ("loss", "accuracy")
PART = 4  # points of each key in a batch

schedules = st.lists(st.integers(0, 5), min_size=1, max_size=12)
put = st.tuples(st.just("put"), st.tuples(st.sampled_from(PATHS), st.integers(0, len(CONTENTS) - 1)))
delete = st.tuples(st.just("delete"), st.sampled_from(PATHS))
look = st.tuples(st.just("look"), st.sampled_from(PATHS))
gc = st.tuples(st.just("gc"), st.none())
file_programs = st.lists(st.lists(put | delete | gc | look, min_size=3, max_size=8), min_size=2, max_size=4)
append = st.tuples(st.just("append"), st.none())
compact = st.tuples(st.just("compact"), st.none())
read = st.tuples(st.just("read"), st.none())
rewind = st.tuples(st.just("rewind"), st.integers(-1, 30))
point_programs = st.lists(st.lists(append | compact | read | rewind, min_size=3, max_size=8), min_size=2, max_size=4)


def new_uid() -> str:
    return uuid.uuid4().hex


class Slow(LocalBlobs):
    """Objects whose deletion takes a while."""

    delays: Delays

    def delete(self, id: str) -> None:
        self.delays.pause()
        super().delete(id)
        self.delays.pause()


class Stage:
    """A store whose statements are delayed, and the services over it."""

    def __init__(self, store: Any, folder: Path) -> None:
        self.store = store
        self.delays = Delays()
        self.delays.watch(store)
        self.folder = folder / "files"
        blobs = Slow(self.folder)
        blobs.delays = self.delays
        self.files = FileService(store, blobs, new_uid)
        self.runs = RunService(store, new_uid)
        self.branches = BranchService(store, new_uid)

    def new_run(self) -> str:
        return self.runs.create(SCOPE, 0, name="run").run.uid


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One store for all examples, each of which has a run of its own."""
    folder = tmp_path_factory.mktemp("stage")
    with open_store(request.param, folder, lambda: request.getfixturevalue("database_server")) as store:
        yield Stage(store, folder)


class Files:
    """Acts on the files of a run."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.uid = stage.new_run()
        self.place = RunFiles(self.uid)

    def do(self, kind: str, given: Any) -> None:
        if kind == "put":
            asyncio.run(self.stage.files.put(SCOPE, self.place, given[0], _chunks(CONTENTS[given[1]])))
        elif kind == "delete":
            asyncio.run(self.stage.files.delete(SCOPE, self.place, given))
        elif kind == "gc":
            self.stage.files.collect(0)
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
def test_no_reference_ever_dangles(stage: Stage, programs: list[list[tuple[str, Any]]], schedule: list[int]) -> None:
    files, play = Files(stage), Play()
    stage.delays.use(schedule)
    play.run(programs, files.do)
    stage.delays.use([0])
    stage.files.collect(0)
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
        self.appended: dict[int, int] = {}  # the first step of each append, by its thread's act
        self._numbers = itertools.count()

    def do(self, kind: str, given: Any) -> None:
        if kind == "append":
            self.append(given)
        elif kind == "compact":
            self.stage.store.settle(-1)
        elif kind == "rewind":
            self.stage.branches.rewind(SCOPE, self.uid, given)
        else:
            self.read()

    def append(self, first: int) -> None:
        steps = list(range(first, first + PART))
        keys = [key for key in KEYS for _ in steps]
        values = [float(step) for step in steps] * len(KEYS)
        self.stage.runs.log(SCOPE, Logged(self.uid, keys, values, steps * len(KEYS), steps * len(KEYS))).result()

    def read(self) -> list[int]:
        """The steps that every key has."""
        with self.stage.store.read() as unit:
            run_id = unit.runs.get(SCOPE, self.uid).id
            found = [unit.points.history(SCOPE, run_id, key) for key in KEYS]
            latest = {item.key: item.step for item in unit.points.latest([run_id]).get(run_id, [])}
        steps = [points.step.tolist() for points in found]
        assert steps[0] == steps[1], "one key's part of a batch without the other's"
        assert len(set(steps[0])) == len(steps[0]), "points are there twice"
        assert [points.value.tolist() for points in found] == [[float(step) for step in steps[0]]] * len(KEYS)
        assert set(latest.values()) <= {max(steps[0], default=None)} and (len(latest) == len(KEYS)) == bool(steps[0])
        return [int(step) for step in steps[0]]


def _numbered(programs: list[list[tuple[str, Any]]]) -> list[list[tuple[str, Any]]]:
    """Each append with steps of its own."""
    numbers = itertools.count()
    return [
        [(kind, next(numbers) * PART if kind == "append" else given) for kind, given in program] for program in programs
    ]


@settings(max_examples=length(25, 500), phases=[Phase.generate])
@given(programs=point_programs, schedule=schedules)
def test_no_point_is_ever_lost_or_torn(
    stage: Stage, programs: list[list[tuple[str, Any]]], schedule: list[int]
) -> None:
    points, play = Points(stage), Play()
    stage.delays.use(schedule)
    play.run(_numbered(programs), points.do)
    stage.delays.use([0])
    for settled in (False, True):
        if settled:
            stage.store.settle(-1)
        found, rewinds = set(points.read()), play.done("rewind")
        appended = set()
        for act in play.done("append"):
            for step in range(act.given, act.given + PART):
                appended.add(step)
                cuts = [cut for cut in rewinds if step > cut.given]
                if all(cut.ended < act.began for cut in cuts):
                    assert step in found, f"step {step} is lost"
                if any(cut.began > act.ended for cut in cuts):
                    assert step not in found, f"step {step} was rewound"
        assert found <= appended
