"""MLflow's artifact routes: a proxy path is found to lie in a run's, a model's or the workspace's tree."""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from assay.core.scope import Scope
from assay.core.tracking import FileEntry
from assay.dialects.mlflow import encode, fields
from assay.dialects.mlflow.calls import House
from assay.services.files import LooseFiles, ModelFiles, Place, RunFiles, check_path
from assay.wire.errors import AssayError, NotFound, NotSupported

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
    place, inner = await place_of(house, scope, path)
    await house.services.files.put(scope, place, inner, request.stream())
    return Response(b"{}", media_type="application/json")


async def download(house: House, scope: Scope, place: Place, inner: str) -> Response:
    """The file's bytes, or the range asked for."""
    file, stored = await house.services.files.open(scope, place, inner)
    name = inner.rpartition("/")[2]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = FileResponse(
        stored,
        media_type=kind,
        filename=name,
        headers={"ETag": f'"{file.blake3[:32]}"', "X-Content-Type-Options": "nosniff"},
    )
    response.chunk_size = 1 << 20
    return response


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


async def list_model(house: House, scope: Scope, uid: str, given: dict[str, Any]) -> dict[str, Any]:
    """The files of a logged model, by their full paths."""
    model = await run_sync(house.services.models.get, scope, uid)
    location = await run_sync(house.location, scope, model.experiment_id)
    folder = check_path((fields.text(given, "artifact_directory_path") or "").rstrip("/"), root=True)
    found = await house.services.files.children(scope, ModelFiles(uid), folder)
    return encode.present(root_uri=f"{location}/models/{uid}/artifacts", files=_encoded(found, full=True))


def not_supported(path: str) -> AssayError:
    """The refusal of multipart and presigned transfers. Raises InvalidInput for a path that no transfer could have."""
    check_path(path)
    return NotSupported("Multipart and presigned transfers are not supported by a local store")
