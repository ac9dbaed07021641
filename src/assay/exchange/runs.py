"""A run of a source, written to the server with all that is its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.exchange.checks import (
    NAME_BOUND,
    PARAM_BOUND,
    TAG_BOUND,
    USER_BOUND,
    shown,
    sound_lines,
    sound_points,
    sound_texts,
    sound_values,
)
from assay.exchange.files import send_files
from assay.exchange.ledger import digest
from assay.exchange.remarks import send_comments
from assay.exchange.report import Report
from assay.exchange.source import Source, SourcePoints, SourceRun, SourceValue
from assay.exchange.target import BODY_BYTES, LINES, Target, pages
from assay.wire.errors import InvalidInput, TooLarge

VALUES = 1_000  # a call


class RunTransfer:
    """Writes runs.

    Args:
        target: Where to.
        source: Where from.
        source_digest: What this source's writers are called after.
        report: Told what was written and what was left out.
    """

    def __init__(self, target: Target, source: Source, source_digest: str, report: Report) -> None:
        self._target = target
        self._source = source
        self._writer = f"import:{source_digest}"
        self._report = report

    def send(self, run: SourceRun, *, exists: bool) -> None:
        """The server has the run with all that is its own. `exists`: it was begun before."""
        self._begin(run, exists=exists)
        self._send_points(run)
        self._send_values(run)
        self._send_lines(run)
        send_comments(self._target, run, self._report)
        send_files(self._target, f"runs/{run.uid}", self._source.files(run), self._report, exists=exists)
        ended: dict[str, Any] = {"status": run.status}
        if run.end_us is not None:
            ended["end_us"] = run.end_us
        self._target.patch(f"runs/{run.uid}", ended)

    def _begin(self, run: SourceRun, *, exists: bool) -> None:
        tell = self._report.tell
        label = f"run {run.key}"
        tags = sound_texts(run.tags, TAG_BOUND, "tag", label, tell)
        params = sound_texts(run.params, PARAM_BOUND, "param", label, tell)
        body: dict[str, Any] = {
            "id": run.uid,
            "experiment": run.experiment,
            "name": shown(run.name, NAME_BOUND, "name", label, tell),
            "user": shown(run.user, USER_BOUND, "user", label, tell),
            "parent": run.parent_uid,
            "start_us": run.start_us,
        }
        size = sum(len(key) + len(value) for pairs in (tags, params) for key, value in pairs.items())
        if not exists and size * 2 < BODY_BYTES:
            body |= {"tags": tags, "params": params}
            tags, params = {}, {}
        if not exists:
            self._target.post("runs", {name: value for name, value in body.items() if value not in (None, "")})
        rest: dict[str, Any] = {}
        for name, pairs in (("tags", tags), ("params", params)):
            for page in pages(iter(pairs.items()), 1_000):
                if len(page) == len(pairs):
                    rest[name] = pairs
                else:
                    self._patch(run, {name: dict(page)})
        for item in run.datasets:
            self._try(run, "dataset", {"datasets": [_dataset(item)]}, label)
        if config := {name: part for name, part in (("config", run.config), ("defaults", run.defaults)) if part}:
            self._try(run, "config", config, label)
        for group in run.groups:
            self._try(run, "group", {"groups": [group]}, label)
        if run.note:
            rest["note"] = shown(run.note, TAG_BOUND, "note", label, tell)
        if rest:
            self._patch(run, rest)

    def _try(self, run: SourceRun, what: str, body: dict[str, Any], label: str) -> None:
        """What the server refuses is told, and the rest of the run is kept."""
        try:
            self._patch(run, body)
        except (InvalidInput, TooLarge) as error:
            self._report.tell(f"{what} left out: {error.message[:200]}", label)

    def _patch(self, run: SourceRun, body: dict[str, Any]) -> None:
        self._target.patch(f"runs/{run.uid}", body)

    def _send_points(self, run: SourceRun) -> None:
        writer = self._writer + (f":{digest(run.points_state)}" if run.points_state else "")
        has: int | None = None
        at = 0
        for piece in self._source.points(run):
            points = sound_points(piece, f"run {run.key}", self._report.tell)
            if has is None:
                has = self._target.progress(run.uid, writer)
            count = len(points.values)
            if at + count > has:
                missing = _from(points, max(has - at, 0))
                self._target.send_points(run.uid, writer, at + count - len(missing.values), missing)
                self._report.count("points", len(missing.values))
            at += count

    def _send_values(self, run: SourceRun) -> None:
        values = sound_values(self._source.values(run), f"run {run.key}", self._report.tell)
        self._send_records(run, "values", map(_value, values), VALUES)

    def _send_lines(self, run: SourceRun) -> None:
        lines = sound_lines(self._source.lines(run), f"run {run.key}", self._report.tell)
        self._send_records(run, "console", ([line.stream, line.time_us, line.text] for line in lines), LINES)

    def _send_records(self, run: SourceRun, what: str, items: Iterator[Any], most: int) -> None:
        writer = f"{self._writer}:{what}"
        has: int | None = None
        at = 0
        for page in pages(items, most):
            if has is None:
                has = self._target.progress(run.uid, writer)
            if at + len(page) > has:
                missing = page[max(has - at, 0) :]
                first = at + len(page) - len(missing)
                body = missing if what == "values" else {"lines": missing}
                self._target.send_records(f"runs/{run.uid}/{what}", writer, first, body)
                self._report.count(what, len(missing))
            at += len(page)


def _from(points: SourcePoints, at: int) -> SourcePoints:
    if not at:
        return points
    return SourcePoints(
        points.keys,
        points.key[at:],
        points.steps[at:],
        points.times_us[at:],
        points.values[at:],
        None if points.rows is None else points.rows[at:],
        points.contexts,
        None if points.context is None else points.context[at:],
    )


def _dataset(item: Any) -> dict[str, Any]:
    given = {name: getattr(item, name) for name in ("name", "digest", "source_type", "source", "schema", "profile")}
    return {name: value for name, value in given.items() if value is not None} | {"tags": dict(item.tags)}


def _value(value: SourceValue) -> dict[str, Any]:
    told: dict[str, Any] = {
        "key": value.key,
        "step": value.step,
        "time_us": value.time_us,
        "kind": value.kind,
        "document": value.document,
    }
    if value.row is not None:
        told["row"] = value.row
    return told if value.context is None else {**told, "context": dict(value.context)}
