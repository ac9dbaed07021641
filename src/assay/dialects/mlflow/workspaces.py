"""MLflow's workspace routes. Clients send no workspace with these, whatever workspace they have set."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from assay.core.accounts import Workspace
from assay.core.scope import Verb
from assay.dialects.mlflow import fields
from assay.dialects.mlflow.calls import Call, route
from assay.dialects.rules import ANYBODY, may
from assay.wire.errors import NotSupported

MANAGE = may(Verb.MANAGE, "workspace")


def _one(call: Call) -> dict[str, Any]:
    return {"workspace": _told(call.services.workspaces.by_name(call.scope, call.fields["workspace_name"]))}


def _told(workspace: Workspace) -> dict[str, Any]:
    return {"name": workspace.name}


@route("GET", "workspaces", ANYBODY)
def search(call: Call) -> dict[str, Any]:
    """The workspaces in which the caller has a role."""
    return {"workspaces": [_told(item) for item in call.services.workspaces.all(call.scope)]}


@route("POST", "workspaces", MANAGE)
def create(call: Call) -> Response:
    """Makes a workspace. What stock keeps of it besides its name is refused, not ignored."""
    _only_name(call)
    made = call.services.workspaces.create(call.scope, fields.needed(call.fields, "name"))
    return Response(msgspec.json.encode({"workspace": _told(made)}), 201, media_type="application/json")


@route("GET", "workspaces/{workspace_name}", ANYBODY)
def get(call: Call) -> dict[str, Any]:
    """Reads a workspace in which the caller has a role."""
    return _one(call)


@route("PATCH", "workspaces/{workspace_name}", MANAGE)
def update(call: Call) -> dict[str, Any]:
    """Changes nothing: there is nothing but the name."""
    _only_name(call)
    return _one(call)


@route("DELETE", "workspaces/{workspace_name}", MANAGE)
def delete(call: Call) -> dict[str, Any]:
    """Refuses: workspaces are not deleted."""
    call.services.workspaces.by_name(call.scope, call.fields["workspace_name"])
    raise NotSupported(
        "Workspaces are not deleted", field="workspace", remedy="take its members away, and purge its experiments"
    )


def _only_name(call: Call) -> None:
    for field in ("description", "default_artifact_root", "trace_archival_config"):
        if call.fields.get(field):
            raise NotSupported(f"A workspace has no {field} here", field=field, remedy="leave it out")
