"""An MLflow database as a source: of MLflow 1.1 and later, SQLite or PostgreSQL."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from assay.exchange import mlflow_rows as rows
from assay.exchange.mlflow_artifacts import Artifacts, shown
from assay.exchange.mlflow_connect import Reader
from assay.exchange.mlflow_lineage import datasets_of, model_links, models, versions
from assay.exchange.report import Tell
from assay.exchange.source import (
    SourceExperiment,
    SourceFile,
    SourceLine,
    SourceModel,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)
from assay.wire.errors import InvalidInput

RUNS = 500  # read at once
NEEDED = {
    "experiments": {"experiment_id", "name", "lifecycle_stage"},
    "runs": {"run_uuid", "experiment_id", "status", "start_time", "end_time", "user_id", "artifact_uri"},
    "metrics": {"run_uuid", "key", "value", "timestamp", "step", "is_nan"},
    "params": {"run_uuid", "key", "value"},
    "tags": {"run_uuid", "key", "value"},
}
RUN_COLUMNS = (
    *("run_uuid", "name", "source_type", "source_name", "entry_point_name", "user_id", "status", "start_time"),
    *("end_time", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id"),
)


class DatabaseSource:
    """What is in the database, at the moment at which it was opened.

    Raises:
        InvalidInput: It is no database of MLflow, or one that is too old.
    """

    def __init__(self, reader: Reader, artifacts: Artifacts, tell: Tell) -> None:
        self.identity = reader.identity
        self._reader = reader
        self._artifacts = artifacts
        self._tell = tell
        self._columns = reader.columns()
        for table, needed in NEEDED.items():
            if missing := needed - self._columns.get(table, set()):
                raise InvalidInput(
                    f"{reader.identity} has no {table}.{min(missing)}: it is no database of MLflow, or of one "
                    "before 1.1",
                    field="SOURCE",
                    remedy="give mlflow's database; an old one is brought up to date by `mlflow db upgrade`",
                )
        self._names = self._experiment_names()

    def has(self, table: str, column: str) -> bool:
        """Whether this version of MLflow has the column."""
        return column in self._columns.get(table, set())

    def _experiment_names(self) -> dict[int, str]:
        space = "workspace" if self.has("experiments", "workspace") else "'default'"
        named = f"SELECT experiment_id, name, {space} FROM experiments"  # noqa: S608 -- our own names
        return {
            id: name if workspace == "default" else f"{workspace}/{name}"
            for id, name, workspace in self._reader.rows(named)
        }

    def experiments(self) -> Iterator[SourceExperiment]:
        """All experiments, in the order in which they were made."""
        tags: dict[int, dict[str, str]] = {}
        if self.has("experiment_tags", "key"):
            for id, key, value in self._reader.rows("SELECT experiment_id, key, value FROM experiment_tags"):
                tags.setdefault(id, {})[key] = value or ""
        found = self._reader.rows("SELECT experiment_id, lifecycle_stage FROM experiments ORDER BY experiment_id")
        for id, stage in found:
            yield SourceExperiment(self._names[id], tags.get(id, {}), deleted=stage == "deleted")

    def runs(self) -> Iterator[SourceRun]:
        """All runs, in the order of their ids."""
        columns = ", ".join(name if self.has("runs", name) else f"NULL AS {name}" for name in RUN_COLUMNS)
        listed = f"SELECT {columns} FROM runs WHERE run_uuid > ? ORDER BY run_uuid LIMIT ?"  # noqa: S608 -- our own names
        after = ""
        while page := self._reader.rows(listed, [after, RUNS]):
            after = page[-1][0]
            yield from self._records([dict(zip(RUN_COLUMNS, row, strict=True)) for row in page])

    def _records(self, page: Sequence[dict[str, Any]]) -> Iterator[SourceRun]:
        uids = [row["run_uuid"] for row in page]
        params, tags = self._pairs("params", uids), self._pairs("tags", uids)
        states = self._point_states(uids)
        has_inputs = self.has("inputs", "destination_id") and self.has("datasets", "dataset_uuid")
        datasets = datasets_of(self._reader, uids) if has_inputs else {}
        links = model_links(self._reader, uids) if self.has("logged_models", "model_id") else {}
        for row in page:
            uid = row["run_uuid"]
            if not rows.shown_uid(uid, self._tell):
                continue
            of_run = rows.run_tags(tags.get(uid, {}), row)
            uri = row["artifact_uri"] or ""
            if not self._artifacts.can_fetch(uri):
                of_run[rows.LOCATION] = shown(uri)
            used, made = links.get(uid, ([], []))
            yield SourceRun(
                uid,
                uid,
                self._names.get(row["experiment_id"], "Default"),
                row["name"] or of_run.get(rows.NAME, ""),
                rows.status(row["status"], f"run {uid}", self._tell),
                user=row["user_id"] or "",
                start_us=rows.us(row["start_time"]),
                end_us=rows.us(row["end_time"]),
                deleted=row["lifecycle_stage"] == "deleted",
                parent_uid=of_run.get(rows.PARENT),
                params=params.get(uid, {}),
                tags=of_run,
                datasets=datasets.get(uid, ()),
                models_used=used,
                models_made=made,
                points_state=states.get(uid, "none"),
                files_state=self._artifacts.state(uri, uid),
            )

    def _pairs(self, table: str, uids: Sequence[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        sql = f"SELECT run_uuid, key, value FROM {table} WHERE run_uuid IN (?*) ORDER BY run_uuid, key"  # noqa: S608 -- our own names
        for uid, key, value in self._reader.rows(sql, uids):
            found.setdefault(uid, {})[key] = value or ""
        return found

    def _point_states(self, uids: Sequence[str]) -> dict[str, str]:
        """Points are only ever added: their number says whether there are new ones."""
        sql = "SELECT run_uuid, count(*) FROM metrics WHERE run_uuid IN (?*) GROUP BY run_uuid"
        return {uid: str(count) for uid, count in self._reader.rows(sql, uids)}

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """The run's points, key by key."""
        sql = (
            "SELECT key, step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? "
            "ORDER BY key, step, timestamp, value, is_nan"
        )
        for piece in self._reader.pieces(sql, [run.key]):
            yield _columns(piece, run.key, self._tell)

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """MLflow has none."""
        return iter(())

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """MLflow has none."""
        return iter(())

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """The run's artifacts, where they can be fetched."""
        found = self._reader.rows("SELECT artifact_uri FROM runs WHERE run_uuid = ?", [run.key])
        return self._artifacts.files(found[0][0] or "", run.key, f"run {run.key}")

    def models(self) -> Iterator[SourceModel]:
        """The logged models."""
        if not self.has("logged_models", "model_id"):
            return iter(())
        return models(self._reader, self._names, self._artifacts, self._tell)

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """The model's artifacts, where they can be fetched."""
        found = self._reader.rows("SELECT artifact_location FROM logged_models WHERE model_id = ?", [model.uid])
        return self._artifacts.files(found[0][0] or "", model.uid, f"model {model.uid}")

    def views(self) -> Iterator[SourceView]:
        """None."""
        return iter(())

    def versions(self) -> Iterator[SourceVersion]:
        """The versions of registered models."""
        if not self.has("model_versions", "version"):
            return iter(())
        return versions(self._reader, self._columns)

    def close(self) -> None:
        """The database is left."""
        self._reader.close()


def _columns(piece: Sequence[tuple[Any, ...]], uid: str, tell: Tell) -> SourcePoints:
    keys, steps, times, values, nans = zip(*piece, strict=True)
    names = list(dict.fromkeys(keys))
    place = {name: at for at, name in enumerate(names)}
    real = array("d", [0.0 if value is None else value for value in values])
    for at, is_nan in enumerate(nans):
        if is_nan:
            real[at] = math.nan
    if max(real, default=0.0) == rows.LARGEST or min(real, default=0.0) == -rows.LARGEST:
        real = array("d", map(rows.number, real))
    late = max(times) > rows.BIG_MS
    if late:
        tell(f"time of a point shortened: it lies after {rows.BIG_MS} ms", f"run {uid}")
    times_us = array("q", [min(time, rows.BIG_MS) * 1_000 for time in times] if late else [t * 1_000 for t in times])
    return SourcePoints(names, array("I", [place[key] for key in keys]), array("q", steps), times_us, real)
