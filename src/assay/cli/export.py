"""`assay export`: everything, or what is asked for, in files that other tools read."""

from __future__ import annotations

import json
from pathlib import Path

import click

from assay.cli.imports import URL
from assay.cli.options import ARTIFACTS, HOME, JSON, STORE
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.cli.serving import serving
from assay.cli.show import size_text
from assay.exchange.report import Report

COUNTED = ("experiments", "runs", "points", "values", "files", "models", "versions")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--filter", "-f", default="", metavar="FILTER", help="Only the runs that match, as in `assay runs`.")
@click.option("--experiment", "-e", multiple=True, metavar="NAME", help="Only the runs of this experiment, or these.")
@URL
@HOME
@STORE
@ARTIFACTS
@JSON
def export(
    folder: Path,
    filter: str,
    experiment: tuple[str, ...],
    url: str | None,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    as_json: bool,
) -> None:
    """Write runs with all that is theirs into FOLDER, as Parquet, JSON and files.

    `assay import archive` takes such a folder back. Deleted runs are part of it.
    """
    from assay.exchange.archive_write import Export  # noqa: PLC0415 -- the other commands start faster without it
    from assay.exchange.target import Target  # noqa: PLC0415

    report = Report()
    with serving(url, home, store, artifacts) as served, shown(quiet=as_json) as tell:
        Export(Target(served.url, served.token), folder, report, tell).run(experiment, filter)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), **report.document()}))
        return
    done = report.done
    parts = [f"{done[what]:,} {what}" for what in COUNTED if done[what]]
    size = f" ({size_text(done['file_bytes'])})" if done["files"] else ""
    click.echo(f"Exported to {folder}: {', '.join(parts) or 'nothing'}{size}")
    for line in report.lines():
        click.echo(f"Not exported: {line}", err=True)
