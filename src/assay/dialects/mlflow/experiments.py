"""MLflow's experiment routes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from assay.core.scope import Verb
from assay.core.tracking import View
from assay.dialects.mlflow import encode, fields, filters
from assay.dialects.mlflow.calls import Call, experiment_id, route
from assay.dialects.rules import may
from assay.wire.errors import InvalidInput, InvalidState, NotActive, NotFound

READ, WRITE, DELETE = may(Verb.READ, "experiment"), may(Verb.WRITE, "experiment"), may(Verb.DELETE, "experiment")
VIEWS = {"ACTIVE_ONLY": View.ACTIVE, "DELETED_ONLY": View.DELETED, "ALL": View.ALL}
VIEWS |= {"1": View.ACTIVE, "2": View.DELETED, "3": View.ALL}  # the numbers of the enum
MAX_RESULTS = 50_000
NAME_BOUND = 500
TAG_BOUND = 20_000
HOSTED = {"http", "https", "ftp", "ftps", "sftp", "hdfs", "viewfs", "abfss", "r2", "b2", "models"}


def view(call: Call, name: str) -> View:
    """The view type of a search; active if it is absent."""
    value = call.fields.get(name) or "ACTIVE_ONLY"
    found = VIEWS.get(str(value))
    if found is None:
        raise fields.wrong(name, value)
    return found


def max_results(call: Call, default: int | None, bound: int = MAX_RESULTS, *, typed: bool = False) -> int:
    """The page size, between 1 and the bound; where it is typed, more than the bound is refused as a wrong type."""
    value = fields.integer(call.fields, "max_results")
    value = default if value is None else value
    if value is None or not 1 <= value <= bound:
        if typed and value is not None and value > bound:
            raise fields.mistyped("max_results", value)
        must = f"at most {bound}" if value is not None and value > bound else "a positive integer"
        raise InvalidInput(
            f"Invalid value {value or 0} for parameter 'max_results' supplied. It must be {must}",
            field="max_results",
            bound=bound,
        )
    return value


def check_location(value: str) -> str:
    """A location that we store as it is and never open.

    Raises:
        InvalidInput: It names a host to connect to, leaves the root, or hides parts behind `#`, `;` or `?`.
    """
    parts = urlsplit(value)
    if value.startswith("runs:"):
        raise InvalidInput(
            f"Artifact location cannot be a runs:/ URI. Given: '{value[:500]}'", field="artifact_location"
        )
    if "#" in value or ";" in value:
        raise InvalidInput("'artifact_location' URL can't include fragments or params.", field="artifact_location")
    hosted = parts.scheme in HOSTED or (parts.scheme == "mlflow-artifacts" and parts.netloc)
    if hosted or any(sign in value for sign in "?\\") or ".." in value.split("/"):
        raise InvalidInput(
            f"Invalid artifact location: {value[:200]!r}",
            field="artifact_location",
            remedy="leave it out, or give an object store's address such as s3://bucket/prefix",
        )
    return value


@route("POST", "experiments/create", WRITE)
def create(call: Call) -> dict[str, Any]:
    """Creates an experiment."""
    location = fields.text(call.fields, "artifact_location")
    tags = {
        fields.key(tag.get("key") or "", "tag", required=False): fields.bounded(
            "value", fields.text(tag, "value") or "", TAG_BOUND
        )
        for tag in fields.objects(call.fields, "tags")
    }
    made = call.services.experiments.create(
        call.scope,
        fields.bounded("name", fields.needed(call.fields, "name"), NAME_BOUND),
        artifact_location=check_location(location) if location else None,
        tags=tags,
    )
    return {"experiment_id": str(made.id)}


@route("GET", "experiments/get", READ)
def get(call: Call) -> dict[str, Any]:
    """Reads an experiment."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    return {"experiment": encode.experiment(call.services.experiments.get(call.scope, id))}


@route("GET", "experiments/get-by-name", READ)
def get_by_name(call: Call) -> dict[str, Any]:
    """Reads an experiment by its name, deleted or not."""
    name = fields.needed(call.fields, "experiment_name")
    try:
        found = call.services.experiments.by_name(call.scope, name)
    except NotFound:
        raise NotFound(f"Could not find experiment with name '{name[:500]}'", field="experiment_name") from None
    return {"experiment": encode.experiment(found)}


@route("POST", "experiments/delete", DELETE)
def delete(call: Call) -> dict[str, Any]:
    """Deletes an experiment and its runs."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    with _not_found(id):
        call.services.experiments.delete(call.scope, id)
    return {}


@route("POST", "experiments/restore", DELETE)
def restore(call: Call) -> dict[str, Any]:
    """Restores an experiment and all its runs."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    with _not_found(id):
        call.services.experiments.restore(call.scope, id)
    return {}


@route("POST", "experiments/update", WRITE)
def update(call: Call) -> dict[str, Any]:
    """Renames an experiment."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    name = fields.bounded("name", fields.needed(call.fields, "new_name"), NAME_BOUND)
    try:
        call.services.experiments.rename(call.scope, id, name)
    except InvalidState as error:
        raise InvalidState(
            "Cannot rename a non-active experiment.", field="experiment_id", remedy=error.remedy
        ) from error
    return {}


@route("POST", "experiments/set-experiment-tag", WRITE)
def set_tag(call: Call) -> dict[str, Any]:
    """Sets a tag."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    tag = fields.key(call.fields.get("key"), "tag")
    value = fields.bounded("value", fields.text(call.fields, "value") or "", TAG_BOUND)
    with _not_active():
        call.services.experiments.set_tags(call.scope, id, {tag: value})
    return {}


@route("POST", "experiments/delete-experiment-tag", WRITE)
def delete_tag(call: Call) -> dict[str, Any]:
    """Removes a tag."""
    id = experiment_id(fields.needed(call.fields, "experiment_id"))
    with _not_active():
        call.services.experiments.delete_tag(call.scope, id, fields.needed(call.fields, "key"))
    return {}


@contextmanager
def _not_found(id: int) -> Iterator[None]:
    try:
        yield
    except NotFound as error:  # stock does not say whether it is gone or in the other state
        raise NotFound(f"No Experiment with id={id} exists", field=error.field, remedy=error.remedy) from error


@contextmanager
def _not_active() -> Iterator[None]:
    try:
        yield
    except InvalidState as error:  # stock answers 400 here, and 500 to a rename
        raise NotActive(error.message, field=error.field, remedy=error.remedy) from error


@route("GET", "experiments/search", READ)
@route("POST", "experiments/search", READ)
def search(call: Call) -> dict[str, Any]:
    """A page of experiments."""
    page = call.services.experiments.search(
        call.scope,
        view=view(call, "view_type"),
        where=filters.experiment_filter(fields.text(call.fields, "filter") or ""),
        order=filters.experiment_order(fields.texts(call.fields, "order_by")),
        limit=max_results(call, None),
        token=fields.text(call.fields, "page_token") or None,
    )
    return encode.present(experiments=[encode.experiment(item) for item in page.items], next_page_token=page.next_token)
