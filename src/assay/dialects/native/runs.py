"""Runs of /api/v1: beginning one, saying how it goes, deleting it and bringing it back."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from assay.core.scope import Scope, Verb
from assay.core.tracking import PARENT_TAG, Logged, RunRecord, Status
from assay.dialects.native import answers, changing
from assay.dialects.native.identity import KEY_HEADER, derived
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND as EXPERIMENT_BOUND
from assay.services.house import Services
from assay.wire.errors import AlreadyExists, Conflict, InvalidInput, NotActive, NotFound, ParamChanged, RuleViolation

Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # microseconds since 1970
Step = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
UID = re.compile(r"[0-9a-f]{32}\Z")


class Begun(msgspec.Struct, forbid_unknown_fields=True):
    """A run to begin. With an `id`, doing so twice is doing so once: several ranks may begin the same run."""

    id: str | None = None
    experiment: str | None = None  # made where it is missing; none: that of the run of this id, else "Default"
    name: str = ""
    parent: str | None = None
    user: str = ""
    status: Status = Status.RUNNING
    start_us: Time | None = None
    end_us: Time | None = None
    tags: dict[str, str] = {}
    params: dict[str, str] = {}  # as they are sent; they never change
    config: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None  # as config, but nobody chose it: it fills what is not set
    group: str | None = None


class Forked(msgspec.Struct, forbid_unknown_fields=True):
    """A run to fork from another: its name, and the last step that it takes over."""

    name: str = ""
    step: Step | None = None


class Rewound(msgspec.Struct, forbid_unknown_fields=True):
    """How far a run goes back."""

    step: Step


class Done(msgspec.Struct):
    """What was asked for is so."""


def experiment_id(services: Services, scope: Scope, name: str) -> int:
    """The id of the experiment of this name, which is made where it is missing. Raises InvalidInput."""
    check_text("name", name, EXPERIMENT_BOUND)
    try:
        return services.experiments.by_name(scope, name).id
    except NotFound:
        try:
            return services.experiments.create(scope, name).id
        except AlreadyExists:  # somebody else was faster
            return services.experiments.by_name(scope, name).id


def begin(call: Call[NoQuery, Begun]) -> Made:
    """Begins a run, once for an `id` or an `Idempotency-Key` however often it is asked."""
    given, services, scope = call.body, call.services, call.scope
    if given.id is not None and not UID.match(given.id):
        raise InvalidInput(f"{given.id[:100]!r} is no run id", field="id", remedy="send 32 hex digits, or no id")
    key = derived(call.request, scope, "run")
    uid = given.id or key
    changing.check(given.params, given.config, given.group, defaults=given.defaults)
    of = _experiment_of(services, scope, uid, given.experiment)
    tags = given.tags if given.parent is None else {**given.tags, PARENT_TAG: given.parent}
    try:
        record = services.runs.create(
            scope,
            of,
            name=given.name or call.house.new_name(),
            user_name=given.user,
            status=given.status,
            start_us=given.start_us,
            tags=tags,
            uid=uid,
        )
        new = True
    except AlreadyExists:
        if uid is None:
            raise
        record, new = services.runs.get(scope, uid), False
        _check_same(record, of, given, KEY_HEADER if given.id is None else "id")
    _complete(services, scope, record, given, new=new)
    return Made(answers.detail(services, scope, services.runs.get(scope, record.run.uid)), new)


def _experiment_of(services: Services, scope: Scope, uid: str | None, name: str | None) -> int:
    if name is None and uid is not None:
        with suppress(NotFound):
            return services.runs.head(scope, uid).experiment_id
    return experiment_id(services, scope, "Default" if name is None else name)


def _check_same(record: RunRecord, experiment_id: int, given: Begun, field: str) -> None:
    """Raises Conflict where the run that is there is another than the one that is asked for."""
    if record.run.experiment_id != experiment_id:
        raise Conflict(
            f"The run {record.run.uid} exists in another experiment", field=field, remedy=f"send another {field}"
        )
    if field == KEY_HEADER and given.name and given.name != record.run.name:
        raise Conflict(f"The run of this {field} has another name", field=field, remedy=f"send another {field}")


def _complete(services: Services, scope: Scope, record: RunRecord, given: Begun, *, new: bool) -> None:
    """The run has what its beginning brings; what was said since is not undone."""
    uid = record.run.uid
    if given.config and (new or not record.params):
        services.configs.merge(scope, uid, given.config)
    if given.params:
        services.runs.log(scope, Logged(uid, params=given.params)).result()
    if given.defaults:
        services.configs.fill(scope, uid, given.defaults)
    if given.end_us is not None and record.run.end_us is None:
        services.runs.update(scope, uid, end_us=given.end_us)
    if given.group is not None:
        services.groups.join(scope, record.run.experiment_id, given.group, uid)


def one(call: Call[NoQuery, None]) -> answers.RunDetail:
    """A run with all it has."""
    return answers.detail(call.services, call.scope, call.services.runs.get(call.scope, call.id))


def change(call: Call[NoQuery, changing.RunChange]) -> answers.RunDetail:
    """Changes what is sent of a run; what is absent stays. A tag, note or parent that is null is taken away."""
    changing.change(call.services, call.scope, call.id, call.body)
    return one(call)  # type: ignore[arg-type]


def delete(call: Call[NoQuery, None]) -> Done:
    """Deletes a run until it is restored or purged; doing so twice is fine."""
    call.services.runs.delete(call.scope, call.id)
    return Done()


def restore(call: Call[NoQuery, None]) -> answers.RunDetail:
    """Brings a deleted run back; doing so twice is fine."""
    call.services.runs.restore(call.scope, call.id)
    return one(call)


class RunState(msgspec.Struct):
    """How a run is, and whether it is asked to stop."""

    status: answers.State
    stop: bool


def state(call: Call[NoQuery, None]) -> RunState:
    """How a run is, and whether somebody asked it to stop: what its process asks every few seconds."""
    run = call.services.runs.head(call.scope, call.id)
    return RunState("lost" if run.lost else run.status.value, run.stop_us is not None)


def stop(call: Call[NoQuery, None]) -> RunState:
    """Asks a run to stop: it goes on until its process has read that. Doing so twice is fine."""
    call.services.runs.stop(call.scope, call.id)
    return state(call)


def fork(call: Call[NoQuery, Forked]) -> Made:
    """Makes a new run of another: its config, params, tags and what was logged up to `step`. Each call makes one."""
    name = call.body.name or call.house.new_name()
    record = call.services.branches.fork(call.scope, call.id, name=name, step=call.body.step)
    return Made(answers.detail(call.services, call.scope, call.services.runs.get(call.scope, record.run.uid)))


def rewind(call: Call[NoQuery, Rewound]) -> answers.RunDetail:
    """What was logged after `step` is gone for good, and what writers sent before is refused."""
    call.services.branches.rewind(call.scope, call.id, call.body.step)
    return one(call)  # type: ignore[arg-type]


READ, WRITE, DELETE = may(Verb.READ, "run"), may(Verb.WRITE, "run"), may(Verb.DELETE, "run")

TABLE = [
    Route(
        "POST",
        "runs",
        begin,
        WRITE,
        body=Begun,
        answer=answers.RunDetail,
        makes=True,
        errors=(NotActive, Conflict, ParamChanged, NotFound),
        headers=((KEY_HEADER, "Stands for the id: who sends the same key again is answered with the same run."),),
    ),
    Route("GET", "runs/{id}", one, READ, answer=answers.RunDetail),
    Route(
        "PATCH",
        "runs/{id}",
        change,
        WRITE,
        body=changing.RunChange,
        answer=answers.RunDetail,
        errors=(NotActive, ParamChanged),
    ),
    Route("DELETE", "runs/{id}", delete, DELETE, answer=Done),
    Route("POST", "runs/{id}/restore", restore, DELETE, answer=answers.RunDetail),
    Route("GET", "runs/{id}/state", state, READ, answer=RunState),
    Route("POST", "runs/{id}/stop", stop, WRITE, answer=RunState, errors=(NotActive, RuleViolation)),
    Route(
        "POST", "runs/{id}/fork", fork, WRITE, body=Forked, answer=answers.RunDetail, makes=True, errors=(NotActive,)
    ),
    Route("POST", "runs/{id}/rewind", rewind, WRITE, body=Rewound, answer=answers.RunDetail, errors=(NotActive,)),
]
