"""The options that several commands share, and which server and home they mean."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.sdk.home import address_of, default_home, token_for
from assay.sdk.reading.server import Server
from assay.server.settings import SETTINGS, Resolved, Setting, resolve
from assay.wire.errors import Unavailable

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:5000"
URL = click.option("--url", help="The server. [$ASSAY_URL, the home's server, or http://127.0.0.1:5000]")
HOME = click.option("--home", type=click.Path(path_type=Path), help="The home. [$ASSAY_HOME or ~/.assay]")
STORE = click.option("--store", help="postgresql://user:password@host/database. [as the server's settings say]")
ARTIFACTS = click.option("--artifacts", help="Where files lie: s3://bucket/prefix. [as the server's settings say]")
CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="A settings file. [$ASSAY_CONFIG, or assay.toml in the home]"
)
AS_JSON = "assay.json"  # in a context's meta: whether errors are told as JSON, too


def _noted(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.meta[AS_JSON] = value
    return value


def json_option(help: str) -> Callable[[Decorated], Decorated]:
    """The flag --json, which also makes an error one JSON object on standard error."""
    return click.option("--json", "as_json", is_flag=True, callback=_noted, help=help)


JSON = json_option("The outcome as JSON on standard output, an error as JSON on standard error.")


def server_options(command: Decorated) -> Decorated:
    """The command has an option for each setting of the server; what is not given is None or ()."""
    for setting in reversed(SETTINGS):
        command = _option(setting)(command)
    return command


def _option(setting: Setting) -> Callable[[Decorated], Decorated]:
    told = f"{setting.meaning} [{setting.told_default}]"
    if setting.kind == "switch":
        return click.option(f"{setting.option}/--no-{setting.option[2:]}", default=None, help=told)
    word = {"names": "NAME", "port": "PORT", "hours": "HOURS", "number": "N", "path": "PATH", "text": "TEXT"}.get(
        setting.kind, setting.kind
    )
    return click.option(setting.option, multiple=setting.kind == "names", metavar=word, help=told)


def place_of(home: Path | None, store: str | None, artifacts: str | None = None) -> tuple[Path, str | None, str | None]:
    """The home, the catalog and the files that a command means: what is not given is as the server's settings say.

    Raises:
        InvalidInput: The settings cannot be used.
    """
    settings = resolved(home=home, store=store, artifacts=artifacts).settings
    return settings.home, settings.store, settings.artifacts


def resolved(**given: Any) -> Resolved:
    """The server's settings as they are in effect in this environment."""
    return resolve(given, os.environ)


def server_url(given: str | None, home: Path | None) -> str:
    """The server that a command speaks to: a home that is named goes before the environment.

    Raises:
        Unavailable: No server runs on the home that is named.
    """
    if given:
        return given
    if home is not None:
        if (address := address_of(home)) is None:
            raise Unavailable(
                f"No server runs on the home {home}", field="--home", remedy=f"start it: assay up --home {home}"
            )
        return address
    return os.environ.get("ASSAY_URL") or address_of(default_home()) or DEFAULT_URL


def server_of(given: str | None, home: Path | None) -> Server:
    """The server that a command speaks to, with what proves who asks. Raises Unavailable, PermissionDenied."""
    address = server_url(given, home)
    return Server(address, token_for(address, home or default_home()))


def home_words(root: Path) -> str:
    """What a command line has to say to mean this home; nothing where it is meant anyway."""
    return "" if root == default_home() else f" --home {shlex.quote(str(root))}"


def on_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()
