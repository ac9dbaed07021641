"""`assay stop`: asking runs to stop."""

from __future__ import annotations

import json
from pathlib import Path

import click

from assay.cli.options import HOME, JSON, URL, server_url
from assay.cli.root import cli
from assay.sdk import http
from assay.sdk.home import default_home, token_for


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@URL
@HOME
@JSON
def stop(ids: tuple[str, ...], url: str | None, home: Path | None, *, as_json: bool) -> None:
    """Ask runs to stop: each ends at its next log, as `stopped`, if Assay's SDK writes it."""
    address = server_url(url, home)
    token = token_for(address, home or default_home())
    for id in ids:
        http.post(address, f"runs/{http.quoted(id)}/stop", {}, token=token)
        if not as_json:
            click.echo(f"asked {id} to stop")
    if as_json:
        click.echo(json.dumps({"asked": list(ids)}))
