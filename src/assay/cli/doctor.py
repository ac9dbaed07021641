"""`assay doctor`: whether a home is whole."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from assay.cli.options import ARTIFACTS, HOME, JSON, STORE, place_of
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.sdk.home import is_held
from assay.server.home import Home
from assay.wire.errors import InvalidInput

FAULTY = 3  # the exit status when faults remain
SHOWN = 50


@cli.command()
@HOME
@STORE
@ARTIFACTS
@click.option("--quick", is_flag=True, help="Do not read all files and points; only that they are there.")
@click.option("--repair", is_flag=True, help="Mend what is safe to mend; needs the server stopped.")
@click.option(
    "--from",
    "backup",
    type=click.Path(path_type=Path),
    help="A backup that lost files may be copied from; needs --repair.",
)
@JSON
def doctor(
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    backup: Path | None,
    *,
    quick: bool,
    repair: bool,
    as_json: bool,
) -> None:
    """Check every reference, digest and stored point, the database, its schema, all audit chains, and the home's modes.

    Exit status 3 says that faults remain. Without --repair nothing is changed, and the server may run.
    """
    from assay.server.compose import now_us, open_place  # noqa: PLC0415 -- heavy
    from assay.server.keys import faults_of  # noqa: PLC0415
    from assay.services.care.chest import open_source  # noqa: PLC0415
    from assay.services.care.doctor import Doctor, modes  # noqa: PLC0415

    if backup is not None and not repair:
        raise InvalidInput("--from is of use with --repair only", field="--from", remedy="add --repair")
    root, store, artifacts = place_of(home, store, artifacts)
    place = open_place(root, store, artifacts, alone=False)
    source = None if backup is None else open_source(backup)
    before = [*modes(root), *faults_of(root)]
    lock = Home(root) if repair else None  # makes the home private, too
    try:
        with shown(quiet=as_json) as tell:
            examiner = Doctor(
                root,
                place.catalog,
                place.blobs,
                source,
                now_us(),
                held=is_held(root) and not repair,
                tell=tell,
                before=before,
            )
            faults = examiner.examine(quick=quick)
            if repair:
                faults = examiner.repair(faults)
    finally:
        if source is not None:
            source.close()
        if lock is not None:
            lock.release()
    remain = sum(not fault.repaired for fault in faults)
    if as_json:
        told = {"faults": [asdict(fault) for fault in faults], "remain": remain, "objects": examiner.objects}
        click.echo(json.dumps(told, indent=2))
    else:
        for fault in faults[:SHOWN]:
            end = (
                " -- mended"
                if fault.repaired
                else f" -- --repair would {fault.repair}"
                if fault.repair and not repair
                else ""
            )
            click.echo(f"{fault.kind}: {fault.message}{end}")
        if len(faults) > SHOWN:
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(fault.kind for fault in faults).items())
            click.echo(f"... in all: {kinds}. --json lists every one")
        files = f"{examiner.objects} files {'are there' if quick else 'read'}"
        click.echo(f"{len(faults)} faults, {remain} remain; {files}" if faults else f"No faults; {files}")
    if remain:
        sys.exit(FAULTY)
