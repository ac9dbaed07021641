"""`assay login` and `logout`: who commands and the SDK are at a server elsewhere."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from assay.cli.options import HOME, JSON
from assay.cli.root import cli
from assay.sdk import http, logins
from assay.sdk.home import TOKEN, default_home
from assay.wire.errors import AssayError, InvalidInput, NotFound

DAYS = 90


@cli.command()
@click.argument("url")
@click.option("--name", help="Who you are, where you log in with a password. [asked]")
@click.option(
    "--days",
    type=click.FloatRange(0, 3_660, min_open=True),
    default=DAYS,
    show_default=True,
    help="How long it lasts, where you log in with a password.",
)
@HOME
@JSON
def login(url: str, name: str | None, days: float, home: Path | None, *, as_json: bool) -> None:
    """Log in to the server at URL: commands and the SDK on this account then speak as you.

    Asks for a token, or for name and password, with which it makes one. Without a terminal it reads a token from
    standard input.
    """
    address, root = logins.address(url), home or default_home()
    token = None if name is not None else _asked_token()
    if token is None:
        token = _made(address, name or click.prompt("Name", err=True), days)
    me = http.get(address, "me", token=token)
    logins.keep(root, address, token)
    click.echo(
        json.dumps({"url": address, "name": me["name"]}) if as_json else f"{me['name']} is logged in at {address}"
    )
    if not as_json and os.environ.get("ASSAY_URL", "").rstrip("/") != address:
        click.echo(f"  to mean this server: export ASSAY_URL={address}")


def _asked_token() -> str | None:
    """The token that was given; None: name and password are to be asked for. Raises InvalidInput."""
    source = sys.stdin
    if source.isatty():
        given = str(
            click.prompt("Token (empty: name and password)", default="", show_default=False, hide_input=True, err=True)
        )
    else:
        given = source.readline(1_000)
    token = given.strip()
    if not token and source.isatty():
        return None
    if not TOKEN.match(token):
        raise InvalidInput("That is no token", field="token", remedy="give assay- and 43 signs, as it was made")
    return token


def _made(address: str, name: str, days: float) -> str:
    """A new token of the user, who gives his password."""
    password = click.prompt("Password", hide_input=True, err=True)
    called = f"{socket.gethostname()} {time.strftime('%Y-%m-%d %H:%M:%S')}"[:100]
    made: dict[str, Any] = http.post_as(address, "tokens", {"name": called, "days": days}, name, password)
    return str(made["secret"])


@cli.command()
@click.argument("url")
@HOME
@JSON
def logout(url: str, home: Path | None, *, as_json: bool) -> None:
    """Log out of the server at URL: the token is forgotten here, and ends there if the server can be reached."""
    address = logins.address(url)
    token = logins.drop(home or default_home(), address)
    if token is None:
        raise NotFound(f"Nobody is logged in at {address}", field="URL", remedy=f"log in: assay login {address}")
    ended = False
    with suppress(AssayError):  # away, or the token has ended already
        http.delete(address, "tokens/current", token=token)
        ended = True
    click.echo(json.dumps({"url": address, "ended": ended}) if as_json else f"Logged out of {address}")
    if not ended and not as_json:
        click.echo("  The server could not be told; the token lasts there until it is revoked: assay tokens revoke")
