"""A group of log calls in one transaction: all refusals are found before the first write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from assay.core.points.columns import Points, concat, from_lists
from assay.core.points.latest import latest
from assay.core.scope import Scope
from assay.core.tracking import NAME_TAG, PARENT_TAG, Lifecycle, Logged
from assay.stores import schema
from assay.wire.errors import AssayError, NotActive, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500


def store_logged(unit: Unit, writer: str, seq: int, calls: Sequence[tuple[Scope, Logged]]) -> list[AssayError | None]:
    """Stores what the calls log; for each the refusal, or None if it is stored.

    Points of one owner in the group become one batch, numbered `seq` of this writer.
    """
    runs = _rows(unit, schema.run, {logged.run_uid for _, logged in calls})
    models = _rows(unit, schema.logged_model, {p.model_uid for _, logged in calls for p in logged.model_points})
    refusals: list[AssayError | None] = []
    points: dict[int, list[Points]] = {}
    for scope, logged in calls:
        try:
            run = _writable(scope, runs.get(logged.run_uid), logged.run_uid)
            for point in logged.model_points:
                if point.model_uid not in models or models[point.model_uid].workspace_id != scope.workspace_id:
                    raise NotFound(f"Logged model with ID '{point.model_uid}' not found.", field="model_id")
            unit.owned.insert_params(scope, run.id, logged.params)
        except AssayError as refusal:
            refusals.append(refusal)
            continue
        refusals.append(None)
        _set_tags(unit, scope, run, logged)
        if logged.keys:
            ids = unit.keys.ids(scope.workspace_id, dict.fromkeys(logged.keys))
            columns = from_lists([ids[key] for key in logged.keys], logged.steps, logged.times_us, logged.values)
            points.setdefault(run.id, []).append(columns)
        for point in logged.model_points:
            context = {"run": run.uid}
            if point.dataset_name is not None:
                context |= {"dataset_name": point.dataset_name, "dataset_digest": point.dataset_digest or ""}
            key_id = unit.keys.ids(scope.workspace_id, [point.key])[point.key]
            context_id = unit.keys.context_id(scope.workspace_id, context)
            columns = from_lists([key_id], [point.step], [point.time_us], [point.value], context_id)
            points.setdefault(models[point.model_uid].id, []).append(columns)
    for owner_id in sorted(points):
        together = concat(points[owner_id])
        unit.points.append(owner_id, writer, seq, together, latest(together))
    return refusals


def _rows(unit: Unit, table: Any, uids: set[str]) -> dict[str, Any]:
    wanted, found = sorted(uids), {}
    for at in range(0, len(wanted), CHUNK):
        query = select(table.c.id, table.c.uid, table.c.workspace_id, table.c.lifecycle).where(
            table.c.uid.in_(wanted[at : at + CHUNK])
        )
        found.update({row.uid: row for row in unit.connection.execute(query)})
    return found


def _writable(scope: Scope, run: Any, uid: str) -> Any:
    if run is None or run.workspace_id != scope.workspace_id:
        raise NotFound(f"Run with id={uid} not found", field="run_id")
    if run.lifecycle != Lifecycle.ACTIVE.value:
        raise NotActive(
            f"The run {uid} must be in the 'active' state. Current state is {run.lifecycle}.",
            field="run_id",
            remedy="restore the run first",
        )
    return run


def _set_tags(unit: Unit, scope: Scope, run: Any, logged: Logged) -> None:
    if not logged.tags:
        return
    unit.owned.set_tags(scope, run.id, logged.tags)
    mirrored = {NAME_TAG: "name", PARENT_TAG: "parent_uid"}
    values = {mirrored[key]: value for key, value in logged.tags.items() if key in mirrored}
    if values:
        unit.connection.execute(update(schema.run).where(schema.run.c.id == run.id).values(**values))
