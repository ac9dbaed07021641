"""`assay audit`: checkpoints, exports, erasing of details, and the key that signs. Verifying is `audit_verify`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.options import HOME, JSON, STORE, place_of
from assay.cli.root import cli
from assay.core.scope import DEFAULT_WORKSPACE_ID
from assay.sdk import http
from assay.sdk.durable import sync_folder
from assay.sdk.home import address_of, is_held, token_for
from assay.server.home import Home
from assay.wire.errors import AlreadyExists, InvalidInput, Unavailable

if TYPE_CHECKING:
    from assay.server.compose import Chains


WORKSPACE = click.option("--workspace", help="Only the chain of this workspace, by name or number. [all]")


@cli.group()
def audit() -> None:
    """The audit chain: the record of governed acts."""


@audit.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="Add to this file, or a file in this folder.")
@HOME
@STORE
@JSON
def checkpoint(target: Path | None, home: Path | None, store: str | None, *, as_json: bool) -> None:
    """Sign where each chain stands, and write the checkpoints that are missing in a file.

    The file may be on another machine's disk. What it holds already is never changed. [$ASSAY_CHECKPOINTS]
    """
    from assay.services.care.anchors import append  # noqa: PLC0415 -- heavy

    root, store, _ = place_of(home, store)
    told = asked(root, store, "audit/checkpoints", {}, lambda chains: {"checkpoints": _sealed(chains)})
    place = target or (Path(os.environ["ASSAY_CHECKPOINTS"]) if os.environ.get("ASSAY_CHECKPOINTS") else None)
    written = 0
    if place is not None:
        with opened(root, store) as chains:
            written = append(place, chains)
    if as_json:
        click.echo(json.dumps({**told, "file": None if place is None else str(place), "written": written}))
        return
    for item in told["checkpoints"]:
        state = "signed" if item["new"] else "signed before"
        click.echo(f"Workspace {item['workspace_id']}: record {item['seq']} is {state} by key {item['key_id']}")
    if not told["checkpoints"]:
        click.echo("There are no records to sign yet")
    if place is None:
        click.echo("Keep a copy elsewhere: assay audit checkpoint --to FILE", err=True)
    else:
        click.echo(f"{written} checkpoints were new in {place}")


@audit.command()
@click.argument("file", type=click.Path(path_type=Path))
@WORKSPACE
@HOME
@STORE
@JSON
def export(file: Path, workspace: str | None, home: Path | None, store: str | None, *, as_json: bool) -> None:
    """Write records, the details that still exist, checkpoints and public keys into FILE, as lines of JSON."""
    from assay.server.compose import now_us  # noqa: PLC0415 -- heavy, as the next
    from assay.services.care.chain_lines import chains_of, export_lines, written  # noqa: PLC0415

    count = 0
    try:
        if file.exists():
            raise AlreadyExists(f"{file} exists", field="FILE", remedy="name a new file")
        part = file.with_name(f"{file.name}.part")
        part.unlink(missing_ok=True)
        with opened(*place_of(home, store)[:2]) as chains:
            ids = chosen(chains.workspaces(), workspace)
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as target:
                for line in export_lines(chains.public_keys(), chains_of(chains, ids), now_us()):
                    target.write(written(line))
                    count += line["kind"] == "record"
                target.flush()
                os.fsync(target.fileno())
        part.rename(file)
        sync_folder(file.absolute().parent)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be written: {error.strerror}", field="FILE", remedy="name a file that you may write"
        ) from error
    if as_json:
        click.echo(json.dumps({"file": str(file), "records": count}))
    else:
        click.echo(f"{count} records are in {file}. Check it anywhere with: assay audit verify {file}")


@audit.command()
@click.option("--subject", "subjects", multiple=True, metavar="KIND/ID", help="Of records about this, as in run/12.")
@click.option("--record", "records", multiple=True, type=click.IntRange(1), metavar="N", help="Of this record.")
@click.option("--mentions", default="", metavar="TEXT", help="Of records whose detail has this text, such as a name.")
@click.option("--reason", default="", help="Kept with the record of the erasure; it can be erased, too.")
@click.option("--workspace", default="default", show_default=True, help="In the chain of this one, by name or number.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@HOME
@STORE
@JSON
def erase(
    subjects: Sequence[str],
    records: Sequence[int],
    mentions: str,
    reason: str,
    workspace: str,
    home: Path | None,
    store: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase the details of records for good: names, reasons, lists. The records stay, and the chain verifies.

    The erasure is a record itself.
    """
    if not (subjects or records or mentions):
        raise InvalidInput("Say which details to erase", field="--subject", remedy="or give --record or --mentions")
    if not yes:
        click.confirm("Erase these details for good?", abort=True)
    root, store, _ = place_of(home, store)
    body = {"subjects": list(subjects), "records": list(records), "mentions": mentions, "reason": reason}
    id = DEFAULT_WORKSPACE_ID
    if workspace != "default":
        with opened(root, store) as chains:
            names = chains.workspaces()
            id = chosen(names, workspace)[0]
            workspace = names[id]
    path = f"audit/erase?workspace={http.quoted(workspace)}"
    done: list[int] = []
    count = 0
    while True:
        told = asked(root, store, path, body, lambda chains: _erased(chains, id, body))
        count += told["erased"]
        done += [told["record"]] if told["record"] else []
        if not told["more"]:
            break
    if as_json:
        click.echo(json.dumps({"erased": count, "records": done}))
    elif count:
        click.echo(f"{count} details are gone, as record {', '.join(map(str, done))} says")
    else:
        click.echo("No detail that still exists is meant; nothing was changed")


