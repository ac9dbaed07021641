"""`assay gc`: deleting the files that nothing refers to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assay.cli.options import ARTIFACTS, HOME, JSON, STORE
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.sdk import http
from assay.server.home import Home, address_of, default_home, is_held

TIMEOUT_S = 24 * 3600.0


@cli.command()
@HOME
@STORE
@ARTIFACTS
@click.option("--grace-hours", default=24.0, show_default=True, type=click.FloatRange(0), help="Keep younger garbage.")
@JSON
def gc(home: Path | None, store: str | None, artifacts: str | None, grace_hours: float, *, as_json: bool) -> None:
    """Delete files that nothing refers to, through the home's server if one runs."""
    root = home or default_home()
    address = address_of(root) if is_held(root) else None
    with shown(quiet=as_json) as tell:
        tell("collecting garbage", 0, 1)
        if address is not None:
            done: dict[str, Any] = http.post(address, "gc", {"grace_hours": grace_hours}, timeout_s=TIMEOUT_S)
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
