"""POST and PATCH of /api/v1/runs: beginning a run, and saying how it goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assay.core.scope import Scope
from assay.core.tracking import PARENT_TAG, RunRecord, Status
from assay.dialects.native.app import detail
from assay.dialects.native.calls import answer, answering, read_json, scope_of
from assay.services.house import Services
from assay.wire.errors import AlreadyExists, Conflict, InvalidInput, NotFound

Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # microseconds since 1970
UID = re.compile(r"[0-9a-f]{32}\Z")


class Begun(msgspec.Struct, forbid_unknown_fields=True):
    """A run to begin. With an `id`, doing so twice is doing so once: several ranks may begin the same run."""

    id: str | None = None
    experiment: str = "Default"  # made where it is missing
    name: str = ""
    parent: str | None = None
    user: str = ""
    status: Status = Status.RUNNING
    start_us: Time | None = None
    tags: dict[str, str] = {}
    config: dict[str, Any] | None = None


class Changed(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a run; what is absent stays."""

    name: str | None = None
    status: Status | None = None
    end_us: Time | None = None
    config: dict[str, Any] | None = None  # merged


def _experiment(services: Services, scope: Scope, name: str) -> int:
    try:
        return services.experiments.by_name(scope, name).id
    except NotFound:
        try:
            return services.experiments.create(scope, name).id
        except AlreadyExists:  # somebody else was faster
            return services.experiments.by_name(scope, name).id


def begin(services: Services, new_name: Callable[[], str], scope: Scope, given: Begun) -> tuple[RunRecord, bool]:
    """The run, and whether it is new.

    Raises:
        InvalidInput: A field is out of bounds.
        NotActive: The experiment is deleted.
        Conflict: A run of this id exists in another experiment.
    """
    if given.id is not None and not UID.match(given.id):
        raise InvalidInput(f"{given.id[:100]!r} is no run id", field="id", remedy="send 32 hex digits, or no id")
    experiment_id = _experiment(services, scope, given.experiment)
    tags = given.tags if given.parent is None else {**given.tags, PARENT_TAG: given.parent}
    try:
        record = services.runs.create(
            scope,
            experiment_id,
            name=given.name or new_name(),
            user_name=given.user,
            status=given.status,
            start_us=given.start_us,
            tags=tags,
            uid=given.id,
        )
        new = True
    except AlreadyExists:
        if given.id is None:
            raise
        record, new = services.runs.get(scope, given.id), False
        if record.run.experiment_id != experiment_id:
            raise Conflict(
                f"The run {given.id} exists in another experiment", field="id", remedy="send another id"
            ) from None
    if given.config and (new or not record.params):  # else what was said since would be undone
        services.configs.merge(scope, record.run.uid, given.config)
        record = services.runs.get(scope, record.run.uid)
    return record, new


def change(services: Services, scope: Scope, uid: str, given: Changed) -> RunRecord:
    """The run as it is now. Raises NotFound, NotActive, InvalidInput."""
    if (given.name, given.status, given.end_us) != (None, None, None):
        services.runs.update(scope, uid, name=given.name, status=given.status, end_us=given.end_us)
    if given.config is not None:
        services.configs.merge(scope, uid, given.config)
    return services.runs.get(scope, uid)


def routes(services: Services, new_name: Callable[[], str]) -> list[BaseRoute]:
    """The routes that begin and change runs."""

    async def post(request: Request) -> Response:
        """Begins a run, once for an `id` however often it is asked."""
        given, scope = await read_json(request, Begun), scope_of(request)
        record, new = await run_sync(begin, services, new_name, scope, given)
        return answer(detail(record), 201 if new else 200)

    async def patch(request: Request) -> Response:
        """Changes name, status, end or config of a run."""
        given, scope = await read_json(request, Changed), scope_of(request)
        return answer(detail(await run_sync(change, services, scope, request.path_params["id"], given)))

    return [
        Route("/api/v1/runs", answering(post), methods=["POST"]),
        Route("/api/v1/runs/{id}", answering(patch), methods=["PATCH"]),
    ]
