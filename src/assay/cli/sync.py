"""`assay sync`: sends what runs without a server left in the home."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import click

from assay.cli.options import HOME, JSON, URL
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.sdk.home import address_of, default_home, is_held, token_for
from assay.sdk.sync import bytes_left, left_runs, sync_run, writers
from assay.wire.errors import Unavailable


@cli.command()
@URL
@HOME
@JSON
def sync(url: str | None, home: Path | None, *, as_json: bool) -> None:
    """Send what runs logged while no server answered.

    Runs that still log are left alone. What the server has is deleted from the home's journals.
    """
    root = home or default_home()
    address = url or os.environ.get("ASSAY_URL") or (address_of(root) if is_held(root) else None)
    if not address:  # what a server has is deleted here: nobody is guessed
        raise Unavailable(f"No server runs on the home {root}", remedy="start it: assay up, or name one with --url")
    sent, left = 0, 0
    total = bytes_left(root)
    with shown(quiet=as_json) as tell:

        def progress() -> None:
            tell("sending, in bytes", total - bytes_left(root), total)

        for run in left_runs(root):
            count = len(writers(run))
            token, warn = partial(token_for, address, root), partial(click.echo, err=True)
            rest = sync_run(run, address, token, warn, progress)
            if rest.alive or rest.failed:
                left += 1
                continue
            sent += 1
            if not as_json:
                click.echo(f"sent {run.name} ({count} {'process' if count == 1 else 'processes'})")
    if as_json:
        click.echo(json.dumps({"sent": sent, "left": left}))
    elif not sent and not left:
        click.echo("Nothing is left to send.")
    if left:
        click.echo(f"{left} runs are left: they still log, or could not be sent", err=True)
        raise SystemExit(1)
