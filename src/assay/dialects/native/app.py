"""The first routes of /api/v1: reading runs and experiments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from anyio import from_thread
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assay.core.scope import Scope
from assay.core.search.grammar import parse, parse_order
from assay.core.tracking import Experiment, RunRecord, View
from assay.dialects.native.calls import answering
from assay.services.files import RunFiles
from assay.services.house import Services
from assay.wire.errors import InvalidInput

PAGE_BOUND = 10_000


def experiment(record: Experiment) -> dict[str, Any]:
    """An experiment as JSON."""
    return {
        "id": record.id,
        "name": record.name,
        "lifecycle": record.lifecycle.value,
        "created_us": record.created_us,
        "tags": dict(record.tags),
    }


def run(record: RunRecord) -> dict[str, Any]:
    """A run as JSON; a metric is its last value, its step and its extremes, a NaN null."""
    run = record.run
    return {
        "id": run.uid,
        "experiment_id": run.experiment_id,
        "name": run.name,
        "status": "lost" if run.lost else run.status.value,
        "lifecycle": run.lifecycle.value,
        "parent": run.parent_uid,
        "user": run.user_name,
        "start_us": run.start_us,
        "end_us": run.end_us,
        "params": dict(record.params),
        "tags": dict(record.tags),
        "metrics": {
            item.key: {
                "last": item.value,
                "min": item.min,
                "max": item.max,
                "step": item.step,
                "time_us": item.time_us,
            }
            for item in record.metrics
            if item.context is None
        },
    }


def detail(record: RunRecord) -> dict[str, Any]:
    """A run as JSON with what only its own page shows: values in a context, datasets, models."""
    return {
        **run(record),
        "metrics_in_context": [
            {
                "key": item.key,
                "context": dict(item.context),
                "last": item.value,
                "min": item.min,
                "max": item.max,
                "step": item.step,
                "time_us": item.time_us,
            }
            for item in record.metrics
            if item.context is not None
        ],
        "datasets": [
            {
                "name": item.dataset.name,
                "digest": item.dataset.digest,
                "source_type": item.dataset.source_type,
                "source": item.dataset.source,
                "tags": dict(item.tags),
            }
            for item in record.datasets
        ],
        "models_used": [use.model_uid for use in record.model_inputs],
        "models_made": [use.model_uid for use in record.model_outputs],
    }


def _begun(token: str | None, now_us: Callable[[], int]) -> tuple[int, str | None]:
    """What `now` means on all pages of a listing, and the store's own token: ours carries both."""
    if not token:
        return now_us(), None
    moment, dot, rest = token.partition(".")
    if not (dot and moment.isascii() and moment.isdigit() and len(moment) < 19):
        raise InvalidInput("The page token cannot be read", field="page_token", remedy="begin with the first page")
    return int(moment), rest


def routes(services: Services, now_us: Callable[[], int]) -> list[BaseRoute]:
    """The routes below /api/v1."""

    def route(path: str, read: Callable[[Request], dict[str, Any]]) -> Route:
        @wraps(read)
        async def endpoint(request: Request) -> Response:
            return Response(await run_sync(lambda: msgspec.json.encode(read(request))), media_type="application/json")

        return Route(f"/api/v1/{path}", answering(endpoint))

    def list_runs(request: Request) -> dict[str, Any]:
        """A page of runs: `filter`, `order_by`, `experiment`, `limit`, `page_token`."""
        given = request.query_params
        scope = Scope()
        named = given.getlist("experiment")
        if named:
            ids = [services.experiments.by_name(scope, name).id for name in named]
        else:
            ids = [item.id for item in services.experiments.search(scope, limit=PAGE_BOUND).items]
        now, token = _begun(given.get("page_token"), now_us)
        page = services.runs.search(
            scope,
            ids,
            view=View.ACTIVE,
            where=parse(given.get("filter", ""), now),
            order=[parse_order(item) for item in given.getlist("order_by")],
            limit=_limit(given.get("limit", "100")),
            token=token,
        )
        next_token = None if page.next_token is None else f"{now}.{page.next_token}"
        return {"runs": [run(item) for item in page.items], "next_page_token": next_token}

    def one_run(request: Request) -> dict[str, Any]:
        """A run with all it has."""
        return detail(services.runs.get(Scope(), request.path_params["id"]))

    def files_of_run(request: Request) -> dict[str, Any]:
        """The files of a run below the folder `path`."""
        place, folder = RunFiles(request.path_params["id"]), request.query_params.get("path", "")
        found = from_thread.run(services.files.children, Scope(), place, folder)
        return {"files": [{"path": item.path, "is_folder": item.is_dir, "size": item.size} for item in found]}

    def list_experiments(request: Request) -> dict[str, Any]:
        """Experiments, newest first."""
        page = services.experiments.search(Scope(), limit=_limit(request.query_params.get("limit", "1000")))
        return {"experiments": [experiment(item) for item in page.items]}

    return [
        route("runs", list_runs),
        route("runs/{id}", one_run),
        route("runs/{id}/files", files_of_run),
        route("experiments", list_experiments),
    ]


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not 1 <= int(text) <= PAGE_BOUND:
        raise InvalidInput(
            f"{text!r} is no page size", field="limit", bound=PAGE_BOUND, remedy=f"give 1 to {PAGE_BOUND}"
        )
    return int(text)
