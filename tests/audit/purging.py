"""A house whose actor may purge, and runs that have something in every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from assay.core.purge import DAY_US
from assay.core.scope import HOME, Scope
from assay.core.tracking import (
    ConsoleLine,
    Dataset,
    DatasetInput,
    Logged,
    LoggedValue,
    ModelPoint,
    ModelUse,
    Stream,
    Writer,
)
from assay.services.purge import PurgeService
from assay.stores import schema
from assay.testing.house import House


@dataclass
class Purging(House):
    """A house whose actor may purge."""

    def __post_init__(self) -> None:
        House.__post_init__(self)
        self.purges = PurgeService(self.store, lambda: bytes(range(32)))
        self.governor = Scope(self.scope.workspace_id, HOME)

    def purge(self, ids: list[str] | None = None, **given: Any) -> Any:
        given.setdefault("grace_days", 0)
        return self.purges.purge(self.governor, ids, **given)

    def rich_run(self) -> str:
        """A run that has something in every table."""
        uid = self.run()
        self.note(uid, {"lr": "0.1"}, {"team": "a"})
        value = LoggedValue("note", 0, 0, 0, "text", '"x"')
        writer = Writer("w", "points", 0, 0)
        self.runs.log(
            self.scope,
            Logged(
                uid,
                ["loss"],
                [1.0],
                [0],
                [0],
                rows=[0],
                contexts=[{"split": "test"}],
                logged_values=[value],
                writer=writer,
            ),
        ).result()
        self.configs.merge(self.scope, uid, {"a": {"b": 1}})
        printed = ConsoleLine(Stream.STDOUT, 0, "epoch 1")
        self.console.append(self.scope, uid, Writer("w", "points", 0, 2), [printed])
        self.groups.join(self.scope, self.experiment_id, "group", uid)
        self.runs.add_inputs(self.scope, uid, [DatasetInput(Dataset("d", "1", "local", "{}"))], [])
        model = self.model_of(uid)
        self.runs.add_outputs(self.scope, uid, [ModelUse(model)])
        self.log(uid, "long", list(range(5_000)))
        self.store.settle(-1)  # chunks, a page, latest values
        points = [ModelPoint(model, "auc", 0.5, 0, 0)]
        self.runs.log(
            self.scope, Logged(uid, ["loss"], [2.0], [1], [1], model_points=points)
        ).result()  # in motion again
        head = self.head(uid)
        self.store.write(lambda unit: unit.names.bind(self.scope, "run", "d", "c", uid, head.id, fold=False))
        self.put(head.id, "a/b.txt", f"blob{uid}")
        self.comments.add(self.scope, uid, "see step 0", key="loss", step=0)
        return uid

    def model_of(self, uid: str) -> str:
        return self.models.create(self.scope, self.experiment_id, name="m", run_uid=uid, params={"p": "1"}).uid

    def put(self, owner_id: int, path: str, blob_id: str) -> None:
        """A file; equal paths have equal content, so that later ones share the first one's object."""

        def work(unit: Any) -> None:
            unit.blobs.stage(self.scope, blob_id)
            unit.files.put(self.scope, owner_id, path, blob_id, 1, path)

        self.store.write(work)

    def rows(self, ids: list[int]) -> dict[str, int]:
        """How many rows of each table name one of these ids in any column that could."""
        found: dict[str, int] = {}
        with self.store.read() as unit:
            for table in schema.metadata.sorted_tables:
                for column in table.c:
                    wide = str(column.type) == "BIGINT"
                    if wide and column.name in ("id", "owner_id", "run_id", "subject_id", "object_id"):
                        count = unit.connection.execute(select(func.count()).where(column.in_(ids))).scalar_one()
                        if count:
                            found[str(column)] = count
        return found

    def blobs(self) -> dict[str, int]:
        """The states of this workspace's objects."""
        blob = schema.blob
        with self.store.read() as unit:
            query = select(blob.c.id, blob.c.state).where(blob.c.workspace_id == self.scope.workspace_id)
            return {row.id: row.state for row in unit.connection.execute(query)}

    def records(self) -> list[Any]:
        with self.store.read() as unit:
            return list(unit.audit.entries(self.scope))

    def age(self, uid: str, days: float) -> None:
        """The run was deleted so long ago."""

        def work(unit: Any) -> None:
            then = unit.now_us() - int(days * DAY_US)
            unit.connection.execute(update(schema.run).where(schema.run.c.uid == uid).values(deleted_us=then))

        self.store.write(work)
