"""`assay show`: one run with everything that it owns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from assay.cli.options import HOME, URL, json_option, on_terminal, server_of
from assay.cli.root import cli
from assay.cli.tables import Record, cell, show_table
from assay.sdk import http
from assay.sdk.reading.server import Server
from assay.wire.errors import AssayError, InvalidInput, NotFound
from assay.wire.keys import SYSTEM

FILES_BOUND = 200
PARENTS_BOUND = 20
SHORT = re.compile(r"[0-9a-f]{4,31}")


@cli.command()
@click.argument("run_id")
@URL
@HOME
@json_option("Everything, as JSON.")
def show(run_id: str, url: str | None, home: Path | None, *, as_json: bool) -> None:
    """Show one run by its id, or by as much of the id's beginning as no other run has."""
    server = server_of(url, home)
    run = find(server, run_id)
    files, cut = _files(server, run["id"])
    run = {**run, "parents": _parents(server, run), "files": files, "files_cut": cut}
    if as_json or not on_terminal():
        click.echo(json.dumps(run, indent=2))
    else:
        _print(run)


def find(server: Server, run_id: str) -> Record:
    """The run of this id, or the only one whose id begins so.

    Raises:
        NotFound: No run's id begins so.
        InvalidInput: Several do.
    """
    try:
        run: Record = http.get(server.url, f"runs/{http.quoted(run_id)}", token=server.token)
    except NotFound as error:
        near = _beginning(server, run_id)
        if len(near) == 1:
            return find(server, near[0]["id"])
        if near:
            ids = ", ".join(item["id"][:12] for item in near)
            raise InvalidInput(
                f"Several runs begin with {run_id}: {ids}", field="RUN_ID", remedy="add signs"
            ) from error
        raise NotFound(
            f"The server at {server.url} has no run {run_id!r}",
            field="RUN_ID",
            remedy="list the runs with their ids: assay runs --columns id,name,status",
        ) from error
    return run


def _beginning(server: Server, start: str) -> list[Record]:
    if not SHORT.fullmatch(start):
        return []
    found: list[Record] = http.get(server.url, "runs", token=server.token, filter=f"id LIKE '{start}%'", limit=5)[
        "runs"
    ]
    return found


def _parents(server: Server, run: Record) -> list[dict[str, str]]:
    """The parent, its parent and so on."""
    found: list[dict[str, str]] = []
    parent = run["parent"]
    while parent and len(found) < PARENTS_BOUND and parent not in [run["id"], *(item["id"] for item in found)]:
        try:
            head = http.get(server.url, f"runs/{http.quoted(parent)}", token=server.token)
        except AssayError:  # a client may name a parent that is on no server, or not on this one
            found.append({"id": parent, "name": ""})
            break
        found.append({"id": head["id"], "name": head["name"]})
        parent = head["parent"]
    return found


def _files(server: Server, run_id: str) -> tuple[list[dict[str, Any]], bool]:
    """The run's files in all its folders, and whether there are more than are listed."""
    found: list[dict[str, Any]] = []
    folders = [""]
    while folders:
        for item in http.get(server.url, f"runs/{run_id}/files", token=server.token, path=folders.pop(0))["files"]:
            if item["is_folder"]:
                folders.append(item["path"])
            else:
                found.append({"path": item["path"], "size": item["size"]})
        if len(found) >= FILES_BOUND:
            return found[:FILES_BOUND], bool(folders) or len(found) > FILES_BOUND
    return found, False


def _print(run: Record) -> None:
    click.echo(f"{run['name']}  {run['status']}  {run['id']}")
    for name in ("start", "end", "user"):
        if text := cell(run, name):
            click.echo(f"{name:7}{text}")
    for parent in run["parents"]:
        click.echo(f"parent {parent['id']}  {parent['name']}")
    _section("params", ("key", "value"), [(key, value) for key, value in run["params"].items()])
    if run["groups"]:
        click.echo(f"groups {', '.join(run['groups'])}")
    if run["note"]:
        click.echo(f"\n{run['note']}")
    _section("summary", ("key", "value"), [(key, _short(value)) for key, value in run["summary"].items()])
    of_system = [(key, *_numbers(item)) for key, item in run["metrics"].items() if key.startswith(SYSTEM)]
    rows = [(key, *_numbers(item), "") for key, item in run["metrics"].items() if not key.startswith(SYSTEM)]
    rows += [
        (item["key"], *_numbers(item), ", ".join(f"{key}={value}" for key, value in item["context"].items()))
        for item in run["metrics_in_context"]
    ]
    width = 6 if any(row[5] for row in rows) else 5
    _section("metrics", ("key", "last", "min", "max", "step", "context")[:width], [row[:width] for row in rows])
    _section("system", ("key", "last", "min", "max", "step"), of_system)
    _section("tags", ("key", "value"), [(key, value) for key, value in run["tags"].items()])
    datasets = [(item["name"], item["digest"], item["source_type"]) for item in run["datasets"]]
    _section("datasets", ("name", "digest", "source"), datasets)
    models = [("made", uid) for uid in run["models_made"]] + [("used", uid) for uid in run["models_used"]]
    _section("models", ("", "id"), models)
    _section("files", ("size", "path"), [(size_text(item["size"]), item["path"]) for item in run["files"]])
    if run["files_cut"]:
        click.echo(f"... and more than these {FILES_BOUND}")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:79]}..."


def _section(title: str, names: tuple[str, ...], rows: list[Any]) -> None:
    if rows:
        click.echo(f"\n{title}")
        show_table(names, rows)


def _numbers(item: dict[str, Any]) -> tuple[str, str, str, str]:
    last, low, high = (("" if item[name] is None else f"{item[name]:.6g}") for name in ("last", "min", "max"))
    return last or "NaN", low, high, str(item["step"])


def size_text(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
