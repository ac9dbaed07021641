"""`assay runs` and `assay show`: reading from a server."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from assay.cli.root import cli
from assay.sdk import http
from assay.server.home import address_of, default_home
from assay.wire.errors import InvalidInput

DEFAULT_URL = "http://127.0.0.1:5000"
URL = click.option("--url", help="The server. [$ASSAY_URL, the home's server, or http://127.0.0.1:5000]")


def server_url(given: str | None) -> str:
    """The server that a command speaks to."""
    return given or os.environ.get("ASSAY_URL") or address_of(default_home()) or DEFAULT_URL


@cli.command()
@click.argument("filter", default="")
@URL
@click.option("--experiment", "-e", help="Only this experiment's runs.")
@click.option("--order-by", "-o", default="start_time DESC", show_default=True, help="A field, ASC or DESC.")
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--columns", "-c", help="Comma-separated, such as params.lr,metrics.auc,tags.team")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), help="[table on a terminal, else json]")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def runs(
    filter: str,
    url: str | None,
    experiment: str | None,
    order_by: str,
    limit: int,
    columns: str | None,
    form: str | None,
    *,
    as_json: bool,
) -> None:
    """List runs, such as: assay runs "metrics.auc > 0.9 AND params.model = 'xgb'"."""
    answer = http.get(server_url(url), "runs", filter=filter, experiment=experiment, order_by=order_by, limit=limit)
    found = answer["runs"]
    form = "json" if as_json else form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return
    names = columns.split(",") if columns else default_columns(found)
    rows = [[cell(run, name) for name in names] for run in found]
    if form == "csv":
        out = csv.writer(sys.stdout)
        out.writerow(names)
        out.writerows(rows)
        return
    show_table(names, rows)


def show_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table as wide as the terminal."""
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def default_columns(found: Sequence[dict[str, Any]]) -> list[str]:
    """Name, status, start, and the first few metrics and params that the runs have."""
    metrics = list(dict.fromkeys(key for run in found for key in run["metrics"]))[:4]
    params = list(dict.fromkeys(key for run in found for key in run["params"]))[:3]
    return ["name", "status", "start", *(f"metrics.{k}" for k in metrics), *(f"params.{k}" for k in params)]


def cell(run: dict[str, Any], name: str) -> str:
    """The text of one column of a run.

    Raises:
        InvalidInput: There is no such column.
    """
    kind, _, key = name.partition(".")
    if kind == "metrics":
        value = run["metrics"].get(key, {}).get("last")
        return "" if value is None else f"{value:.6g}"
    if kind in ("params", "tags"):
        return str(run[kind].get(key, ""))
    if name == "start":
        start = run["start_us"]
        return datetime.fromtimestamp(start / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S") if start else ""
    if name in run:
        return str(run[name] if run[name] is not None else "")
    raise InvalidInput(
        f"No column {name!r}", field="--columns", remedy="use id, name, status, start, metrics.K, params.K or tags.K"
    )


@cli.command()
@click.argument("run_id")
@URL
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def show(run_id: str, url: str | None, *, as_json: bool) -> None:
    """Show one run."""
    run = http.get(server_url(url), f"runs/{run_id}")
    if as_json or not sys.stdout.isatty():
        click.echo(json.dumps(run, indent=2))
        return
    click.echo(f"{run['name']}  {run['status']}  {run['id']}")
    for kind in ("params", "tags"):
        if run[kind]:
            click.echo(f"\n{kind}")
            show_table(("key", "value"), [(key, value) for key, value in run[kind].items()])
    if run["metrics"]:
        click.echo("\nmetrics")
        rows = [
            (key, *(("" if m[c] is None else f"{m[c]:.6g}") for c in ("last", "min", "max")), str(m["step"]))
            for key, m in run["metrics"].items()
        ]
        show_table(("key", "last", "min", "max", "step"), rows)
