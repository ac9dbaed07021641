"""`assay backup` and `assay restore`."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from assay.cli.options import ARTIFACTS, HOME, JSON, STORE, home_words, place_of
from assay.cli.progress import shown
from assay.cli.root import cli
from assay.cli.show import size_text
from assay.server.home import Home


@cli.command()
@click.argument("target", type=click.Path(path_type=Path))
@HOME
@STORE
@ARTIFACTS
@click.option("--incomplete", is_flag=True, help="Back up the rest although some files are damaged or gone.")
@JSON
def backup(
    target: Path, home: Path | None, store: str | None, artifacts: str | None, *, incomplete: bool, as_json: bool
) -> None:
    """Copy everything into a folder, or a file that ends in .tar, while the server runs.

    A folder that holds an earlier backup is brought up to date: only files that are new are copied.
    """
    from assay.server.compose import now_us, open_place, open_snapshot  # noqa: PLC0415 -- heavy
    from assay.server.gate import backing_up  # noqa: PLC0415
    from assay.services.care.backup import back_up  # noqa: PLC0415

    root, store, artifacts = place_of(home, store, artifacts)
    place = open_place(root, store, artifacts, alone=False)
    with backing_up(root), shown(quiet=as_json) as tell:
        done = back_up(
            place.catalog,
            place.blobs,
            open_snapshot,
            target,
            engine=place.engine,
            now_us=now_us(),
            incomplete=incomplete,
            tell=tell,
        )
    made = done.manifest
    if as_json:
        told = {
            "target": str(target),
            "runs": made.rows.get("run", 0),
            "files": made.objects,
            "bytes": made.object_bytes + made.catalog_bytes,
            "copied": done.copied,
            "copied_bytes": done.copied_bytes,
            "missing": made.missing,
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"Backed up to {target}: {_counts(made.rows, made.objects, made.object_bytes + made.catalog_bytes)}")
    click.echo(f"{done.copied} files were new ({size_text(done.copied_bytes)})")
    if made.missing:
        click.echo(f"Not in it, because damaged or gone: {len(made.missing)} files. See: assay doctor", err=True)


@cli.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@HOME
@STORE
@ARTIFACTS
@click.option("--check", is_flag=True, help="Verify the backup, and change nothing.")
@click.option("--force", is_flag=True, help="Replace what the home holds, for good.")
@JSON
def restore(
    source: Path,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    check: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Verify a backup, then make it the home; needs the server stopped.

    A backup of either engine can be restored to SQLite and, with --store, to PostgreSQL.
    """
    from assay.core.scope import HOME as OWNER  # noqa: PLC0415 -- heavy, as the rest
    from assay.core.scope import Scope  # noqa: PLC0415
    from assay.server.compose import open_house, open_place, open_snapshot  # noqa: PLC0415
    from assay.services.care.chest import open_source  # noqa: PLC0415
    from assay.services.care.manifest import read_manifest  # noqa: PLC0415
    from assay.services.care.restore import restore as put_back  # noqa: PLC0415
    from assay.services.care.restore import verify  # noqa: PLC0415

    root, store, artifacts = place_of(home, store, artifacts)
    with closing(open_source(source)) as chest:
        read_manifest(chest, source)  # what is no backup is refused before anything is looked at
    lock = None if check else Home(root)
    try:
        scratch: Any = tempfile.TemporaryDirectory(prefix="assay-restore-", dir=None if check else root)
        with scratch as folder, shown(quiet=as_json) as tell:
            verified = verify(source, Path(folder), open_snapshot, tell)
            if not check:
                place = open_place(root, store, artifacts, alone=True)
                put_back(verified, root, place.catalog, place.blobs, open_snapshot, force=force, tell=tell)
            verified.chest.close()
        if lock is not None:
            server, lock = open_house(lock, store, artifacts), None
            try:
                server.services.audit.restored(
                    Scope(actor=OWNER), verified.manifest.catalog_blake3, verified.manifest.created_us
                )
            finally:
                server.close()
    finally:
        if lock is not None:
            lock.release()
    made = verified.manifest
    if as_json:
        told = {"restored": not check, "runs": made.rows.get("run", 0), "files": made.objects, "missing": made.missing}
        click.echo(json.dumps({**told, "created_us": made.created_us}))
        return
    when = datetime.fromtimestamp(made.created_us / 1e6, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    counts = _counts(made.rows, made.objects, made.object_bytes + made.catalog_bytes)
    click.echo(f"The backup of {when} is whole: {counts}" if check else f"Restored the backup of {when}: {counts}")
    if made.missing:
        click.echo(f"It was made without {len(made.missing)} files that were damaged or gone", err=True)
    if not check:
        more = "".join(f" --{name} ..." for name, given in (("store", store), ("artifacts", artifacts)) if given)
        click.echo(f"Start it with: assay up{home_words(root)}{more}")


def _counts(rows: dict[str, int], objects: int, size: int) -> str:
    return f"{rows.get('run', 0)} runs, {objects} files, {size_text(size)}"
