"""MLflow's logged-model routes."""

from __future__ import annotations

from typing import Any

from assay.core.scope import Verb
from assay.core.search.ast import MeasuredOn
from assay.core.tracking import LoggedModel, ModelStatus
from assay.dialects.mlflow import encode, fields, filters
from assay.dialects.mlflow.calls import Call, experiment_id, route
from assay.dialects.mlflow.experiments import max_results
from assay.dialects.rules import may
from assay.wire.errors import InvalidInput

READ, WRITE, DELETE = may(Verb.READ, "model"), may(Verb.WRITE, "model"), may(Verb.DELETE, "model")
STATUS_IN = {
    "LOGGED_MODEL_PENDING": ModelStatus.PENDING,
    "LOGGED_MODEL_READY": ModelStatus.READY,
    "LOGGED_MODEL_UPLOAD_FAILED": ModelStatus.FAILED,
}
STATUS_IN |= {"1": ModelStatus.PENDING, "2": ModelStatus.READY, "3": ModelStatus.FAILED}  # the numbers of the enum
DATASETS_BOUND = 100  # that a search may name
SPECIAL = "/:.%\"'"


def encoded(call: Call, record: LoggedModel) -> dict[str, Any]:
    """A LoggedModel message."""
    return encode.model(record, call.house.location(call.scope, record.experiment_id))


def model_id(call: Call) -> str:
    """The model that the path names."""
    return fields.needed(call.fields, "model_id")


@route("POST", "logged-models", WRITE)
def create(call: Call) -> dict[str, Any]:
    """Creates a pending model."""
    name = fields.text(call.fields, "name")
    if name and any(sign in name for sign in SPECIAL):
        raise InvalidInput(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain "
            "the following characters: ('/', ':', '.', '%', '\"', \"'\")",
            field="name",
        )
    record = call.services.models.create(
        call.scope,
        experiment_id(fields.needed(call.fields, "experiment_id")),
        name=name or call.house.new_name(),
        run_uid=fields.text(call.fields, "source_run_id") or None,
        model_type=fields.text(call.fields, "model_type") or "",
        params=fields.pairs(call.fields, "params", "parameter", fields.PARAM_BOUND),
        tags=fields.pairs(call.fields, "tags", "tag", fields.TAG_BOUND),
    )
    return {"model": encoded(call, call.services.models.get(call.scope, record.uid))}


@route("POST", "logged-models/search", READ)
def search(call: Call) -> dict[str, Any]:
    """A page of models."""
    order = []
    for item in fields.objects(call.fields, "order_by"):
        ascending = item.get("ascending", True)
        if not isinstance(ascending, bool):
            raise fields.wrong("ascending", ascending)
        name = fields.text(item, "field_name") or ""
        order.append(filters.model_order(name, _dataset(item), ascending=ascending))
    ids = [experiment_id(id) for id in fields.items(call.fields, "experiment_ids")]
    if call.fields.get("experiment_ids") is None:
        raise fields.missing("experiment_ids")
    datasets = fields.objects(call.fields, "datasets")
    if not all(item.get("dataset_name") for item in datasets):
        raise InvalidInput("`dataset_name` in the `datasets` clause must be specified.", field="datasets")
    if len(datasets) > DATASETS_BOUND:
        raise InvalidInput(
            f"{len(datasets)} datasets are more than {DATASETS_BOUND}",
            field="datasets",
            bound=DATASETS_BOUND,
            remedy="name fewer",
        )
    if not ids:
        return {}
    page = call.services.models.search(
        call.scope,
        ids,
        where=filters.model_filter(fields.text(call.fields, "filter") or "", tuple(map(_dataset, datasets))),
        order=order,
        limit=100 if call.fields.get("max_results") == 0 else max_results(call, 100),
        token=fields.text(call.fields, "page_token") or None,
    )
    return encode.present(models=[encoded(call, item) for item in page.items], next_page_token=page.next_token)


def _dataset(item: dict[str, Any]) -> MeasuredOn:
    return MeasuredOn(fields.text(item, "dataset_name") or None, fields.text(item, "dataset_digest") or None)


@route("GET", "logged-models/{model_id}", READ)
def get(call: Call) -> dict[str, Any]:
    """Reads a model."""
    return {"model": encoded(call, call.services.models.get(call.scope, model_id(call)))}


@route("PATCH", "logged-models/{model_id}", WRITE)
def finalize(call: Call) -> dict[str, Any]:
    """Says that a model's files are complete, or failed."""
    given = call.fields.get("status")
    if given is None or given == "":
        raise fields.missing("status")
    status = STATUS_IN.get(str(given))
    if status is None:
        raise fields.wrong("status", given)
    return {"model": encoded(call, call.services.models.finish(call.scope, model_id(call), status))}


@route("DELETE", "logged-models/{model_id}", DELETE)
def delete(call: Call) -> dict[str, Any]:
    """Deletes a model."""
    call.services.models.delete(call.scope, model_id(call))
    return {}


@route("PATCH", "logged-models/{model_id}/tags", WRITE)
def set_tags(call: Call) -> dict[str, Any]:
    """Sets tags."""
    tags = fields.pairs(call.fields, "tags", "tag", fields.TAG_BOUND)
    call.services.models.set_tags(call.scope, model_id(call), tags)
    return {}


@route("DELETE", "logged-models/{model_id}/tags/{tag_key:path}", WRITE)
def delete_tag(call: Call) -> dict[str, Any]:
    """Removes a tag."""
    call.services.models.delete_tag(call.scope, model_id(call), fields.needed(call.fields, "tag_key"))
    return {}


@route("POST", "logged-models/{model_id}/params", WRITE)
def log_params(call: Call) -> dict[str, Any]:
    """Records params."""
    params = fields.pairs(call.fields, "params", "parameter", fields.PARAM_BOUND)
    call.services.models.log_params(call.scope, model_id(call), params)
    return {}
