"""Everything out of a server, or what is asked for, into a folder that other tools and `assay import` read."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from assay.exchange import archive_layout as layout
from assay.exchange import archive_points as points
from assay.exchange.archive_tables import write_tables
from assay.exchange.report import Progress, Report
from assay.exchange.target import Target
from assay.exchange.transfer import VERSION
from assay.sdk import durable
from assay.wire.errors import AlreadyExists, AssayError, NotFound, Unavailable
from assay.wire.points import unpack

if TYPE_CHECKING:
    from arro3.core import RecordBatch

SAID = ("text", "key", "step")  # of a comment


class Export:
    """An export of one server into one folder.

    Args:
        server: Where from.
        folder: Where to; it must be new or empty.
        report: Told what was written and what was left out.
        progress: Told how far it is.

    Raises:
        AlreadyExists: There is something in the folder.
    """

    def __init__(self, server: Target, folder: Path, report: Report, progress: Progress) -> None:
        self._server = server
        self._folder = folder
        self._report = report
        self._progress = progress
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise AlreadyExists(
                f"{folder} is not empty", field="FOLDER", remedy="name a new folder, or delete what is there"
            )
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, experiments: Sequence[str], filter: str) -> None:
        """The folder holds the runs of these experiments, or of all, that match the filter, and what belongs to them.

        Raises:
            NotFound: There is no such experiment.
            InvalidInput: The filter cannot be read.
            Unavailable: The server went away, or the folder cannot be written.
        """
        try:
            self._run(experiments, filter)
        except OSError as error:
            raise Unavailable(
                f"{self._folder} cannot be written: {error.strerror}", field="FOLDER", remedy="free space, try again"
            ) from error

    def _run(self, experiments: Sequence[str], filter: str) -> None:
        found = list(self._server.listed("experiments", "experiments", view="all"))
        chosen = {item["id"]: item for item in found if not experiments or item["name"] in experiments}
        if missing := set(experiments) - {item["name"] for item in chosen.values()}:
            raise NotFound(
                f"There is no experiment {min(missing)!r}", field="--experiment", remedy="see what there is: assay runs"
            )
        runs: set[str] = set()
        used: set[int] = set()
        with self._lines("runs") as file:
            asked = {"view": "all", "filter": filter, "experiment": list(experiments)}
            for at, head in enumerate(self._server.listed("runs", "runs", **asked), 1):
                self._progress("runs", at, 0)
                layout.write_line(file, self._export_run(head["id"], chosen))
                runs.add(head["id"])
                used.add(head["experiment_id"])
                self._report.count("runs")
        write_tables(self._folder)
        with self._lines("experiments") as file:
            for item in (item for item in chosen.values() if not filter or item["id"] in used):
                layout.write_line(file, item)
                self._report.count("experiments")
        with self._lines("models") as file:
            names = {id: item["name"] for id, item in chosen.items()}
            self._export_models(file, names, runs, all_runs=not filter)
        with self._lines("versions") as file:
            for row in self._server.listed("imports", "imports", kind=VERSION):
                if (experiments or filter) and row["document"].get("run_id") not in runs:
                    continue
                layout.write_line(file, {name: row[name] for name in ("kind", "source", "name", "document")})
                self._report.count("versions")
        with self._lines("views") as file:
            shown = {id: name for id, name in names.items() if not filter or id in used}
            self._export_views(file, shown, whole=not (experiments or filter))
        manifest = {
            "format": layout.FORMAT,
            "id": uuid.uuid4().hex,
            "made_us": time.time_ns() // 1_000,
            "experiments": list(experiments),
            "filter": filter,
            **self._report.document(),
        }
        durable.write_file(self._folder / layout.MANIFEST, json.dumps(manifest, indent=1).encode())

    def _lines(self, name: str) -> TextIO:
        return (self._folder / f"{name}.jsonl").open("x", encoding="ascii")

    def _named(self, id: int, chosen: dict[int, dict[str, Any]]) -> str:
        """The experiment's name; one that was made meanwhile is chosen, too."""
        if id not in chosen:
            chosen[id] = self._server.get(f"experiments/{id}")
        return str(chosen[id]["name"])

    def _export_run(self, uid: str, chosen: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The run's line; its points, values, console and files are in the folder."""
        path = f"runs/{layout.checked_id(uid)}"
        detail = self._server.get(path)
        count = [0]
        batches = self._batches(uid, count)
        if (first := next(batches, None)) is not None:
            points.write_points(self._folder / f"points/{uid}.parquet", _again(first, batches))
            self._report.count("points", count[0])
        self._records(uid, "values", self._server.listed(f"{path}/values", "values"))
        self._records(uid, "console", self._console(path))
        self._files(path, self._folder / "files" / uid)
        detail["comments"] = sorted(map(_comment, self._server.listed("comments", "comments", run=uid)), key=_said)
        detail["experiment"] = self._named(detail["experiment_id"], chosen)
        for name in ("metrics", "metrics_in_context", "summary"):
            detail.pop(name, None)
        return detail

    def _batches(self, uid: str, count: list[int]) -> Iterator[RecordBatch]:
        for series in self._server.listed(f"runs/{uid}/series", "series"):
            for body in self._server.histories(uid, series["key"], series["context"], points.AT_ONCE):
                columns = unpack(body)
                count[0] += columns.n
                yield points.batch(uid, columns)

    def _console(self, path: str) -> Iterator[Any]:
        after: str | None = None
        while True:
            page = self._server.get(f"{path}/console", after=after, limit=10_000)
            yield from page["lines"]
            after = page["next_page_token"]
            if not after:
                return

    def _records(self, uid: str, what: str, records: Iterator[Any]) -> None:
        with ExitStack() as opened:
            file: TextIO | None = None
            for record in records:
                if file is None:
                    (self._folder / what).mkdir(exist_ok=True)
                    file = opened.enter_context((self._folder / what / f"{uid}.jsonl").open("x", encoding="ascii"))
                layout.write_line(file, record)
                self._report.count(what)

    def _files(self, owner: str, folder: Path) -> None:
        for item in self._server.listed(f"{owner}/files", "files", all="true"):
            name = f"{owner}/{item['path']}"
            try:
                place = layout.inside(folder, item["path"])
                place.parent.mkdir(parents=True, exist_ok=True)
                with self._server.fetched(owner, item["path"]) as source, place.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
            except AssayError as error:
                if isinstance(error, Unavailable):
                    raise
                self._report.tell(f"file left out: {error.message[:200]}", name)
                continue
            if place.stat().st_size != item["size"]:
                raise Unavailable(f"The answer for {name} was cut short", remedy="export again into a new folder")
            self._report.count("files")
            self._report.count("file_bytes", item["size"])

    def _export_views(self, file: TextIO, names: dict[int, str], *, whole: bool) -> None:
        """The views of these experiments, and those of the workspace where the whole of it is exported."""
        for head in self._server.listed("views", "views"):
            if head["experiment_id"] in names or (whole and head["experiment_id"] is None):
                view = self._server.get(f"views/{head['id']}")
                told = {name: view[name] for name in ("kind", "name", "document")}
                layout.write_line(file, {**told, "experiment": names.get(view["experiment_id"])})
                self._report.count("views")

    def _export_models(self, file: TextIO, names: dict[int, str], runs: set[str], *, all_runs: bool) -> None:
        for at, model in enumerate(self._server.listed("models", "models"), 1):
            self._progress("models", at, 0)
            if model["experiment_id"] not in names or not (all_runs or model["run"] in runs):
                continue
            model["experiment"] = names[model["experiment_id"]]
            layout.write_line(file, model)
            self._files(f"models/{model['id']}", self._folder / "model-files" / layout.checked_id(model["id"]))
            self._report.count("models")


def _comment(item: dict[str, Any]) -> dict[str, Any]:
    """A comment, with who has written it at first and when."""
    of = item["origin"] or item
    return {"author": of["author"], "created_us": of["created_us"], **{name: item[name] for name in SAID}}


def _said(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["created_us"], item["text"]


def _again(first: RecordBatch, rest: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    yield first
    yield from rest
