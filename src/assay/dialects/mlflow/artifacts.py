"""MLflow's artifact routes: a proxy path is found to lie in a run's, a model's or the workspace's tree."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from assay.core.scope import Scope
from assay.core.tracking import FileEntry
from assay.dialects.download import answer
from assay.dialects.mlflow import encode, fields
from assay.dialects.mlflow.calls import House
from assay.ports.blobs import SMALL, Part
from assay.services.files import LooseFiles, ModelFiles, Place, RunFiles, check_path
from assay.wire.errors import AssayError, InvalidInput, NotFound, NotSupported

LINK_S = 900
LINK_BOUND_S = 604_800  # what the clouds allow
BROWSER_BOUND = 10 * 1024 * 1024  # bytes that a browser may send at once
UNSUPPORTED = "Multipart {} is not supported for the current artifact repository"  # clients look for these words
_RUN = re.compile(r"(?P<root>.+)/(?P<uid>[0-9a-f]{32})/artifacts(?:/(?P<rest>.*))?\Z")
_MODEL = re.compile(r"(?P<root>.+)/models/(?P<uid>m-[0-9a-f]{32})/artifacts(?:/(?P<rest>.*))?\Z")


def _found(house: House, scope: Scope, path: str) -> tuple[Place, str]:
    for pattern, read, place in (
        (_MODEL, house.services.models.get, ModelFiles),
        (_RUN, house.services.runs.head, RunFiles),
    ):
        match = pattern.match(path)
        if match is None:
            continue
        try:
            owner: Any = read(scope, match["uid"])
        except NotFound:
            continue
        experiment_id = owner.experiment_id
        if house.location(scope, experiment_id) == encode.ROOT + match["root"]:
            return place(match["uid"]), match["rest"] or ""
    return LooseFiles(), path


async def place_of(house: House, scope: Scope, path: str) -> tuple[Place, str]:
    """The tree that a proxy path lies in, and the path within it."""
    check_path(path, root=True)
    return await run_sync(_found, house, scope, path)


async def upload(house: House, scope: Scope, path: str, request: Request) -> Response:
    """Stores the body under the path."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 9 and int(length) <= SMALL:
        body = await request.body()
        await run_sync(lambda: house.services.files.put_small(scope, *_found(house, scope, check_path(path)), body))
    else:
        place, inner = await place_of(house, scope, path)
        await house.services.files.put(scope, place, inner, request.stream())
    return Response(b"{}", media_type="application/json")


async def download(house: House, scope: Scope, path: str, request: Request) -> Response:
    """The bytes under a proxy path, or the range asked for."""
    check_path(path, root=True)
    return await run_sync(lambda: _answer(house, scope, *_found(house, scope, path), request))


async def download_of(house: House, scope: Scope, place: Place, inner: str, request: Request) -> Response:
    """The same for a file whose tree is known."""
    return await run_sync(lambda: _answer(house, scope, place, inner, request))


def _answer(house: House, scope: Scope, place: Place, inner: str, request: Request) -> Response:
    files = house.services.files
    return answer(files, files.open(scope, place, inner), request.headers.get, head=request.method == "HEAD")


def _encoded(entries: list[FileEntry], *, full: bool) -> list[dict[str, Any]]:
    return [
        {"path": entry.path if full else entry.path.rpartition("/")[2], "is_dir": entry.is_dir}
        | ({} if entry.is_dir else {"file_size": entry.size})
        for entry in entries
    ]


async def listing(house: House, scope: Scope, path: str) -> dict[str, Any]:
    """The children of a proxy path, by their names."""
    place, inner = await place_of(house, scope, path.rstrip("/"))
    return encode.present(files=_encoded(await house.services.files.children(scope, place, inner), full=False))


async def remove(house: House, scope: Scope, path: str) -> dict[str, Any]:
    """Deletes a file or folder; a missing one is fine."""
    place, inner = await place_of(house, scope, path)
    if inner:
        await house.services.files.delete(scope, place, inner)
    return {}


