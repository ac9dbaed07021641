"""`assay users` and `assay groups`: who may come in."""

from __future__ import annotations

from typing import Any

import click

from assay.cli.asking import Asked, asks, safe, when
from assay.cli.root import cli


@cli.group()
def users() -> None:
    """Users and service accounts: for admins of the server."""


@users.command("list")
@asks
def list_users(asked: Asked) -> None:
    """All users, by name."""
    found = asked.pages("users", "users")
    asked.show(found, ("name", "kind", "admin", "state", "since (UTC)", "email"), list(map(_row, found)))


def _row(user: dict[str, Any]) -> tuple[str, ...]:
    state = "disabled" if user.get("disabled_us") else "active"
    admin = "admin" if user["is_admin"] else ""
    return user["name"], user["kind"], admin, state, when(user["created_us"]), user["email"]


@users.command("create")
@click.argument("name")
@click.option("--email", default="", help="Shown with the user.")
@click.option("--shown-name", default="", help="How pages call the user. [NAME]")
@click.option("--admin", is_flag=True, help="May everything on the server, in every workspace.")
@click.option("--service", is_flag=True, help="A program: it has tokens, and no password.")
@asks
def create_user(asked: Asked, name: str, email: str, shown_name: str, *, admin: bool, service: bool) -> None:
    """Make a user. With the first one, the server asks everybody who he is."""
    kind = "service" if service else "person"
    body = {"name": name, "email": email, "shown_name": shown_name, "is_admin": admin, "kind": kind}
    made = asked.post("users", body)
    asked.say(made, f"{made['name']} is a user; a role in a workspace: assay workspaces grant WORKSPACE ROLE --user")


@users.command("invite")
@click.argument("name")
@asks
def invite_user(asked: Asked, name: str) -> None:
    """Print a link by which a user sets a password, also a new one: good once, for 24 hours."""
    url = asked.post(f"users/{safe(name)}/invitations", {})["url"]
    url = f"{asked.url.rstrip('/')}{url}" if url.startswith("/") else url
    asked.say({"url": url}, url)


@users.command("disable")
@click.argument("name")
@asks
def disable_user(asked: Asked, name: str) -> None:
    """Let a user in no more: his tokens and sessions end within seconds."""
    asked.say(asked.patch(f"users/{safe(name)}", {"disabled": True}), f"{name} is disabled")


@users.command("enable")
@click.argument("name")
@asks
def enable_user(asked: Asked, name: str) -> None:
    """Let a user in again."""
    asked.say(asked.patch(f"users/{safe(name)}", {"disabled": False}), f"{name} is active")


@users.command("admin")
@click.argument("name")
@click.option("--remove", is_flag=True, help="No admin any more.")
@asks
def set_admin(asked: Asked, name: str, *, remove: bool) -> None:
    """Make a user an admin of the server."""
    told = asked.patch(f"users/{safe(name)}", {"is_admin": not remove})
    asked.say(told, f"{name} is {'no admin any more' if remove else 'an admin of the server'}")


@cli.group()
def groups() -> None:
    """Groups of users: for admins of the server."""


@groups.command("list")
@asks
def list_groups(asked: Asked) -> None:
    """All groups, by name."""
    found = asked.pages("groups", "groups")
    asked.say(found, "\n".join(found))


@groups.command("show")
@click.argument("name")
@asks
def show_group(asked: Asked, name: str) -> None:
    """The members of a group."""
    found = asked.get(f"groups/{safe(name)}")
    asked.show(found, ("name", "origin"), [(item["name"], item["origin"]) for item in found["members"]])


@groups.command("create")
@click.argument("name")
@asks
def create_group(asked: Asked, name: str) -> None:
    """Make a group without members."""
    made = asked.post("groups", {"name": name})
    asked.say(made, f"{made['name']} is a group")


@groups.command("remove")
@click.argument("name")
@asks
def remove_group(asked: Asked, name: str) -> None:
    """Remove a group, and the roles that it gave."""
    asked.say(asked.post("group-removals", {"name": name}), f"{name} is gone")


@groups.command("add")
@click.argument("group")
@click.argument("names", nargs=-1, required=True)
@asks
def add_members(asked: Asked, group: str, names: tuple[str, ...]) -> None:
    """Add users to a group."""
    told = asked.post("group-members", {"group": group, "add": list(names)})
    asked.say(told, f"{group} has {len(told['members'])} members")


@groups.command("drop")
@click.argument("group")
@click.argument("names", nargs=-1, required=True)
@asks
def drop_members(asked: Asked, group: str, names: tuple[str, ...]) -> None:
    """Take users out of a group."""
    told = asked.post("group-members", {"group": group, "remove": list(names)})
    asked.say(told, f"{group} has {len(told['members'])} members")
