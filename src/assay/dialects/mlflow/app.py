"""MLflow's routes as ASGI routes: decoding, threads, errors in MLflow's form."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container
from contextlib import closing
from typing import Any, cast

import msgspec
from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from assay.core.scope import Verb
from assay.dialects.mlflow import artifacts, experiments, fields, metrics, models, runs, workspaces
from assay.dialects.mlflow.bodies import check_kind, decode, read_body
from assay.dialects.mlflow.calls import ROUTES, Call, House, Pieces, Route
from assay.dialects.mlflow.decoding import Decoding
from assay.dialects.mlflow.errors import render
from assay.dialects.mlflow.logging import LOGGING, Read, batch, store
from assay.dialects.rules import ANYBODY, PUBLIC, SCOPE, Manner, Rule, Ruled, may, scope_of
from assay.dialects.streaming import Streamed, admit, in_turn
from assay.services.files import ModelFiles, RunFiles
from assay.services.house import Services
from assay.wire.errors import AssayError

log = logging.getLogger(__name__)

SPOKEN_VERSION = "3.3.0"  # below 3.4, so that clients do not send spans, which we do not keep
MODULES = (experiments, runs, metrics, models, workspaces)  # importing them fills ROUTES
INFO = {
    "store_type": "SqlStore",
    "workspaces_enabled": True,
    "trace_archival_enabled": False,
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
NOTHING = Response(b"{}", media_type="application/json")
HEAVY = {"metrics/get-history", "metrics/get-history-bulk", "metrics/get-history-bulk-interval"}
MANNER = Manner(
    render, b"x-mlflow-workspace", remedy="set MLFLOW_WORKSPACE, or call mlflow.set_workspace, with one of yours"
)
LOG, READ_FILE, WRITE_FILE = may(Verb.WRITE, "run"), may(Verb.READ, "file"), may(Verb.WRITE, "file")
PROXY = {"GET": READ_FILE, "PUT": WRITE_FILE, "DELETE": may(Verb.DELETE, "file")}
Endpoint = Callable[[Request], Awaitable[Response]]


def query(request: Request, repeated: Container[str] = ()) -> dict[str, Any]:
    """The fields of a query string; those that may be repeated are lists, of others the first counts."""
    given = request.query_params
    return {name: given.getlist(name) if name in repeated else given.getlist(name)[0] for name in given}


class Guarded:
    """An endpoint as an ASGI application of its own, whose errors are answered in MLflow's form."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._endpoint(request)
        except Exception as error:  # noqa: BLE001 -- answered as what it is
            return _failed(error, request.scope)


class Logs:
    """A route that logs a single thing, as an ASGI application of its own.

    Training calls these most, one by one: a `Request` and a `Response` take a twentieth of the loop's time for a call.

    Args:
        services: The use cases.
        read: What a body brings.
        single: Whether a param is refused in the words that stock has for a single one.
    """

    def __init__(self, services: Services, read: Read, *, single: bool) -> None:
        self._services = services
        self._read = read
        self._single = single

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            body = await read_body(receive)
            check_kind(scope, body)
            logged = self._read(body, lambda: decode(scope, body))
            await store(self._services, scope[SCOPE], logged, single=self._single)
        except Exception as error:  # noqa: BLE001 -- answered as what it is
            await _failed(error, scope)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": NOTHING.raw_headers})
        await send({"type": "http.response.body", "body": NOTHING.body})


def _failed(error: Exception, scope: AsgiScope) -> Response:
    if isinstance(error, AssayError):
        return render(error)
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)
    log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
    return render(AssayError("Internal error; the server's log says more"))


def _json(answer: dict[str, Any] | Response) -> Response:
    if isinstance(answer, Response):
        return answer
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _after(first: bytes, rest: Pieces) -> Pieces:
    with closing(rest):
        yield first
        yield from rest


