"""MLflow's routes as ASGI routes: decoding, threads, errors in MLflow's form."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Container
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from assay.core.scope import Scope
from assay.dialects.mlflow import artifacts, experiments, fields, metrics, models, runs
from assay.dialects.mlflow.calls import ROUTES, Call, House, Route
from assay.dialects.mlflow.errors import render
from assay.dialects.mlflow.logging import LOGGING, store
from assay.services.files import RunFiles
from assay.services.house import Services
from assay.wire.errors import AssayError, InvalidInput, NotFound, TooLarge

log = logging.getLogger(__name__)

BODY_BOUND = 32 * 1024 * 1024
SPOKEN_VERSION = "3.3.0"  # below 3.4, so that clients do not send spans, which we do not keep
MODULES = (experiments, runs, metrics, models)  # importing them fills ROUTES
INFO = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
    "artifact_serving_enabled": True,
    "artifacts_presigned_only": False,
    "tracking_auth": "",
}
# The fields of GET routes that may come more than once
REPEATED = {
    "experiments/search": {"order_by"},
    "metrics/get-history-bulk": {"run_id"},
    "metrics/get-history-bulk-interval": {"run_ids"},
}
Endpoint = Callable[[Request], Awaitable[Response]]


def scope_of(request: Request) -> Scope:
    """Whose data the request speaks of. Raises NotFound for a workspace that does not exist."""
    name = request.headers.get("x-mlflow-workspace", "default")
    if name != "default":
        raise NotFound(f"Workspace '{name[:100]}' not found", field="workspace", remedy="unset MLFLOW_WORKSPACE")
    return Scope()


async def read_body(request: Request) -> bytes:
    """The request's body. Raises TooLarge beyond the bound, before reading on."""
    size = 0
    parts: list[bytes] = []
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BOUND:
            raise TooLarge(
                f"The body exceeds {BODY_BOUND} bytes", field="body", bound=BODY_BOUND, remedy="send smaller batches"
            )
        parts.append(chunk)
    return b"".join(parts)


def decode(request: Request, body: bytes) -> dict[str, Any]:
    """The fields of a JSON body; what is no JSON object counts as empty, as in stock."""
    kind = request.headers.get("content-type", "")
    if body and kind.partition(";")[0].strip().lower() != "application/json":
        why = "must be one of ['application/json']." if kind else "header is missing."
        raise InvalidInput(f"Bad Request. Content-Type {why}", field="Content-Type", remedy="send JSON")
    given = _decoded(body)
    if isinstance(given, str):  # the oldest clients encode twice
        given = _decoded(given.encode("utf-8", "surrogatepass"))
    return given if isinstance(given, dict) else {}


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    try:
        return json.loads(body)  # takes NaN and Infinity, as Python's clients write them
    except (RecursionError, ValueError):
        return None


def query(request: Request, repeated: Container[str] = ()) -> dict[str, Any]:
    """The fields of a query string; those that may be repeated are lists, of others the first counts."""
    given = request.query_params
    return {name: given.getlist(name) if name in repeated else given.getlist(name)[0] for name in given}


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint, whose errors are answered in MLflow's form."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except AssayError as error:
            return render(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            return render(AssayError("Internal error; the server's log says more"))

    return answer


def _json(answer: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def routes(services: Services, new_name: Callable[[], str]) -> list[BaseRoute]:
    """All routes that an mlflow client asks for."""
    house = House(services, new_name, {})

    def threaded(route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            given = (
                query(request, REPEATED.get(route.path, ()))
                if route.method == "GET"
                else decode(request, await read_body(request))
            )
            call = Call(house, scope_of(request), {**given, **request.path_params})
            body = await run_sync(lambda: msgspec.json.encode(route.handler(call)))
            return Response(body, media_type="application/json")

        return guarded(endpoint)

    def logging_(path: str) -> Endpoint:
        read = LOGGING[path]
        single = path == "runs/log-parameter"

        async def endpoint(request: Request) -> Response:
            body = await read_body(request)
            scope = scope_of(request)
            if not request.headers.get("content-type", "").startswith("application/json"):
                decode(request, body)
            await store(services, scope, read(body, lambda: decode(request, body)), single=single)
            return Response(b"{}", media_type="application/json")

        return guarded(endpoint)

    async def proxy(request: Request) -> Response:
        path, scope = request.path_params["path"], scope_of(request)
        if request.method == "PUT":
            return await artifacts.upload(house, scope, path, request)
        if request.method == "DELETE":
            return _json(await artifacts.remove(house, scope, path))
        place, inner = await artifacts.place_of(house, scope, path)
        return await artifacts.download(house, scope, place, inner)

    async def proxy_list(request: Request) -> Response:
        return _json(await artifacts.listing(house, scope_of(request), request.query_params.get("path", "")))

    async def run_list(request: Request) -> Response:
        return _json(await artifacts.list_run(house, scope_of(request), query(request)))

    async def model_list(request: Request) -> Response:
        uid = request.path_params["model_id"]
        return _json(await artifacts.list_model(house, scope_of(request), uid, query(request)))

    async def get_artifact(request: Request) -> Response:
        uid = request.query_params.get("run_uuid") or request.query_params.get("run_id") or ""
        return await artifacts.download(house, scope_of(request), RunFiles(uid), request.query_params.get("path", ""))

    async def unsupported(request: Request) -> Response:
        given = query(request) if request.method == "GET" else decode(request, await read_body(request))
        if request.method != "GET":
            fields.needed(given, "path")
        raise artifacts.not_supported(request.path_params.get("path") or fields.text(given, "path") or "")

    async def info(request: Request) -> Response:
        return _json(INFO)

    async def version(request: Request) -> Response:
        return PlainTextResponse(SPOKEN_VERSION)

    found: list[BaseRoute] = []
    for base in ("/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"):

        def add(method: str, path: str, endpoint: Endpoint, base: str = base) -> None:
            found.append(HttpRoute(f"{base}/{path}", endpoint, methods=[method]))

        for path in LOGGING:
            add("POST", f"mlflow/{path}", logging_(path))
        for route in ROUTES:
            add(route.method, f"mlflow/{route.path}", threaded(route))
        add("GET", "mlflow/artifacts/list", guarded(run_list))
        add("GET", "mlflow/logged-models/{model_id}/artifacts/directories", guarded(model_list))
        add("GET", "mlflow/server-info", info)
        for name in ("presigned-upload-url", "presigned-download-url"):
            add("POST", f"mlflow/artifacts/{name}", guarded(unsupported))
        add("GET", "mlflow-artifacts/artifacts", guarded(proxy_list))
        for method in ("GET", "PUT", "DELETE"):
            add(method, "mlflow-artifacts/artifacts/{path:path}", guarded(proxy))
        for name in ("create", "complete", "abort"):
            add("POST", f"mlflow-artifacts/mpu/{name}/{{path:path}}", guarded(unsupported))
        add("GET", "mlflow-artifacts/presigned/{path:path}", guarded(unsupported))
    found.append(HttpRoute("/version", version))
    found.append(HttpRoute("/get-artifact", guarded(get_artifact)))
    return found
