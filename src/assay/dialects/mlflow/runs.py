"""MLflow's run routes, except those that log."""

from __future__ import annotations

import json
from functools import partial
from itertools import chain
from typing import Any

from msgspec import UNSET
from starlette.responses import Response

from assay.core.scope import Verb
from assay.core.tracking import NAME_TAG, Dataset, DatasetInput, ModelUse, RunRecord, Status
from assay.dialects.mlflow import encode, fields, filters
from assay.dialects.mlflow.calls import Call, experiment_id, route
from assay.dialects.mlflow.experiments import max_results, view
from assay.dialects.pages import page
from assay.dialects.rules import may
from assay.wire.errors import InvalidInput

READ, WRITE, DELETE = may(Verb.READ, "run"), may(Verb.WRITE, "run"), may(Verb.DELETE, "run")
EXPERIMENTS_BOUND = 20
DESCRIPTION = {"artifact_path", "flavors", "run_id", "utc_time_created"}  # what a model's description holds at least
HISTORY_TAG = "mlflow.log-model.history"
HISTORY_BOUND = 1 << 20  # characters; stock has none for this tag
NUMBERED = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}  # the numbers of the enum
DATASET_BOUNDS = {"name": 500, "digest": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}


INPUT_KEY_BOUND, INPUT_VALUE_BOUND = 255, 500


def run_id(call: Call) -> str:
    """The run that a request names, by either of its two names."""
    return fields.text(call.fields, "run_id") or fields.text(call.fields, "run_uuid") or fields.needed({}, "run_id")


def encoded(call: Call, record: RunRecord) -> encode.Run:
    """A Run message."""
    return encode.run(record, call.house.location(call.scope, record.run.experiment_id))


