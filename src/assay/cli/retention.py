"""`assay retention`: letting go of what is old, or too much."""

from __future__ import annotations

import json
from pathlib import Path

import click

from assay.cli.options import HOME, JSON, URL, server_url
from assay.cli.root import cli
from assay.core.retention import BYTES_BOUND, DAYS_BOUND
from assay.sdk import http
from assay.sdk.home import default_home, token_for

SHOWN = 20
TIMEOUT_S = 24 * 3600.0
DAYS = click.FloatRange(0, DAYS_BOUND, min_open=True)


@cli.command()
@click.option("--days", type=DAYS, help="Delete runs that ended, and were not changed, for more days than this.")
@click.option("--max-bytes", type=click.IntRange(0, BYTES_BOUND), help="Delete the oldest while all files are more.")
@click.option("--purge-days", type=DAYS, help="Delete for good what was deleted more days ago than this.")
@click.option("--workspace", default="default", show_default=True, help="In this workspace, by name.")
@click.option("--apply", "do", is_flag=True, help="Do it, instead of saying what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@URL
@HOME
@JSON
def retention(
    days: float | None,
    max_bytes: int | None,
    purge_days: float | None,
    workspace: str,
    url: str | None,
    home: Path | None,
    *,
    do: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say which runs would go by age and size; with --apply, delete them. Runs with the tag `keep` stay.

    Deleted runs can be restored until they are purged.
    """
    if do and not yes:
        click.confirm(f"Let go of what this says in the workspace {workspace}?", abort=True)
    server = server_url(url, home)
    token = token_for(server, home or default_home())
    body = {"days": days, "max_bytes": max_bytes, "purge_days": purge_days, "apply": do}
    path = f"retention?workspace={http.quoted(workspace)}"
    told = http.post(server, path, body, token=token, timeout_s=TIMEOUT_S)
    if as_json:
        click.echo(json.dumps(told))
        return
    for run in told["first"][:SHOWN]:
        click.echo(f"{run['uid']}  {run['bytes']:>14,} bytes  by its {run['why']}")
    if told["runs"] > SHOWN:
        click.echo(f"... {told['runs']} runs in all; --json lists the first thousand")
    what = "are deleted" if do else "would be deleted"
    gone = "are" if do else "would be"
    click.echo(f"{told['runs']} runs with {told['bytes']:,} bytes {what}; {told['purged']} things {gone} gone for good")
    if not do and (told["runs"] or told["purged"]):
        click.echo("Nothing was done: --apply does it", err=True)
