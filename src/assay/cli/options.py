"""The options that several commands share, and which server and home they mean."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.server.home import address_of, default_home

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


def server_url(given: str | None) -> str:
    """The server that a command speaks to."""
    return given or os.environ.get("ASSAY_URL") or address_of(default_home()) or DEFAULT_URL


def on_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()
