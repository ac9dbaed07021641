"""Datasets and lineage edges in SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.tracking import Dataset, DatasetInput, ModelUse
from assay.ports.aggregates import Links
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

AT_ONCE = 1_000  # runs whose edges are read by one statement
EDGES = (
    "SELECT subject_id, verb, object_id, step, detail FROM edge "
    "WHERE subject_id {} AND verb IN ('uses', 'makes') ORDER BY subject_id, step, object_id"
)
DATASETS = "SELECT id, name, digest, source_type, source, schema, profile FROM dataset WHERE id"
MODELS = "SELECT id, uid FROM logged_model WHERE id"
edge, dataset = schema.edge, schema.dataset


class LineageStore:
    """See `assay.ports.store.Lineage`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add_inputs(
        self,
        scope: Scope,
        run_id: int,
        experiment_id: int,
        datasets: Sequence[DatasetInput],
        models: Sequence[ModelUse],
    ) -> None:
        """Records what a run used; a dataset is one per (experiment, name, digest)."""
        for item in datasets:
            self._link(run_id, "uses", self._dataset_id(scope, experiment_id, item.dataset), 0, dict(item.tags))
        self._link_models(scope, run_id, "uses", models)

    def add_outputs(self, scope: Scope, run_id: int, models: Sequence[ModelUse]) -> None:
        """Records what a run made."""
        self._link_models(scope, run_id, "makes", models)

    def derive(self, run_id: int, source_id: int, step: int) -> None:
        """Records that a run was forked from another at a step; -1: at its end."""
        self._link(run_id, "derives", source_id, step, {})

    def _link_models(self, scope: Scope, run_id: int, verb: str, models: Sequence[ModelUse]) -> None:
        for use in models:
            model = self._unit.models.get(scope, use.model_uid)
            self._link(run_id, verb, model.id, use.step, dict(use.tags))

    def _link(self, subject_id: int, verb: str, object_id: int, step: int, detail: dict[str, str]) -> None:
        self._connection.execute(
            self._unit.delta.insert(edge)
            .values(
                subject_id=subject_id,
                verb=verb,
                object_id=object_id,
                step=step,
                detail=json.dumps(detail, sort_keys=True),
                created_us=self._unit.now_us(),
            )
            .on_conflict_do_nothing()
        )

    def _dataset_id(self, scope: Scope, experiment_id: int, item: Dataset) -> int:
        found = self._connection.execute(
            select(dataset.c.id).where(
                dataset.c.experiment_id == experiment_id, dataset.c.name == item.name, dataset.c.digest == item.digest
            )
        ).scalar_one_or_none()
        if found is not None:
            return int(found)
        now = self._unit.now_us()
        statement = self._unit.delta.insert(dataset).values(
            id=make_id(Kind.DATASET, now, self._unit.random()),
            workspace_id=scope.workspace_id,
            experiment_id=experiment_id,
            name=item.name,
            digest=item.digest,
            source_type=item.source_type,
            source=item.source,
            schema=item.schema,
            profile=item.profile,
            created_us=now,
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        return self._dataset_id(scope, experiment_id, item)  # ours, or that of who came first

    def links(self, run_ids: Sequence[int]) -> dict[int, Links]:
        """What each of those runs that used or made something used and made."""
        unit = self._unit
        found: dict[int, Links] = defaultdict(Links)
        for at in range(0, len(run_ids), AT_ONCE):
            edges = unit.rows(EDGES.format(unit.delta.among), [unit.delta.listed(run_ids[at : at + AT_ONCE])])
            objects = {row[2] for row in edges}
            datasets = {row[0]: Dataset(*row[1:]) for row in self._objects(DATASETS, objects)}
            uids = dict(self._objects(MODELS, objects))
            for run_id, verb, object_id, step, detail in edges:
                of = found[run_id]
                if object_id in datasets:
                    of.datasets.append(DatasetInput(datasets[object_id], json.loads(detail)))
                elif object_id in uids:
                    uses = of.models_used if verb == "uses" else of.models_made
                    uses.append(ModelUse(uids[object_id], step, json.loads(detail)))
        return found

    def _objects(self, ask: str, ids: Iterable[int]) -> list[Any]:
        """Rows of the objects that have these ids."""
        wanted = sorted(ids)
        delta = self._unit.delta
        return self._unit.rows(f"{ask} {delta.among}", [delta.listed(wanted)]) if wanted else []

    def datasets(
        self, scope: Scope, experiment_ids: Sequence[int], limit: int
    ) -> list[tuple[int, Dataset, str | None]]:
        """(experiment id, dataset, context) of each distinct use in these experiments."""
        query = (
            select(dataset, edge.c.detail)
            .join(edge, edge.c.object_id == dataset.c.id)
            .where(
                dataset.c.workspace_id == scope.workspace_id,
                dataset.c.experiment_id.in_(list(scope.open(experiment_ids))),
            )
            .distinct()
        )
        seen: dict[tuple[int, str | None], tuple[int, Dataset, str | None]] = {}
        for row in self._connection.execute(query):
            context = json.loads(row.detail).get("mlflow.data.context")
            record = Dataset(row.name, row.digest, row.source_type, row.source, row.schema, row.profile)
            seen.setdefault((row.id, context), (row.experiment_id, record, context))
        return list(seen.values())[:limit]
