"""A group of log calls in one transaction: all refusals are found before the first write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import update

from assay.core.points.columns import Points, concat, from_lists
from assay.core.scope import Scope
from assay.core.tracking import NAME_TAG, PARENT_TAG, Lifecycle, Logged
from assay.stores import schema
from assay.wire.errors import AssayError, NotActive, NotFound

if TYPE_CHECKING:
    from assay.core.points.tails import Tail
    from assay.stores.unit import Unit

CHUNK = 500
Call = tuple[Scope, Logged]


class Head(NamedTuple):
    """What a log call has to know of a run or model."""

    id: int
    uid: str
    workspace_id: int
    lifecycle: str
    experiment_id: int


class Stored(NamedTuple):
    """What became of a group of log calls."""

    refusals: list[AssayError | None]  # of each call; None where it is stored
    runs: Mapping[str, Head]
    tails: Mapping[int, Tail]  # of those logged to that are in motion and were not folded


def store_logged(unit: Unit, writer: str, seq: int, calls: Sequence[Call]) -> Stored:
    """Stores what the calls log, but for those that are refused.

    Points of one owner in the group become one batch, numbered `seq` of this server's writer. Runs are locked before
    models and both in the order of their ids, so that two groups never wait for each other in a circle.
    """
    runs = _locked(unit, "run", {logged.run_uid for _, logged in calls})
    models = _locked(unit, "logged_model", {p.model_uid for _, logged in calls for p in logged.model_points})
    refusals: list[AssayError | None] = []
    points: dict[int, list[Points]] = {}
    noted: set[int] = set()
    for scope, logged in calls:
        try:
            run = _writable(scope, runs.get(logged.run_uid), logged.run_uid)
            for point in logged.model_points:
                _check_model(scope, models.get(point.model_uid), point.model_uid)
            skip, rest_is_new = unit.writers.fresh(scope, run.id, logged)
            if rest_is_new:
                unit.owned.insert_params(scope, run.id, logged.params)
                if logged.params or logged.tags:
                    noted.add(run.id)
            unit.writers.advance(run.id, logged)
        except AssayError as refusal:
            refusals.append(refusal)
            continue
        refusals.append(None)
        if len(logged.values) > skip:
            points.setdefault(run.id, []).append(_columns(unit, scope, logged, skip))
        if not rest_is_new:
            continue
        _set_tags(unit, scope, run, logged)
        unit.values.put(scope, run.id, logged.logged_values[max(skip - len(logged.values), 0) :])
        for point in logged.model_points:
            context = {"run": run.uid}
            if point.dataset_name is not None:
                context |= {"dataset_name": point.dataset_name, "dataset_digest": point.dataset_digest or ""}
            key_id = unit.keys.ids(scope.workspace_id, [point.key])[point.key]
            context_id = unit.keys.context_id(scope.workspace_id, context)
            columns = from_lists([key_id], [point.step], [point.time_us], [point.value], context_id)
            points.setdefault(models[point.model_uid].id, []).append(columns)
    if noted:
        unit.runs.touch_all(noted)
    tails: dict[int, Tail] = {}
    if points:
        tails = unit.points.append(writer, seq, {owner_id: concat(parts) for owner_id, parts in points.items()})
    return Stored(refusals, runs, tails)


def _columns(unit: Unit, scope: Scope, logged: Logged, skip: int) -> Points:
    known = unit.keys.ids(scope.workspace_id, dict.fromkeys(logged.keys))
    ids = [known[key] for key in logged.keys]
    columns = from_lists(
        ids if logged.key_index is None else np.array(ids, np.int64)[logged.key_index],
        logged.steps,
        logged.times_us,
        logged.values,
        [unit.keys.context_id(scope.workspace_id, context) for context in logged.contexts] or 0,
        logged.rows if len(logged.rows) else -1,
    )
    return columns.take(slice(skip, None)) if skip else columns


def _locked(unit: Unit, table: str, uids: set[str]) -> dict[str, Head]:
    """The rows of these uids, held until the unit ends, in the order of their ids."""
    wanted: list[Any] = sorted(uids)
    name = "uid"
    if len(wanted) > CHUNK:  # locks must be taken in one order, so the ids come first
        ask = f"SELECT id FROM {table} WHERE uid IN "  # noqa: S608 -- table is one of ours
        wanted = sorted(row[0] for row in _rows(unit, ask, wanted, ""))
        name = "id"
    # The time is read in the same statement, but outside: after the first lock was waited for.
    ask = (
        f"SELECT head.*, ({unit.delta.now_us}) FROM "  # noqa: S608 -- the same
        f"(SELECT id, uid, workspace_id, lifecycle, experiment_id FROM {table} WHERE {name} IN "
    )
    found: dict[str, Head] = {}
    for *head, now_us in _rows(unit, ask, wanted, f" ORDER BY id{unit.delta.row_lock}) AS head"):
        unit.it_is(now_us)
        found[head[1]] = Head(*head)
    return found


def _rows(unit: Unit, ask: str, wanted: Sequence[Any], end: str) -> Iterator[Any]:
    driver = unit.driver()
    for at in range(0, len(wanted), CHUNK):
        some = wanted[at : at + CHUNK]
        driver.execute(unit.delta.sql(f"{ask}({', '.join('?' * len(some))}){end}"), some)
        yield from driver.fetchall()


def _check_model(scope: Scope, model: Head | None, uid: str) -> None:
    if (
        model is None
        or model.workspace_id != scope.workspace_id
        or model.lifecycle != Lifecycle.ACTIVE.value
        or scope.hides(model.experiment_id)
    ):
        raise NotFound(f"Logged model with ID '{uid}' not found.", field="model_id")
    scope.require(model.experiment_id)


def _writable(scope: Scope, run: Head | None, uid: str) -> Head:
    if run is None or run.workspace_id != scope.workspace_id or scope.hides(run.experiment_id):
        raise NotFound(f"Run with id={uid} not found", field="run_id")
    scope.require(run.experiment_id)
    if run.lifecycle != Lifecycle.ACTIVE.value:
        raise NotActive(
            f"The run {uid} must be in the 'active' state. Current state is {run.lifecycle}.",
            field="run_id",
            remedy="restore the run first",
        )
    return run


def _set_tags(unit: Unit, scope: Scope, run: Head, logged: Logged) -> None:
    if not logged.tags:
        return
    unit.owned.set_tags(scope, run.id, logged.tags)
    mirrored = {NAME_TAG: "name", PARENT_TAG: "parent_uid"}
    values = {mirrored[key]: value for key, value in logged.tags.items() if key in mirrored}
    if values:
        unit.connection.execute(update(schema.run).where(schema.run.c.id == run.id).values(**values))