@audit.command()
@HOME
@STORE
@JSON
def key(home: Path | None, store: str | None, *, as_json: bool) -> None:
    """Show the public key that checkpoints are signed with now, for `assay audit verify --key`."""
    told = asked(*place_of(home, store)[:2], "audit/key", None, lambda chains: _key(*chains.checkpoints.key()))
    click.echo(json.dumps(told) if as_json else told["public"])


@audit.command("rotate-key")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@HOME
@STORE
@JSON
def rotate_key(home: Path | None, store: str | None, *, yes: bool, as_json: bool) -> None:
    """Replace the server's key. The old one signs once more, vouches for the new one, and is gone."""
    if not yes:
        click.confirm("Replace the server's key?", abort=True)
    told = asked(*place_of(home, store)[:2], "audit/key", {}, _rotated)
    click.echo(json.dumps(told) if as_json else f"Checkpoints are signed by key {told['id']} now: {told['public']}")


def asked(
    root: Path,
    store: str | None,
    path: str,
    body: dict[str, Any] | None,
    alone: Callable[[Chains], dict[str, Any]],
) -> dict[str, Any]:
    """What the home's server answers, or, where none runs, what its services do; no body: only read."""
    address = address_of(root) if is_held(root) else None
    if address is not None:
        token = token_for(address, root)
        found = http.get(address, path, token=token) if body is None else http.post(address, path, body, token=token)
        return dict(found)
    from assay.server.compose import open_chains, open_place  # noqa: PLC0415 -- heavy

    open_place(root, store, None, alone=False)  # refuses what is no home, where a server would make one
    chains = open_chains(Home(root), store)
    try:
        return alone(chains)
    finally:
        chains.close()


def opened(root: Path, store: str | None) -> Any:
    """A moment of the home's chains, as a context; a server may run meanwhile."""
    from assay.server.compose import open_place  # noqa: PLC0415 -- heavy

    return open_place(root, store, None, alone=False).catalog.audit()


def chosen(names: dict[int, str], workspace: str | None) -> list[int]:
    """The workspaces that are meant, of those that have a chain."""
    found = [id for id, name in names.items() if workspace in (None, name, str(id))]
    if workspace is not None and not found:
        raise InvalidInput(
            f"There is no chain of a workspace {workspace!r}",
            field="--workspace",
            remedy=f"name one of: {', '.join(names.values()) or 'none has a record yet'}",
        )
    return found


def _sealed(chains: Chains) -> list[dict[str, Any]]:
    from dataclasses import asdict  # noqa: PLC0415 -- as the next

    from assay.core.scope import HOME as OWNER  # noqa: PLC0415
    from assay.core.scope import Scope  # noqa: PLC0415

    return [asdict(item) for item in chains.checkpoints.seal(Scope(actor=OWNER))]


def _erased(chains: Chains, workspace_id: int, body: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415 -- as the next

    from assay.core.scope import HOME as OWNER  # noqa: PLC0415
    from assay.core.scope import Scope  # noqa: PLC0415

    return asdict(chains.audit.erase(Scope(workspace_id, OWNER), **body))


def _rotated(chains: Chains) -> dict[str, Any]:
    from assay.core.scope import HOME as OWNER  # noqa: PLC0415 -- heavy
    from assay.core.scope import Scope  # noqa: PLC0415

    made = chains.checkpoints.rotate(Scope(actor=OWNER))
    return _key(made.id, made.public)


def _key(id: str, public: bytes) -> dict[str, Any]:
    return {"id": id, "public": public.hex()}
