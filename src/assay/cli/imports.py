"""`assay import`: other tools' history, taken over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from assay.cli.options import ARTIFACTS, HOME, JSON, STORE
from assay.cli.progress import shown
from assay.cli.root import Group, cli
from assay.cli.serving import serving
from assay.exchange.report import Report, Tell
from assay.exchange.source import Source

URL = click.option("--url", help="The server. [$ASSAY_URL, the home's server, or one while the command works]")


@cli.group("import", cls=Group)
def importing() -> None:
    """Take over the history of another tool, or what `assay export` wrote.

    Nothing at the source is changed. Interrupted, or run again, an import goes on where it was: nothing is doubled.
    """


def to_server(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which server an import goes to."""
    for option in reversed((URL, HOME, STORE, ARTIFACTS, JSON)):
        function = option(function)
    return function


def take_over(
    open_source: Callable[[Tell], Source],
    url: str | None,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    as_json: bool,
) -> None:
    """Writes a source to the server, and tells what was done and what could not be kept."""
    from assay.exchange.checks import readable  # noqa: PLC0415 -- the other commands start faster without it
    from assay.exchange.target import Target  # noqa: PLC0415 -- the same
    from assay.exchange.transfer import Transfer  # noqa: PLC0415 -- the same

    report = Report()
    with readable():
        source = open_source(report.tell)
    try:
        with serving(url, home, store, artifacts) as served, shown(quiet=as_json) as tell:
            Transfer(source, Target(served.url, served.token), report, tell).run()
    finally:
        close: Callable[[], None] | None = getattr(source, "close", None)
        if close is not None:
            close()
    show(report, as_json=as_json)


def show(report: Report, *, as_json: bool) -> None:
    """What was done, then what was left out."""
    if as_json:
        click.echo(json.dumps(report.document()))
        return
    done = report.done
    parts = [f"{done[what]:,} {what.replace('_', ' ')}" for what in COUNTED if done[what]]
    click.echo("Taken over: " + (", ".join(parts) or "nothing that was not here before"))
    if done["runs_passed"]:
        click.echo(f"{done['runs_passed']:,} runs were here before and have not changed")
    for line in report.lines():
        click.echo(f"Not kept: {line}", err=True)


COUNTED = ("experiments", "runs", "points", "values", "console", "files", "models", "versions")


@importing.command("mlflow")
@click.argument("source")
@click.option(
    "--files",
    metavar="PLACE",
    help="What mlflow-artifacts: means: the tracking server's address, or its folder of artifacts.",
)
@to_server
def mlflow(
    source: str,
    files: str | None,
    url: str | None,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    as_json: bool,
) -> None:
    """Take over MLflow's history from SOURCE.

    SOURCE is the path of mlflow.db, sqlite:///path, postgresql://user:password@host/database, an mlruns folder, or the
    http:// address of a tracking server.
    """
    from assay.exchange.mlflow_places import open_mlflow  # noqa: PLC0415 -- only who imports pays for it

    take_over(lambda tell: open_mlflow(source, files, tell), url, home, store, artifacts, as_json=as_json)


@importing.command()
@click.argument("folder", type=click.Path(path_type=Path))
@to_server
def archive(
    folder: Path, url: str | None, home: Path | None, store: str | None, artifacts: str | None, *, as_json: bool
) -> None:
    """Take back what `assay export` wrote into FOLDER. Ids stay."""
    from assay.exchange.archive_read import ArchiveSource  # noqa: PLC0415 -- only who imports pays for it

    take_over(lambda tell: ArchiveSource(folder, tell), url, home, store, artifacts, as_json=as_json)
