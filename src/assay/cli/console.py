"""`assay console`: what a run printed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from assay.cli.options import HOME, URL, json_option, server_url
from assay.cli.root import cli
from assay.sdk import http
from assay.sdk.home import default_home, token_for

PAGE = 10_000
REST_S = 1.0  # between two looks at a run that is followed


@cli.command()
@click.argument("id")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--contains", default="", metavar="TEXT", help="Only lines with this text.")
@URL
@HOME
@json_option("Each line as JSON: stream, time in microseconds, text; an error as JSON on standard error.")
def console(id: str, contains: str, url: str | None, home: Path | None, *, follow: bool, as_json: bool) -> None:
    """Show what a run printed, standard error on standard error."""
    address = server_url(url, home)
    token = token_for(address, home or default_home())
    path, after = f"runs/{http.quoted(id)}", None
    while True:
        over = not follow or http.get(address, f"{path}/state", token=token)["status"] not in ("running", "scheduled")
        while True:
            page = http.get(address, f"{path}/console", token=token, after=after, limit=PAGE, contains=contains or None)
            for stream, time_us, text in page["lines"]:
                if as_json:
                    click.echo(json.dumps({"stream": stream, "time_us": time_us, "text": text}))
                else:
                    click.echo(text, err=stream == "stderr")
            after = page["position"] or after
            if page["next_page_token"] is None:
                break
        if over:
            return
        time.sleep(REST_S)
