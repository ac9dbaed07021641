"""`assay runs`: finding runs on a server."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from assay.cli import tables
from assay.cli.options import HOME, URL, json_option, on_terminal, server_of
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.core.search.grammar import parse_order
from assay.ports.catalogs import Tell
from assay.sdk import http
from assay.sdk.reading.server import Server
from assay.wire.errors import InvalidInput, NotFound

PAGE = 1_000
LIMIT_BOUND = 10_000
FORMS = ("table", "csv", "json", "parquet")


@cli.command()
@click.argument("filter", default="")
@URL
@HOME
@click.option("--experiment", "-e", multiple=True, help="Only runs of this experiment; may be given several times.")
@click.option("--order-by", "-o", multiple=True, help="A field, ASC or DESC; several break ties. [start_time DESC]")
@click.option(
    "--limit", "-n", default=20, show_default=True, type=click.IntRange(1, LIMIT_BOUND), help="At most these."
)
@click.option("--all", "everything", is_flag=True, help="All that match, however many.")
@click.option("--columns", "-c", help="Comma-separated, such as params.lr,metrics.auc,tags.team")
@click.option("--format", "form", type=click.Choice(FORMS), help="[table on a terminal, else json]")
@json_option("The same as --format json.")
@click.option("--output", "-O", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of the terminal.")
def runs(
    filter: str,
    url: str | None,
    home: Path | None,
    experiment: tuple[str, ...],
    order_by: tuple[str, ...],
    limit: int,
    columns: str | None,
    form: str | None,
    output: Path | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """List runs, such as: assay runs "metrics.auc > 0.9 AND params.model = 'xgb'"."""
    form = "json" if as_json else form or ("table" if on_terminal() and output is None else "json")
    if form == "parquet" and output is None and on_terminal():
        raise InvalidInput("Parquet is not for a terminal", field="--output", remedy="add --output runs.parquet")
    names = [name.strip() for name in columns.split(",")] if columns else []
    server = server_of(url, home)
    order = order_by or ("start_time DESC",)
    with shown(quiet=not everything) as tell:
        found, more = fetch(server, filter, experiment, order, None if everything else limit, tell)
    if form == "parquet":
        tables.write_parquet(found, names, output)
    elif output is None:
        _print(form, found, names)
    else:
        with output.open("w", newline="" if form == "csv" else None) as file:
            if form == "csv":
                tables.write_csv(found, names, file)
            else:
                json.dump(found, file, indent=2)
    if not found:
        click.echo("No run matches." if filter or experiment else "There are no runs yet.", err=True)
    if more:
        told = f"{len(found)} runs, and more match. For the rest: --all"
        click.echo(told + (f", or up to --limit {LIMIT_BOUND}" if limit < LIMIT_BOUND else ""), err=True)


def _print(form: str, found: Sequence[tables.Record], names: Sequence[str]) -> None:
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    elif form == "csv":
        tables.write_csv(found, names, sys.stdout)
    elif found:
        tables.print_runs(found, names)


def fetch(
    server: Server, filter: str, experiments: Sequence[str], order_by: Sequence[str], limit: int | None, tell: Tell
) -> tuple[list[tables.Record], bool]:
    """The runs page by page, and whether more match. Raises what the server answers, with the place in the filter."""
    found: list[tables.Record] = []
    token: str | None = None
    while limit is None or len(found) < limit:
        tell("reading runs", len(found), limit or 0)
        size = PAGE if limit is None else min(PAGE, limit - len(found))
        try:
            page: dict[str, Any] = http.get(
                server.url,
                "runs",
                token=server.token,
                filter=filter,
                experiment=experiments,
                order_by=order_by,
                limit=size,
                page_token=token,
            )
        except InvalidInput as error:
            raise pointed(error, filter, order_by) from error
        except NotFound as error:
            raise _with_names(error, server) from error
        found += page["runs"]
        token = page["next_page_token"]
        if token is None:
            return found, False
    return found, True


def pointed(error: InvalidInput, filter: str, order_by: Sequence[str]) -> InvalidInput:
    """The error with the place shown below the text that it is about."""
    place = re.search(r"at position (\d+)", error.message)
    if place is None:
        return error
    text, where = filter, "filter"
    for item in order_by:
        try:
            parse_order(item)
        except InvalidInput as same:
            if same.message == error.message:
                text, where = item, "--order-by"
    shown = text.replace("\n", " ").replace("\t", " ")
    message = f"{error.message}\n  {shown}\n  {' ' * int(place[1])}^"
    return InvalidInput(message, field=where, remedy=error.remedy)


def _with_names(error: NotFound, server: Server) -> NotFound:
    names = [item["name"] for item in http.get(server.url, "experiments", token=server.token, limit=20)["experiments"]]
    return NotFound(error.message, field="--experiment", remedy=f"the server has: {', '.join(names)}")
