"""The options that several commands share, and which server and home they mean."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.sdk.home import address_of, default_home
from assay.wire.errors import Unavailable

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:5000"
URL = click.option("--url", help="The server. [$ASSAY_URL, the home's server, or http://127.0.0.1:5000]")
HOME = click.option("--home", type=click.Path(path_type=Path), help="The home. [$ASSAY_HOME or ~/.assay]")
STORE = click.option("--store", help="postgresql://user:password@host/database. [SQLite in the home]")
ARTIFACTS = click.option("--artifacts", help="Where files lie: s3://bucket/prefix, gs:// or az://. [the home's folder]")
AS_JSON = "assay.json"  # in a context's meta: whether errors are told as JSON, too


def _noted(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.meta[AS_JSON] = value
    return value


def json_option(help: str) -> Callable[[Decorated], Decorated]:
    """The flag --json, which also makes an error one JSON object on standard error."""
    return click.option("--json", "as_json", is_flag=True, callback=_noted, help=help)


JSON = json_option("The outcome as JSON on standard output, an error as JSON on standard error.")


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


def home_words(root: Path) -> str:
    """What a command line has to say to mean this home; nothing where it is meant anyway."""
    return "" if root == default_home() else f" --home {shlex.quote(str(root))}"


def on_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()
