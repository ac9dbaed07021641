"""`assay purge`: deleting for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from assay.cli.options import HOME, JSON, URL, server_url
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.core.purge import GRACE_BOUND, GRACE_DAYS
from assay.sdk import http
from assay.sdk.home import default_home, token_for
from assay.wire.errors import InvalidInput


@cli.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that was deleted longer ago than the grace.")
@click.option(
    "--grace-days",
    default=GRACE_DAYS,
    show_default=True,
    type=click.FloatRange(0, GRACE_BOUND),
    help="Spare what was deleted more recently.",
)
@click.option("--reason", default="", help="Kept with the audit record; it can be erased later.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@URL
@HOME
@JSON
def purge(
    ids: tuple[str, ...],
    grace_days: float,
    reason: str,
    url: str | None,
    home: Path | None,
    *,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete for good what is deleted already: runs, logged models (m-...) and experiments (numbers)."""
    if everything == bool(ids):
        raise InvalidInput("Say what to purge", field="IDS", remedy="name ids, or give --all")
    if not yes:
        what = "everything that was deleted" if everything else f"these {len(ids)}, if deleted"
        click.confirm(f"Delete for good {what} more than {grace_days:g} days ago?", abort=True)
    server = server_url(url, home)
    token = token_for(server, home or default_home())
    told = {"runs": 0, "models": 0, "experiments": 0}
    body: dict[str, Any] = {"all": True} if everything else {"ids": list(ids)}
    with shown(quiet=as_json) as tell:
        while True:
            tell("purging", sum(told.values()), 0 if everything else len(ids))
            answer = http.post(server, "purge", {**body, "grace_days": grace_days, "reason": reason}, token=token)
            for kind in told:
                told[kind] += answer[kind]
            if not answer["more"]:
                break
            if not everything:
                body = {"ids": answer["left"]}
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{told['runs']} runs, {told['models']} models and {told['experiments']} experiments are gone")
        click.echo("Their files go with the next: assay gc")
