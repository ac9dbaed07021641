"""`assay audit verify`: whether a chain is whole, in a home or in a file, on whatever machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.audit import WORKSPACE, audit, chosen, opened
from assay.cli.options import HOME, JSON, STORE, place_of
from assay.wire.errors import InvalidInput

if TYPE_CHECKING:
    from assay.core.audit import Finding
    from assay.core.checkpoints import Account, Key
    from assay.services.care.chain_lines import Chain

FAULTY = 3
UNANCHORED = 4
SHOWN = 50
PUBLIC_DIGITS = 64
MEANINGS = {
    "unreadable": "is no record: it was edited",
    "missing": "does not follow the one before: records are missing, or their order was changed",
    "moved": "was made for another place",
    "unlinked": "is not chained to the one before: that one, or this one, was edited",
    "earlier": "is earlier than the one before",
    "detail": "has a detail that is not the one recorded",
    "end": "is where the chain should end, and it does not: the end was cut off, or the head was changed",
    "signature": "has a checkpoint that no trusted key has signed",
    "changed": "is not the one that a checkpoint signed",
    "lost": "was signed by a checkpoint, and is not there",
}


@audit.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--checkpoints",
    "anchors",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Checkpoints that were kept elsewhere: a file, its folder, or an export; may be given again.",
)
@click.option("--key", "pins", multiple=True, metavar="PUBLIC", help="Trust only this key, and those it vouches for.")
@click.option("--strict", is_flag=True, help="Exit status 4 if records lie after the last checkpoint.")
@WORKSPACE
@HOME
@STORE
@JSON
def verify(
    file: Path | None,
    anchors: Sequence[Path],
    pins: Sequence[str],
    workspace: str | None,
    home: Path | None,
    store: str | None,
    *,
    strict: bool,
    as_json: bool,
) -> None:
    """Check every record, detail and checkpoint: of an export in FILE, else of the home.

    Exit status 3 says that something was changed. What lies after the last checkpoint is told as unanchored: who may
    do everything to the database could have changed it unseen. Nothing is written, and the server may run.
    """
    from assay.core.checkpoints import examine, trusted  # noqa: PLC0415 -- heavy, as the next
    from assay.services.care.anchors import Anchors  # noqa: PLC0415
    from assay.services.signing import check  # noqa: PLC0415

    if file is not None and (home is not None or store is not None):
        raise InvalidInput("A file and a home are named", field="FILE", remedy="leave --home and --store out")
    kept = Anchors()
    for path in anchors:
        kept.read(path)
    pinned = [_public(pin) for pin in pins]
    accounts: list[tuple[str, Account]] = []
    with _source(file, home, store, workspace) as (keys, chains):
        counted = trusted([*kept.keys, *keys], pinned, check)
        for chain in chains:
            told = examine(
                chain.entries,
                chain.head,
                chain.workspace_id,
                chain.signed,
                kept.signed if anchors else None,
                counted,
                check,
            )
            accounts.append((chain.name, told))
    lost = _unseen(accounts, kept.signed) if workspace is None else []
    if as_json:
        click.echo(json.dumps(_document(accounts, lost, kept.damaged, elsewhere=bool(anchors), pinned=bool(pins))))
    else:
        _show(accounts, lost, kept.damaged, elsewhere=bool(anchors), pinned=bool(pins))
    if lost or any(account.finding_count for _, account in accounts):
        sys.exit(FAULTY)
    if strict and any(account.unanchored for _, account in accounts):
        sys.exit(UNANCHORED)


@contextmanager
def _source(
    file: Path | None, home: Path | None, store: str | None, workspace: str | None
) -> Iterator[tuple[list[Key], Iterable[Chain]]]:
    """The keys and chains of the file, or of the home."""
    from assay.services.care.chain_lines import ChainFile, chains_of  # noqa: PLC0415 -- heavy

    if file is None:
        with opened(*place_of(home, store)[:2]) as audit_of:
            yield audit_of.public_keys(), chains_of(audit_of, chosen(audit_of.workspaces(), workspace))
        return
    export = ChainFile(file)
    yield export.keys, _some(export.chains(), workspace)


def _some(chains: Iterator[Chain], workspace: str | None) -> Iterator[Chain]:
    names: dict[int, str] = {}
    for chain in chains:
        names[chain.workspace_id] = chain.name
        if workspace in (None, chain.name, str(chain.workspace_id)):
            yield chain
        for _ in chain.entries:  # those of a chain that nobody asked for lie before the next
            pass
    chosen(names, workspace)


def _public(text: str) -> bytes:
    try:
        public = bytes.fromhex(text)
    except ValueError:
        public = b""
    if len(public) * 2 != PUBLIC_DIGITS:
        raise InvalidInput(
            f"{text[:100]!r} is no public key",
            field="--key",
            bound=PUBLIC_DIGITS,
            remedy=f"give {PUBLIC_DIGITS} hex digits, as `assay audit key` shows them",
        )
    return public


def _unseen(accounts: list[tuple[str, Account]], signed: Iterable[Any]) -> list[int]:
    """Workspaces that a checkpoint kept elsewhere knows, and that have no chain any more."""
    from assay.core.checkpoints import decode  # noqa: PLC0415 -- heavy

    there = {account.workspace_id for _, account in accounts}
    known = set()
    for item in signed:
        try:
            known.add(decode(item.checkpoint).workspace_id)
        except ValueError:
            continue
    return sorted(known - there)


def _document(
    accounts: list[tuple[str, Account]], lost: list[int], damaged: int, *, elsewhere: bool, pinned: bool
) -> dict[str, Any]:
    chains = [
        {
            "workspace": str(account.workspace_id),
            "name": name,
            "records": account.records,
            "erased": account.erased,
            "head": {"seq": account.head.seq, "digest": account.head.digest.hex()},
            "checkpoints": account.checkpoints,
            "anchored": account.anchored_seq,
            "unanchored": account.unanchored,
            "faults": account.finding_count,
            "findings": [_finding(item) for item in account.findings],
        }
        for name, account in accounts
    ]
    whole = not lost and not any(account.finding_count for _, account in accounts)
    told = {"whole": whole, "kept_elsewhere": elsewhere, "keys_pinned": pinned, "damaged_lines": damaged}
    return {**told, "lost_chains": [str(id) for id in lost], "chains": chains}


def _finding(item: Finding) -> dict[str, Any]:
    return {"record": item.seq, "fault": item.fault.value, "first": item.first}


def _show(accounts: list[tuple[str, Account]], lost: list[int], damaged: int, *, elsewhere: bool, pinned: bool) -> None:
    for name, account in accounts:
        for item in account.findings[:SHOWN]:
            between = ""
            if item.first is not None and item.first < item.seq:
                between = f": one of records {item.first} to {item.seq} was changed, or one before was put in its place"
            click.echo(f"{name}: record {item.seq} {MEANINGS[item.fault.value]}{between}")
        if account.finding_count > SHOWN:
            click.echo(f"{name}: ... {account.finding_count} faults in all")
        state = "whole" if not account.finding_count else "NOT whole"
        erased = f", {account.erased} without their detail" if account.erased else ""
        click.echo(
            f"{name}: the chain is {state}: {account.records} records{erased}, {account.checkpoints} checkpoints"
        )
        if account.unanchored:
            after = f"after record {account.anchored_seq}" if account.anchored_seq else "since no checkpoint holds"
            click.echo(f"{name}: {account.unanchored} records are unanchored, {after}")
    for id in lost:
        click.echo(f"Workspace {id} has no chain, and a checkpoint of one was kept")
    if not accounts and not lost:
        click.echo("There are no records yet")
    if damaged:
        click.echo(f"{damaged} lines of the files of checkpoints could not be read", err=True)
    if not elsewhere:
        click.echo(
            "Only checkpoints that lie beside the chain were checked. Give those kept elsewhere: --checkpoints",
            err=True,
        )
    if not pinned:
        click.echo("Any key that is listed was trusted. Name yours: --key", err=True)