def routes(services: Services, new_name: Callable[[], str]) -> list[BaseRoute]:
    """All routes that an mlflow client asks for."""
    house, decoding = House(services, new_name, {}), Decoding()

    def threaded(route: Route) -> Guarded:
        async def endpoint(request: Request) -> Response:
            given = (
                query(request, REPEATED.get(route.path, ()))
                if route.method == "GET"
                else decode(request.scope, await read_body(request.receive))
            )
            call = Call(house, scope_of(request), {**given, **request.path_params})
            return await run_sync(lambda: _json(cast("dict[str, Any] | Response", route.handler(call))))

        return Guarded(endpoint)

    def heavy(route: Route) -> Guarded:
        async def endpoint(request: Request) -> Response:
            call = Call(house, scope_of(request), query(request, REPEATED.get(route.path, ())))

            def begin() -> Response:
                pieces = cast("Pieces", route.handler(call))
                first, whole = metrics.begun(pieces)
                if whole:
                    return Response(first, media_type="application/json")
                return Streamed(_after(first, pieces), "application/json", busy=services.history.busy)

            answer = await in_turn(request.receive, begin)
            if isinstance(answer, Streamed):
                admit()
            return answer

        return Guarded(endpoint)

    async def log_batch(request: Request) -> Response:
        decoding.calls += 1
        try:
            body, scope = await read_body(request.receive), scope_of(request)
            check_kind(request.scope, body)
            logged = batch(await decoding.columns(body), lambda: decode(request.scope, body))
            await store(services, scope, logged, single=False)
        finally:
            decoding.calls -= 1
        return NOTHING

    async def proxy(request: Request) -> Response:
        path, scope = request.path_params["path"], scope_of(request)
        if request.method == "PUT":
            return await artifacts.upload(house, scope, path, request)
        if request.method == "DELETE":
            return _json(await artifacts.remove(house, scope, path))
        return await artifacts.download(house, scope, path, request)

    async def proxy_list(request: Request) -> Response:
        return _json(await artifacts.listing(house, scope_of(request), request.query_params.get("path", "")))

    async def run_list(request: Request) -> Response:
        return _json(await artifacts.list_run(house, scope_of(request), query(request)))

    async def model_list(request: Request) -> Response:
        uid = request.path_params["model_id"]
        return _json(await artifacts.list_model(house, scope_of(request), uid, query(request)))

    async def get_artifact(request: Request) -> Response:
        uid = request.query_params.get("run_uuid") or request.query_params.get("run_id") or ""
        path = request.query_params.get("path", "")
        return await artifacts.download_of(house, scope_of(request), RunFiles(uid), path, request)

    async def get_model_artifact(request: Request) -> Response:
        place = ModelFiles(request.path_params["model_id"])
        path = artifacts.asked_file(request.query_params)
        return await artifacts.download_of(house, scope_of(request), place, path, request)

    async def put_run_artifact(request: Request) -> Response:
        body = await read_body(request.receive)
        await artifacts.put_run(house, scope_of(request), request.query_params, body)
        return Response(media_type="application/json")

    async def unsupported(request: Request) -> Response:
        given = decode(request.scope, await read_body(request.receive))
        raise artifacts.not_supported(fields.needed(given, "path"))

    def in_parts(step: Callable[..., dict[str, Any]]) -> Guarded:
        async def endpoint(request: Request) -> Response:
            given, folder = decode(request.scope, await read_body(request.receive)), request.path_params["path"]
            return _json(await run_sync(step, house, scope_of(request), folder, given))

        return Guarded(endpoint)

    async def complete(request: Request) -> Response:
        given, folder = decode(request.scope, await read_body(request.receive)), request.path_params["path"]
        digest = await run_sync(artifacts.complete, house, scope_of(request), folder, given)
        return Response(b"{}", media_type="application/json", background=BackgroundTask(digest))

    async def presigned(request: Request) -> Response:
        return _json(await run_sync(artifacts.presigned, house, scope_of(request), request.path_params["path"]))

    async def presigned_of_run(request: Request) -> Response:
        given = decode(request.scope, await read_body(request.receive))
        return _json(await run_sync(artifacts.presigned_of_run, house, scope_of(request), given))

    async def info(request: Request) -> Response:
        files = services.files
        parts = {"multipart_uploads_enabled": files.multipart, "multipart_downloads_enabled": files.links}
        return _json(INFO | parts)

    async def version(request: Request) -> Response:
        return PlainTextResponse(SPOKEN_VERSION)

    found: list[BaseRoute] = []
    for base in ("/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"):

        def add(method: str, path: str, rule: Rule, endpoint: Guarded | Logs | Endpoint, base: str = base) -> None:
            found.append(Ruled(f"{base}/{path}", endpoint, rule=rule, manner=MANNER, methods=[method]))

        for path, read in LOGGING.items():
            add("POST", f"mlflow/{path}", LOG, Logs(services, read, single=path == "runs/log-parameter"))
        add("POST", "mlflow/runs/log-batch", LOG, Guarded(log_batch))
        for route in ROUTES:
            answer = heavy(route) if route.path in HEAVY else threaded(route)
            add(route.method, f"mlflow/{route.path}", route.rule, answer)
        add("GET", "mlflow/artifacts/list", READ_FILE, Guarded(run_list))
        add("GET", "mlflow/logged-models/{model_id}/artifacts/directories", READ_FILE, Guarded(model_list))
        add("GET", "mlflow/server-info", ANYBODY, info)
        add("POST", "mlflow/artifacts/presigned-upload-url", WRITE_FILE, Guarded(unsupported))
        add("POST", "mlflow/artifacts/presigned-download-url", READ_FILE, Guarded(presigned_of_run))
        add("GET", "mlflow-artifacts/artifacts", READ_FILE, Guarded(proxy_list))
        for method in ("GET", "PUT", "DELETE"):
            add(method, "mlflow-artifacts/artifacts/{path:path}", PROXY[method], Guarded(proxy))
        add("POST", "mlflow-artifacts/mpu/create/{path:path}", WRITE_FILE, in_parts(artifacts.begin))
        add("POST", "mlflow-artifacts/mpu/complete/{path:path}", WRITE_FILE, Guarded(complete))
        add("POST", "mlflow-artifacts/mpu/abort/{path:path}", WRITE_FILE, in_parts(artifacts.abort))
        add("GET", "mlflow-artifacts/presigned/{path:path}", READ_FILE, Guarded(presigned))
    ajax = "/ajax-api/2.0/mlflow"  # what only browsers ask
    of_model = f"{ajax}/logged-models/{{model_id}}/artifacts/files"
    for method, path, rule, endpoint in (
        ("POST", f"{ajax}/upload-artifact", WRITE_FILE, Guarded(put_run_artifact)),
        ("GET", of_model, READ_FILE, Guarded(get_model_artifact)),
        ("GET", "/version", PUBLIC, version),
        ("GET", "/get-artifact", READ_FILE, Guarded(get_artifact)),
    ):
        found.append(Ruled(path, endpoint, rule=rule, manner=MANNER, methods=[method]))
    return found