@route("POST", "runs/create", WRITE)
def create(call: Call) -> dict[str, Any]:
    """Creates a run; the name and the tag mlflow.runName must agree, and a run without either is given one."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    name = fields.text(call.fields, "run_name") or ""
    tags = fields.pairs(call.fields, "tags", "tag", fields.TAG_BOUND)
    tagged = tags.get(NAME_TAG, "")
    if name and tagged and name != tagged:
        raise InvalidInput(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{name}', mlflow.runName='{tagged}').",
            field="run_name",
        )
    record = call.services.runs.create(
        call.scope,
        id,
        name=name or tagged or call.house.new_name(),
        user_name=fields.text(call.fields, "user_id") or "",
        start_us=fields.milliseconds(call.fields, "start_time") or 0,
        tags=tags,
    )
    answer = encoded(call, record)
    answer.outputs = UNSET  # stock's answer to this route has none
    return {"run": answer}


@route("GET", "runs/get", READ)
def get(call: Call) -> dict[str, Any]:
    """Reads a run with all it owns."""
    return {"run": encoded(call, call.services.runs.get(call.scope, run_id(call)))}


@route("POST", "runs/update", WRITE)
def update(call: Call) -> dict[str, Any]:
    """Changes status, end time or name; an unknown status is passed over, as stock does."""
    given = call.fields.get("status")
    if isinstance(given, int) and given in NUMBERED:
        given = NUMBERED[given]
    if given is not None and not isinstance(given, str):
        raise fields.mistyped("status", given)
    status = encode.STATUS_IN.get(given or "")
    run = call.services.runs.update(
        call.scope,
        run_id(call),
        name=fields.text(call.fields, "run_name") or None,
        status=Status(status) if status else None,
        end_us=fields.milliseconds(call.fields, "end_time"),
    )
    location = call.house.location(call.scope, run.experiment_id)
    return {"run_info": encode.run_info(RunRecord(run), location)}


@route("POST", "runs/delete", DELETE)
def delete(call: Call) -> dict[str, Any]:
    """Deletes a run."""
    call.services.runs.delete(call.scope, run_id(call))
    return {}


@route("POST", "runs/restore", DELETE)
def restore(call: Call) -> dict[str, Any]:
    """Restores a run."""
    call.services.runs.restore(call.scope, run_id(call))
    return {}


@route("POST", "runs/delete-tag", WRITE)
def delete_tag(call: Call) -> dict[str, Any]:
    """Removes a tag."""
    call.services.runs.delete_tag(call.scope, run_id(call), fields.needed(call.fields, "key"))
    return {}


@route("POST", "runs/search", READ)
def search(call: Call) -> dict[str, Any] | Response:
    """A page of runs."""
    limit = max_results(call, 1_000, typed=True)
    where = filters.run_filter(fields.text(call.fields, "filter") or "")
    order = filters.run_order(fields.texts(call.fields, "order_by"))
    ids = [experiment_id(id) for id in fields.items(call.fields, "experiment_ids")]
    if not ids:
        return {}
    with call.services.runs.found(
        call.scope,
        ids,
        view=view(call, "run_view_type"),
        where=where,
        order=order,
        limit=limit,
        token=fields.text(call.fields, "page_token") or None,
    ) as found:
        rest = encode.present(next_page_token=found.next_token)
        first = next(found.runs, None)
        if first is None:
            return rest
        place = partial(call.house.location, call.scope, read=found.experiment)
        runs = (encode.run(record, place(record.run.experiment_id)) for record in chain([first], found.runs))
        return page("runs", runs, rest)


@route("POST", "runs/log-inputs", WRITE)
def log_inputs(call: Call) -> dict[str, Any]:
    """Records the datasets and models that a run used."""
    found = [_dataset_input(item) for item in fields.objects(call.fields, "datasets")]
    models = [ModelUse(fields.needed(item, "model_id")) for item in fields.objects(call.fields, "models")]
    call.services.runs.add_inputs(call.scope, run_id(call), found, models)
    return {}


def _dataset_input(item: dict[str, Any]) -> DatasetInput:
    given = item.get("dataset")
    if not isinstance(given, dict):
        raise fields.missing("dataset")
    values = {
        name: fields.text(given, name) for name in ("name", "digest", "source_type", "source", "schema", "profile")
    }
    for name in ("name", "digest", "source_type", "source"):
        if not values[name]:
            raise fields.missing(name)
    for name, bound in DATASET_BOUNDS.items():
        if len(values[name] or "") > bound:
            raise fields.too_long(name, bound)
    tags = {
        fields.bounded("key", fields.needed(tag, "key"), INPUT_KEY_BOUND): fields.bounded(
            "value", fields.text(tag, "value") or "", INPUT_VALUE_BOUND
        )
        for tag in fields.objects(item, "tags")
    }
    return DatasetInput(Dataset(**values), tags)  # type: ignore[arg-type]


@route("POST", "runs/outputs", WRITE)
def log_outputs(call: Call) -> dict[str, Any]:
    """Records the models that a run made."""
    if "models" not in call.fields:
        raise fields.missing("models")
    made = [
        ModelUse(fields.needed(item, "model_id"), fields.integer(item, "step") or 0)
        for item in fields.objects(call.fields, "models")
    ]
    call.services.runs.add_outputs(call.scope, run_id(call), made)
    return {}


@route("POST", "runs/log-model", WRITE)
def log_model(call: Call) -> dict[str, Any]:
    """Adds a model's description to the run's tag, as clients before 3.0 ask for."""
    uid = run_id(call)
    given = fields.needed(call.fields, "model_json")
    try:
        described = json.loads(given)
    except (ValueError, RecursionError):
        raise InvalidInput(
            f"Malformed model info. \n {given[:1000]} \n is not a valid JSON.", field="model_json"
        ) from None
    lacking = DESCRIPTION - described.keys() if isinstance(described, dict) else DESCRIPTION
    if lacking:
        shown = ", ".join(f"'{name}'" for name in sorted(lacking))
        raise InvalidInput(f"Model json is missing mandatory fields: {{{shown}}}", field="model_json")
    call.services.runs.change_tag(
        call.scope, uid, HISTORY_TAG, lambda before: _history(before, described), HISTORY_BOUND
    )
    return {}


def _history(before: str | None, described: dict[str, Any]) -> str:
    """The descriptions that a tag holds, if it is readable, and one more; the oldest are left out beyond the bound."""
    try:
        held = json.loads(before or "[]")
    except (ValueError, RecursionError):
        held = []
    told = [json.dumps(item) for item in [*(held if isinstance(held, list) else []), described]]
    while len(told) > 1 and sum(map(len, told)) + 2 * len(told) > HISTORY_BOUND:
        del told[0]
    return f"[{', '.join(told)}]"


@route("POST", "experiments/search-datasets", READ)
def search_datasets(call: Call) -> dict[str, Any]:
    """The datasets that runs of these experiments used."""
    ids = [experiment_id(id) for id in fields.items(call.fields, "experiment_ids")]
    if not ids:
        raise InvalidInput("SearchDatasets request must specify at least one experiment_id.", field="experiment_ids")
    if len(ids) > EXPERIMENTS_BOUND:
        raise InvalidInput(
            f"SearchDatasets request cannot specify more than {EXPERIMENTS_BOUND} experiment_ids. "
            f"Received {len(ids)} experiment_ids.",
            field="experiment_ids",
            bound=EXPERIMENTS_BOUND,
        )
    found = call.services.runs.datasets(call.scope, ids)
    return encode.present(
        dataset_summaries=[
            encode.present(experiment_id=str(id), name=item.name, digest=item.digest, context=context)
            for id, item, context in found
        ]
    )
