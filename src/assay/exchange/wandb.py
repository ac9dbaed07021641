"""W&B's run folders as a source of an import: read as they lie on the disk, without wandb.

A run that was resumed lies in several folders, which are read in the order in which they were begun. A run's id here is
made of what makes it one at W&B (entity, project, run id) and of when it began, so that the same run read from another
place is the same, while two people's runs of the same id are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from assay.core.config import index
from assay.exchange import wandb_records as records
from assay.exchange.checks import KEY_BOUND, PARAM_BOUND, fault
from assay.exchange.pieces import Piece, digest, micros, plain, state
from assay.exchange.protobuf import Malformed, Message
from assay.exchange.records import is_log, log_records
from assay.exchange.report import Tell
from assay.exchange.source import (
    LocalFile,
    SourceExperiment,
    SourceLine,
    SourceModel,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)
from assay.exchange.wandb_folders import Log, files_of, leads_out, logs_at, may_live
from assay.wire.errors import InvalidInput
from assay.wire.keys import SUMMARY, SYSTEM

NAMESPACE = UUID("5d1b1f4e-27a5-4a63-9d0e-0e6a1f6d3b52")
FORMAT = 1  # of what is made of a log: a higher one sends every run's points anew
UNREADABLE = "records that cannot be read"
_HIDDEN = ("_wandb", "_step", "_timestamp")


@dataclass(slots=True)
class _Story:
    """What the logs of a run tell of it, without history."""

    head: Message = field(default_factory=Message)
    environment: Message = field(default_factory=Message)
    config: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    end_us: int = 0
    tags: dict[str, str] = field(default_factory=dict)


class WandbSource:
    """The runs below some folders.

    Args:
        paths: The folders, or logs.
        tell: Told reason and name of what cannot be kept.
        follow: Whether links to files anywhere are read, and not only those below the folder that wandb lies in.

    Raises:
        InvalidInput: A path does not exist, or holds no run of W&B.
    """

    identity = "wandb"  # W&B's ids are what makes its runs different, not where they lie

    def __init__(self, paths: Sequence[Path], tell: Tell, *, follow: bool = False) -> None:
        self._tell = tell
        self._follow = follow
        self._logs: dict[str, list[Log]] = {}
        self._numbers_only: set[str] = set()  # ids of runs whose history was read and holds nothing else
        found = sorted({log.resolve() for path in paths for log in logs_at(path)})
        runs: dict[tuple[str, str, str], list[Log]] = {}
        for path in found:
            if (log := self._introduced(path)) is not None:
                runs.setdefault((log.entity, log.project, log.id), []).append(log)
        for key, logs in sorted(runs.items()):
            logs.sort(key=lambda log: (log.start_us, log.path.parent.name))
            text = "\n".join((self.identity, *key, str(logs[0].start_us)))
            self._logs[uuid5(NAMESPACE, text).hex] = logs

    def _introduced(self, path: Path) -> Log | None:
        for kind, body in self._entries(path):
            if kind == records.RUN:
                try:
                    head = Message(body)
                    start_us = records.time_us(head, 17)
                    return Log(path, head.text(1) or path.stem[4:], head.text(2), head.text(3), start_us)
                except Malformed:
                    self._tell(UNREADABLE, str(path))
        self._tell("logs of W&B that do not say whose they are", str(path))
        return None

    def _entries(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Kind and body of each record of a log."""
        name = str(path)
        try:
            with path.open("rb") as file:
                if not is_log(file):
                    self._tell("files that do not begin as W&B's logs do", name)
                    return
                for record in log_records(file, lambda reason: self._tell(reason, name)):
                    try:
                        kind, body = records.kind_of(record)
                    except Malformed:
                        self._tell(UNREADABLE, name)
                        continue
                    if kind:
                        yield kind, body
        except OSError as error:
            self._tell(f"files that cannot be read ({error.strerror})", name)

    def _of_kind(self, log: Log, *kinds: int) -> Iterator[tuple[int, bytes]]:
        return ((kind, body) for kind, body in self._entries(log.path) if kind in kinds)

    def experiments(self) -> Iterable[SourceExperiment]:
        """W&B's projects: they have no properties here, and are made with their first run."""
        return ()

    def runs(self) -> Iterator[SourceRun]:
        """The runs, by entity, project and id."""
        for uid, logs in self._logs.items():
            story = _Story()
            for log in logs:
                story.exit_code = None
                for kind, body in self._entries(log.path):
                    try:
                        self._hear(story, kind, body, log)
                    except Malformed:
                        self._tell(UNREADABLE, str(log.path))
            yield self._run(uid, logs, story)

    def _hear(self, story: _Story, kind: int, body: bytes, log: Log) -> None:
        name = str(log.path)
        if kind == records.CONFIG:
            records.update(story.config, body)
        elif kind == records.RUN:
            story.head = Message(body)
            records.update(story.config, story.head.raw(4))
            story.end_us = max(story.end_us, records.time_us(story.head, 17))
        elif kind == records.HISTORY:
            story.end_us = max(story.end_us, micros(records.seconds(body), 0))
        elif kind in (records.STATS, records.OUTPUT, records.OUTPUT_RAW):
            story.end_us = max(story.end_us, records.time_us(Message(body), 2))
        elif kind == records.EXIT:
            end = Message(body)
            story.exit_code = end.integer(1)
            worked_s = end.integer(2) - story.head.integer(20)
            if log.start_us and 0 < worked_s < 2**31:
                story.end_us = max(story.end_us, log.start_us + worked_s * 1_000_000)
        elif kind == records.ENVIRONMENT:
            found = Message(body)
            if found.text(2) or found.text(6):  # it comes in parts
                story.environment = found
        elif kind in (records.ARTIFACT, records.USE_ARTIFACT):
            found = Message(body)
            of, called = (4, 5) if kind == records.ARTIFACT else (2, 3)
            if found.text(of) != "run_table":  # its table is a file of the run, too
                self._tell("artifacts, which are not imported yet", f"{found.text(of)} {found.text(called)}")
        elif kind == records.ALERT:
            self._tell("alerts", name)
        elif kind == records.METRIC:
            self._tell("definitions of metrics (define_metric)", name)

    def _run(self, uid: str, logs: Sequence[Log], story: _Story) -> SourceRun:
        head, first = story.head, logs[0]
        tags = dict.fromkeys(head.texts(10), "")
        for key, text in (
            ("wandb.run_id", first.id),
            ("wandb.entity", first.entity),
            ("wandb.job_type", head.text(7)),
            ("wandb.sweep", head.text(12)),
            ("wandb.host", head.text(13)),
            ("wandb.program", story.environment.text(6)),
            ("wandb.git.remote", head.part(21).text(1)),
            ("wandb.git.commit", head.part(21).text(2)),
        ):
            if text:
                tags[key] = text
        name = f"{first.project}/{first.id}"
        if story.exit_code is None:
            self._tell("runs whose log has no end: killed, or still running", name)
        status = {None: "interrupted", 0: "finished", 255: "interrupted"}.get(story.exit_code, "failed")
        logged = [(log.path.parent.name, state(log.path)[0]) for log in logs]
        lives = story.exit_code is None and may_live(logs[-1].path)
        return SourceRun(
            name,
            uid,
            first.project or "uncategorized",
            head.text(8) or first.id,
            status,
            user=story.environment.text(13) or story.environment.text(10),
            start_us=first.start_us or None,
            end_us=story.end_us or None,
            config=self._config(story.config, name),
            tags=tags,
            note=head.text(9),
            groups=[head.text(6)] if head.text(6) else [],
            points_state=digest(FORMAT, logged, lives),
            files_state=digest(
                FORMAT, self._follow, [(file.path, state(file.place)) for log in logs for file in files_of(log)]
            ),
        )

    def _config(self, config: dict[str, Any], name: str) -> dict[str, Any] | None:
        """The config without what a server refuses."""
        config.pop("_wandb", None)
        fits = self._fitting(config, "", name)
        try:
            index(fits)
        except InvalidInput as error:
            self._tell(f"config left out: {error.message}", name)
            return None
        return fits or None

    def _fitting(self, config: dict[str, Any], before: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in config.items():
            path = f"{before}{key}"
            try:
                fits = plain(value)
            except ValueError as error:
                self._tell(f"config left out: {error}", f"{name} {path[:80]!a}")
                continue
            if isinstance(fits, dict) and fits:
                found[key] = self._fitting(fits, f"{path}.", name)
                continue
            text = fits if isinstance(fits, str) else json.dumps(fits, ensure_ascii=False)
            if wrong := fault(path, KEY_BOUND, blank=False):
                self._tell(f"config left out because of its name: {wrong}", f"{name} {path[:80]!a}")
            elif wrong := fault(text, PARAM_BOUND):
                self._tell(f"config left out: {wrong}", f"{name} {path}")
            else:
                found[key] = fits
        return found

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """History with rows, system metrics, and the numbers of the summary."""
        history, rest = Piece(rows=True), Piece(rows=False)
        summary = Piece(rows=False, context=SUMMARY)
        rows = samples = 0
        numbers_only = True
        for kind, value in self._told(run):
            if kind == records.HISTORY:
                step, when, document = value
                for key, one in records.leaves(document):
                    if records.value_kind(one) is None:
                        self._check_whole(one, key, run)
                        history.add(key, step, when, float(one), rows)
                    else:
                        numbers_only = False
                rows += 1
            elif kind == records.STATS:
                when, stats = value
                for key, one in stats.items():
                    rest.add(f"{SYSTEM}{key}", samples, when, one)
                samples += 1
            else:
                step, when, document = value
                for key, one in records.leaves(document):
                    if records.value_kind(one) is None:
                        summary.add(key, step, when, float(one))
                    else:
                        numbers_only = False
            for piece in (history, rest, summary):
                if piece.full:
                    yield piece.take()
        for piece in (history, rest, summary):
            if len(piece):
                yield piece.take()
        if numbers_only:
            self._numbers_only.add(run.uid)

    def _check_whole(self, value: float, key: str, run: SourceRun) -> None:
        if isinstance(value, int) and int(float(value)) != value:
            self._tell("whole numbers beyond 2^53, which are rounded", f"{run.key} {key}")

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """What history and summary hold besides numbers. Media stay files; their values name them."""
        if run.uid in self._numbers_only:
            return
        rows = -1
        for kind, value in self._told(run):
            if kind == records.STATS:
                continue
            step, when, document = value
            context, row = (None, rows := rows + 1) if kind == records.HISTORY else (SUMMARY, None)
            for key, one in records.leaves(document):
                if (of := records.value_kind(one)) is None:
                    continue
                self._check_files(one, run)
                try:
                    yield SourceValue(key, step, when, of, plain(one), context, row)
                except ValueError as error:
                    self._tell(f"value left out: {error}", f"{run.key} {key}")

    def _check_files(self, value: Any, run: SourceRun) -> None:
        for path in records.paths(value):
            if not any(Path(log.path.parent, "files", path).exists() for log in self._logs[run.uid]):
                self._tell("files that a value names, and that are not there", f"{run.key} {path[:200]}")

    def _told(self, run: SourceRun) -> Iterator[tuple[int, Any]]:
        """Rows of history, samples of system metrics, and the summary where a folder's log ends.

        A log that may still grow ends without it: what is numbered behind the rows would be in the way of new ones.
        """
        logs = self._logs[run.uid]
        summary = records.Summary()
        last_step, when = 0, run.start_us or 0
        for log in logs:
            ended = False
            for kind, body in self._entries(log.path):
                try:
                    if kind == records.HISTORY:
                        step, seconds, document = records.row(body)
                        when, last_step = micros(seconds, when), max(last_step, step)
                        yield kind, (step, when, document)
                    elif kind == records.STATS:
                        yield kind, _sample(body, when)
                    elif kind == records.SUMMARY:
                        summary.hear(body)
                    elif kind == records.EXIT:
                        ended = True
                except Malformed:
                    self._tell(UNREADABLE, str(log.path))
            if ended or log is not logs[-1] or not may_live(log.path):
                yield records.SUMMARY, (last_step, when, self._summary(summary, log))
            else:
                self._tell("summaries of runs that may still be running", run.key)

    def _summary(self, summary: records.Summary, log: Log) -> dict[str, Any]:
        while True:
            try:
                document = summary.document()
                break
            except Malformed:
                self._tell(UNREADABLE, str(log.path))
        return {key: value for key, value in document.items() if key not in _HIDDEN}

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """The console's output."""
        for log in self._logs[run.uid]:
            name = str(log.path)
            bodies = (body for _, body in self._of_kind(log, records.OUTPUT, records.OUTPUT_RAW))
            yield from records.read_output(bodies, partial(self._tell, UNREADABLE, name))

    def files(self, run: SourceRun) -> Iterator[LocalFile]:
        """The files of the run's folders; of one path, the last folder's."""
        found: dict[str, LocalFile] = {}
        for log in self._logs[run.uid]:
            for file in files_of(log):
                if not self._follow and leads_out(file.place, log):
                    self._tell(
                        "links that lead out of the folder above wandb: --follow-links reads them", str(file.place)
                    )
                elif file.place.is_file():
                    found[file.path] = file
                else:
                    self._tell("files that are gone, or no files", str(file.place))
        yield from found.values()

    def models(self) -> Iterator[SourceModel]:
        """None: W&B's artifacts are not read."""
        return iter(())

    def model_files(self, model: SourceModel) -> Iterator[LocalFile]:
        """None."""
        return iter(())

    def views(self) -> Iterator[SourceView]:
        """None."""
        return iter(())

    def versions(self) -> Iterator[SourceVersion]:
        """None."""
        return iter(())


def _sample(body: bytes, when: int) -> tuple[int, dict[str, float]]:
    """The time and the numbers of a sample of system metrics."""
    message = Message(body)
    found = {}
    for one in message.parts(3):
        value = records.number_of(records.parsed(one.raw(16)), float("nan"))
        if value == value:
            found[one.text(1)] = value
    return records.time_us(message, 2) or when, found
