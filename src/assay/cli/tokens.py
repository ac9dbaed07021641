"""`assay tokens`: what programs prove themselves with."""

from __future__ import annotations

from typing import Any

import click

from assay.cli.asking import Asked, asks, when
from assay.cli.root import cli
from assay.core.accounts import TOKEN_DAYS, TOKEN_DAYS_BOUND
from assay.core.roles import GRANTABLE


@cli.group()
def tokens() -> None:
    """Tokens: one's own, or for admins of the server those of others."""


@tokens.command("list")
@click.option("--user", help="Whose. [one's own]")
@asks
def list_tokens(asked: Asked, user: str | None) -> None:
    """Tokens with their use, the newest first."""
    found = asked.get("tokens", user=user)["tokens"]
    names = ("id", "name", "role", "workspace", "ends", "last used")
    asked.show(found, names, list(map(_row, found)))


def _row(token: dict[str, Any]) -> tuple[str, ...]:
    return (
        token["id"],
        token["name"],
        token["cap"],
        token["workspace"] or "all",
        "revoked" if token.get("revoked_us") else when(token.get("expires_us"))[:10] or "never",
        when(token.get("last_used_us"))[:10] or "never",
    )


@tokens.command("create")
@click.argument("name")
@click.option("--user", help="Whose. [one's own]")
@click.option("--role", type=click.Choice(GRANTABLE), default="admin", show_default=True, help="The most it gives.")
@click.option("--workspace", help="The only workspace that it is for. [all]")
@click.option(
    "--days", default=TOKEN_DAYS, show_default=True, type=click.FloatRange(0, TOKEN_DAYS_BOUND, min_open=True)
)
@click.option("--no-end", is_flag=True, help="It lasts until it is revoked.")
@asks
def create_token(
    asked: Asked, name: str, user: str | None, role: str, workspace: str | None, days: float, *, no_end: bool
) -> None:
    """Make a token, and print it: it is told only now. Its user gives it as ASSAY_TOKEN or MLFLOW_TRACKING_TOKEN."""
    body = {"name": name, "user": user, "cap": role, "workspace": workspace, "days": None if no_end else days}
    made = asked.post("tokens", body)
    asked.say(made, made["secret"])


@tokens.command("revoke")
@click.argument("id")
@asks
def revoke_token(asked: Asked, id: str) -> None:
    """End a token, by its id: it is refused everywhere within two seconds."""
    told = asked.delete(f"tokens/{id}")
    asked.say(told, f"{told['name']} is revoked")