async def list_run(house: House, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    """The files of a run, by their full paths."""
    uid = fields.text(given, "run_id") or fields.text(given, "run_uuid") or fields.needed({}, "run_id")
    run = await run_sync(house.services.runs.head, scope, uid)
    location = await run_sync(house.location, scope, run.experiment_id)
    folder = check_path((fields.text(given, "path") or "").rstrip("/"), root=True)
    found = await house.services.files.children(scope, RunFiles(uid), folder)
    return encode.present(root_uri=f"{location}/{uid}/artifacts", files=_encoded(found, full=True))


async def put_run(house: House, scope: Scope, given: Mapping[str, str], body: bytes) -> None:
    """Stores a file of a run, sent by a browser."""
    uid, path = (_asked(given, name, f"Request must specify {name}.") for name in ("run_uuid", "path"))
    if len(body) > BROWSER_BOUND:
        raise InvalidInput(
            "Artifact size is too large. Max size is 10MB.",
            field="body",
            bound=BROWSER_BOUND,
            remedy="send it by a client",
        )
    if not body:
        raise InvalidInput("Request must specify data.", field="body", remedy="send the file's bytes")
    await house.services.files.put(scope, RunFiles(uid), path, _whole(body))


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


def asked_file(given: Mapping[str, str]) -> str:
    """The path of the model's file that a browser asks for."""
    name = "artifact_file_path"
    return _asked(given, name, f'Request must include the "{name}" query parameter.')


def _asked(given: Mapping[str, str], name: str, words: str) -> str:
    if not given.get(name):
        raise InvalidInput(words, field=name, remedy=f"add {name} to the query")
    return given[name]


async def list_model(house: House, scope: Scope, uid: str, given: dict[str, Any]) -> dict[str, Any]:
    """The files of a logged model, by their full paths."""
    model = await run_sync(house.services.models.get, scope, uid)
    location = await run_sync(house.location, scope, model.experiment_id)
    folder = check_path((fields.text(given, "artifact_directory_path") or "").rstrip("/"), root=True)
    found = await house.services.files.children(scope, ModelFiles(uid), folder)
    return encode.present(root_uri=f"{location}/models/{uid}/artifacts", files=_encoded(found, full=True))


def not_supported(path: str) -> AssayError:
    """The refusal of presigned uploads. Raises InvalidInput for a path that no transfer could have."""
    check_path(path)
    return NotSupported("Presigned uploads are not supported: clients send files to the server, or in parts")


def presigned_of_run(house: House, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    """Where the object store itself gives a run's file."""
    uid, path = fields.needed(given, "run_id"), check_path(fields.needed(given, "path"))
    ttl_s = fields.integer(given, "expiration")
    ttl_s = LINK_S if ttl_s is None else ttl_s
    if not 1 <= ttl_s <= LINK_BOUND_S:
        raise InvalidInput(
            f"expiration must be between 1 and {LINK_BOUND_S} seconds (got {ttl_s}).",
            field="expiration",
            bound=LINK_BOUND_S,
        )
    house.services.runs.head(scope, uid)
    if not house.services.files.links:
        raise InvalidInput(
            "Presigned download is not supported for runs with proxied artifact storage "
            "(artifact URI scheme: mlflow-artifacts). "
            "This endpoint requires a run with a direct cloud storage artifact URI.",
            field="run_id",
        )
    file, url = house.services.files.link(scope, RunFiles(uid), path, ttl_s)
    return encode.present(presigned_url=url, file_size=file.size)


def presigned(house: House, scope: Scope, path: str) -> dict[str, Any]:
    """Where the object store itself gives the file."""
    check_path(path)
    if not house.services.files.links:
        raise NotSupported(UNSUPPORTED.format("download"))
    file, url = house.services.files.link(scope, *_found(house, scope, path), LINK_S)
    return {"url": url, "headers": {}, "file_size": file.size}


def _target(house: House, scope: Scope, folder: str, given: dict[str, Any]) -> tuple[Place, str]:
    """The tree and path that an upload in parts is for: the client's own file name, below the folder of the route."""
    check_path(folder, root=True)
    name = fields.needed(given, "path").replace("\\", "/").rpartition("/")[2]
    path = check_path(f"{folder}/{name}" if folder else name)
    if not house.services.files.multipart:
        raise NotSupported(UNSUPPORTED.format("upload"))
    return _found(house, scope, path)


def begin(house: House, scope: Scope, folder: str, given: dict[str, Any]) -> dict[str, Any]:
    """A new upload in parts, and where to PUT them."""
    count = fields.integer(given, "num_parts")
    target = _target(house, scope, folder, given)
    upload_id, links = house.services.files.begin(scope, *target, 1 if count is None else count)
    credentials = [{"url": url, "part_number": number} for number, url in enumerate(links, 1)]
    return {"upload_id": upload_id, "credentials": credentials}


def complete(house: House, scope: Scope, folder: str, given: dict[str, Any]) -> Callable[[], None]:
    """The file is there; what is returned computes its digest."""
    target = _target(house, scope, folder, given)
    upload_id = fields.needed(given, "upload_id")
    parts = [
        Part(fields.integer(part, "part_number", low=1, high=10_000) or 1, fields.text(part, "etag") or "")
        for part in fields.objects(given, "parts")
    ]
    return house.services.files.complete(scope, *target, upload_id, parts)


def abort(house: House, scope: Scope, folder: str, given: dict[str, Any]) -> dict[str, Any]:
    """The upload in parts is over."""
    target = _target(house, scope, folder, given)
    house.services.files.abort(scope, *target, fields.needed(given, "upload_id"))
    return {}
