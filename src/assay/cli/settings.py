"""`assay settings`: what a server here would be told, and by whom."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from assay.cli.options import CONFIG, json_option, server_options
from assay.cli.root import cli
from assay.server.settings import SETTINGS, resolve


@cli.command()
@server_options
@CONFIG
@json_option("The settings as JSON on standard output, an error as JSON on standard error.")
def settings(config: Path | None, *, as_json: bool, **given: Any) -> None:
    """Show the server's settings in effect, and where each comes from; passwords are left out."""
    found = resolve(given, os.environ, config)
    if as_json:
        told = {item.name: {"value": found.shown(item.name), "from": found.sources[item.name]} for item in SETTINGS}
        click.echo(json.dumps({"file": None if found.file is None else str(found.file), "settings": told}, indent=2))
        return
    rows = [
        (item.name, _text(found.shown(item.name), item.told_default), found.sources[item.name]) for item in SETTINGS
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, source in rows:
        click.echo(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}")


def _text(value: str | int | bool | list[str] | None, default: str) -> str:
    match value:
        case None | []:
            return default
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
    return str(value)
