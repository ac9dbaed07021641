"""`assay workspaces`: what there is, who is a member of it, and how much it may hold."""

from __future__ import annotations

from typing import Any

import click

from assay.cli.asking import Asked, asks, safe, when
from assay.cli.root import cli
from assay.core.roles import CLOSED, GRANTABLE
from assay.wire.errors import InvalidInput

KINDS = ("runs", "points", "bytes", "keys")
UNBOUNDED = "none"


@cli.group()
def workspaces() -> None:
    """Workspaces, their members and quotas."""


@workspaces.command("list")
@asks
def list_workspaces(asked: Asked) -> None:
    """The workspaces in which one has a role."""
    found = asked.get("workspaces")["workspaces"]
    rows = [(item["name"], item["role"], when(item["created_us"])) for item in found]
    asked.show(found, ("name", "role", "made (UTC)"), rows)


@workspaces.command("create")
@click.argument("name")
@asks
def create_workspace(asked: Asked, name: str) -> None:
    """Make a workspace: for admins of the server."""
    asked.say(asked.post("workspaces", {"name": name}), f"{name} is a workspace")


@workspaces.command("members")
@click.argument("name")
@asks
def list_members(asked: Asked, name: str) -> None:
    """Who has which role in a workspace: for its admins."""
    _show(asked, asked.get(f"workspaces/{safe(name)}/members"))


def _show(asked: Asked, found: dict[str, Any]) -> None:
    rows = [(item["name"], item["kind"], item["role"], str(item.get("experiment_id", ""))) for item in found["members"]]
    asked.show(found["members"], ("name", "kind", "role", "only experiment"), rows)


@workspaces.command("grant")
@click.argument("name")
@click.argument("role", type=click.Choice((*GRANTABLE, CLOSED)))
@click.option("--user", help="Who gets the role.")
@click.option("--group", help="The group that gets it.")
@click.option("--experiment", type=int, help="At most this role in this experiment, by number; none closes it.")
@asks
def grant(asked: Asked, name: str, role: str, user: str | None, group: str | None, experiment: int | None) -> None:
    """Give a user or group a role in a workspace, or narrow it in one experiment."""
    _change(asked, name, role, user, group, experiment)


@workspaces.command("revoke")
@click.argument("name")
@click.option("--user", help="Who loses the role.")
@click.option("--group", help="The group that loses it.")
@click.option("--experiment", type=int, help="Only what was said of this experiment.")
@asks
def revoke(asked: Asked, name: str, user: str | None, group: str | None, experiment: int | None) -> None:
    """Take a user's or group's own role in a workspace away."""
    _change(asked, name, None, user, group, experiment)


def _change(
    asked: Asked, name: str, role: str | None, user: str | None, group: str | None, experiment: int | None
) -> None:
    if (user is None) == (group is None):
        raise InvalidInput("Say whose role", field="--user", remedy="give either --user or --group")
    body = {"role": role, "user": user, "group": group, "experiment_id": experiment}
    _show(asked, asked.patch(f"workspaces/{safe(name)}/members", body))


@workspaces.command("quota")
@click.argument("name")
@click.option("--runs", help="A number, or none.")
@click.option("--points", help="A number, or none.")
@click.option("--bytes", help="Of files: a number, or none.")
@click.option("--keys", help="Names of metrics, params and tags: a number, or none.")
@asks
def quota(asked: Asked, name: str, **given: str | None) -> None:
    """How much a workspace holds and may hold; with an option, sets that."""
    path = f"workspaces/{safe(name)}/quota"
    told = asked.get(path)
    wanted = {kind: _number(kind, text) for kind, text in given.items() if text is not None}
    if wanted:
        told = asked.put(path, told["quota"] | wanted)
    bounds, usage = told["quota"], told["usage"]
    rows = [(kind, str(usage[kind]), UNBOUNDED if bounds[kind] is None else str(bounds[kind])) for kind in KINDS]
    asked.show(told, ("what", "holds", "may hold"), rows)


def _number(kind: str, text: str) -> int | None:
    if text == UNBOUNDED:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"{text[:50]!r} is no number", field=f"--{kind}", remedy="give a number, or none")
    return int(text)
