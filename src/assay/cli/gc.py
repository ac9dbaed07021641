"""`assay gc`: deleting the files that nothing refers to."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assay.cli.options import ARTIFACTS, HOME, JSON, STORE, place_of
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.sdk import http
from assay.sdk.home import address_of, is_held, token_for
from assay.server.home import Home

SAFE_HOURS = 24.0  # the longest upload, and the longest backup from another machine
TIMEOUT_S = 24 * 3600.0


@cli.command()
@HOME
@STORE
@ARTIFACTS
@click.option(
    "--grace-hours", default=SAFE_HOURS, show_default=True, type=click.FloatRange(0), help="Keep younger garbage."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask at a terminal about a grace below a day.")
@JSON
def gc(
    home: Path | None, store: str | None, artifacts: str | None, grace_hours: float, *, yes: bool, as_json: bool
) -> None:
    """Delete files that nothing refers to, through the home's server if one runs."""
    if grace_hours < SAFE_HOURS and not yes and sys.stdin.isatty():
        click.echo("Uploads in progress, and backups made on other machines, may still need younger files.", err=True)
        click.confirm(f"Delete what is garbage for more than {grace_hours:g} hours?", abort=True, err=True)
    root, store, artifacts = place_of(home, store, artifacts)
    address = address_of(root) if is_held(root) else None
    with shown(quiet=as_json) as tell:
        tell("collecting garbage", 0, 1)
        if address is not None:
            body, token = {"grace_hours": grace_hours}, token_for(address, root)
            done: dict[str, Any] = http.post(address, "gc", body, token=token, timeout_s=TIMEOUT_S)
        else:
            done = _alone(root, store, artifacts, grace_hours)
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(f"{done['deleted']} objects deleted; {done['orphans']} of them had never been part of a run")
    if done["aborted"]:
        click.echo(f"{done['aborted']} unfinished uploads aborted")
    if done["digested"]:
        click.echo(f"{done['digested']} digests computed")


def _alone(root: Path, store: str | None, artifacts: str | None, grace_hours: float) -> dict[str, Any]:
    from assay.server.compose import open_house, open_place  # noqa: PLC0415 -- what the server needs is heavy
    from assay.server.gate import collecting  # noqa: PLC0415

    open_place(root, store, artifacts, alone=False)  # refuses what is no home, where a server would make one
    server = open_house(Home(root), store, artifacts)
    try:
        with collecting(root):
            return asdict(server.services.files.collect(int(grace_hours * 3_600_000_000)))
    finally:
        server.close()
