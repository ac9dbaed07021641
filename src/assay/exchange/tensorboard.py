"""TensorBoard's log folder as a source of an import: each folder with event files is a run, called by its path.

A run's id here is made of that path and of its first event file's name and time, so that a log folder that was moved
makes the same runs, and a copy inside of it another one.
"""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid5

from assay.exchange import tensorboard_events as events
from assay.exchange.pieces import Piece, digest, micros, plain, state
from assay.exchange.protobuf import Malformed
from assay.exchange.records import tf_records
from assay.exchange.report import Tell
from assay.exchange.source import (
    SourceExperiment,
    SourceFile,
    SourceLine,
    SourceModel,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)
from assay.wire.errors import InvalidInput

NAMESPACE = UUID("0f6d2c8e-5a5b-4c57-8f0c-6f2d8f3f9b11")
FORMAT = 1  # of what is made of event files: a higher one sends every run's points anew
UNREADABLE = "records that cannot be read"
STATUS = {0: "finished", 1: "finished", 2: "failed", 3: "running"}  # of the plugin hparams
_UNSAFE = re.compile(r"[^\w.\- ]")


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file whose bytes stood in an event file."""

    path: str
    data: bytes

    @property
    def size(self) -> int:
        """Its length."""
        return len(self.data)

    def open(self) -> IO[bytes]:
        """Its bytes."""
        return BytesIO(self.data)


@dataclass(slots=True)
class _Folder:
    """A folder with event files, and what was heard of it."""

    name: str
    files: list[Path]
    restarts: list[tuple[tuple[int, int], int]] = field(default_factory=list)
    lowest: list[int] = field(default_factory=list)  # step of that restart and of all after it
    params: dict[str, str] = field(default_factory=dict)
    status: str = "finished"
    begin: str = ""
    start_us: int = 0
    end_us: int = 0
    has_more: bool = False  # than scalars

    def replaced(self, place: tuple[int, int], step: int) -> bool:
        """Whether a session that began later went over this step again."""
        at = bisect_right(self.restarts, (place, 1 << 63))
        return at < len(self.lowest) and self.lowest[at] <= step


class TensorboardSource:
    """The runs below a log folder. `tell` is called for what cannot be kept.

    Args:
        folder: The log folder.
        tell: Told reason and name.
        experiment: What their experiment is called. [the folder's name]

    Raises:
        InvalidInput: It is no folder, or holds no event file.
    """

    identity = "tensorboard"

    def __init__(self, folder: Path, tell: Tell, experiment: str = "") -> None:
        self._tell = tell
        if not folder.is_dir():
            raise InvalidInput(
                f"{folder} is no folder", field="LOGDIR", remedy="give the folder that tensorboard shows"
            )
        self._root = folder.resolve()
        self._experiment = experiment or self._root.name or "tensorboard"
        self._found = list(self._below())
        if not self._found:
            raise InvalidInput(
                f"{folder} holds no event files",
                field="LOGDIR",
                remedy="give a folder with events.out.tfevents.* files",
            )
        self._folders: dict[str, _Folder] = {}

    def _below(self) -> Iterator[_Folder]:
        for place, folders, names in os.walk(self._root):
            folders.sort()
            for name in folders:
                if Path(place, name).is_symlink():
                    self._tell("links to folders, which are not followed", str(Path(place, name)))
            files = [Path(place, name) for name in sorted(names) if "tfevents" in name]
            files = [file for file in files if file.is_file()]  # whoever opens a pipe waits for ever
            if files:
                yield _Folder(Path(place).relative_to(self._root).as_posix(), files)

    def experiments(self) -> Iterable[SourceExperiment]:
        """The one of all these runs."""
        return (SourceExperiment(self._experiment),)

    def runs(self) -> Iterator[SourceRun]:
        """The runs, by their path."""
        for folder in self._found:
            self._hear(folder)
            if not folder.begin:
                continue  # a writer that only made its file, as that of hparams does
            uid = uuid5(NAMESPACE, f"{self.identity}\n{folder.name}\n{folder.begin}").hex
            self._folders[uid] = folder
            told = digest(FORMAT, [(file.name, state(file)[0]) for file in folder.files])
            yield SourceRun(
                folder.name,
                uid,
                self._experiment,
                self._root.name if folder.name == "." else folder.name,
                folder.status,
                start_us=folder.start_us or None,
                end_us=folder.end_us or None,
                params=folder.params,
                points_state=told,
                files_state=told if folder.has_more else "-",
            )

    def _hear(self, folder: _Folder) -> None:
        """Everything about the folder but points and media is known."""
        plugins: dict[str, str] = {}
        folder.restarts.clear()
        for place, event in self._events(folder):
            when = micros(event.seconds, 0)
            if when:
                folder.start_us = min(folder.start_us or when, when)
                folder.end_us = max(folder.end_us, when)
            if event.other:
                self._tell(event.other, folder.name)
            if event.starts:
                folder.restarts.append((place, event.step))
            if event.values and not folder.begin:
                folder.begin = f"{folder.files[place[0]].name}\n{event.seconds!r}"
            for tag, kind, what in self._values(folder, event, plugins):
                if kind == "hparams":
                    self._hear_hparams(folder, what)
                elif kind == "other":
                    self._tell(what, f"{folder.name} {tag}")
                elif kind != "scalar":
                    folder.has_more = True
        lowest: list[int] = []
        for _, step in reversed(folder.restarts):
            lowest.append(min(step, lowest[-1]) if lowest else step)
        folder.lowest = lowest[::-1]

    def _hear_hparams(self, folder: _Folder, content: bytes) -> None:
        try:
            params, status = events.hparams(content)
        except Malformed:
            self._tell(UNREADABLE, folder.name)
            return
        folder.params |= params
        if status is not None:
            folder.status = STATUS.get(status, "finished")

    def _events(self, folder: _Folder) -> Iterator[tuple[tuple[int, int], events.Event]]:
        """The events of the folder's files in turn, each with its place: the file's number and its own."""
        for number, path in enumerate(folder.files):
            name = str(path)
            try:
                with path.open("rb") as file:
                    for at, record in enumerate(tf_records(file, partial(self._tell_of, name))):
                        try:
                            yield (number, at), events.event(record)
                        except Malformed:
                            self._tell(UNREADABLE, name)
            except OSError as error:
                self._tell(f"files that cannot be read ({error.strerror})", name)

    def _tell_of(self, name: str, reason: str) -> None:
        self._tell(reason, name)

    def _values(self, folder: _Folder, event: events.Event, plugins: dict[str, str]) -> Iterator[tuple[str, str, Any]]:
        """Tag, kind and value of all that the event holds. A tag's plugin need be named only once."""
        for value in event.values:
            try:
                tag = value.text(1)
                plugin = value.part(9).part(1).text(1) if 9 in value else ""
                if plugin:
                    plugins[tag] = plugin
                kind, what = events.logged(value, plugin or plugins.get(tag, ""))
            except Malformed:
                self._tell(UNREADABLE, folder.name)
                continue
            yield tag, kind, what

    def _logged(self, run: SourceRun) -> Iterator[tuple[str, str, Any, int, int]]:
        """Tag, kind, value, step and time of all that stands."""
        folder = self._folders[run.uid]
        plugins: dict[str, str] = {}
        when = run.start_us or 0
        for place, event in self._events(folder):
            when = micros(event.seconds, when)
            gone = folder.replaced(place, event.step)
            for tag, kind, what in self._values(folder, event, plugins):
                if gone:
                    self._tell("values that a restart at an earlier step replaced", f"{folder.name} {tag}")
                else:
                    yield tag, kind, what, event.step, when

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """The scalars."""
        piece = Piece(rows=False)
        for tag, kind, what, step, when in self._logged(run):
            if kind == "scalar":
                piece.add(tag, step, when, what)
                if piece.full:
                    yield piece.take()
        if len(piece):
            yield piece.take()

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """Texts and histograms, and of images and sounds which file they are. At one step they differ by row."""
        for tag, kind, what, step, when, before in self._with_paths(run):
            row = before or None
            if kind == "text":
                one = what[0] if len(what) == 1 else what
                yield SourceValue(tag, step, when, "text" if len(what) == 1 else "json", one, None, row)
            elif kind == "histogram":
                yield SourceValue(tag, step, when, kind, plain(what), None, row)
            else:
                told = [{"path": path, "size": len(item.data), **plain(item.told)} for path, item in what]
                yield SourceValue(tag, step, when, kind, told[0] if len(told) == 1 else {"items": told}, None, row)

    def _with_paths(self, run: SourceRun) -> Iterator[tuple[str, str, Any, int, int, int]]:
        """As `_logged`, without scalars, and with how many the tag had at the step before.

        Images and sounds have paths, which are the same each time.
        """
        if not self._folders[run.uid].has_more:
            return
        seen: Counter[tuple[str, int]] = Counter()
        for tag, kind, what, step, when in self._logged(run):
            before = seen[tag, step]
            if kind in ("text", "histogram"):
                seen[tag, step] += 1
                yield tag, kind, what, step, when, before
            elif kind in ("image", "audio") and what:
                paths = []
                for item in what:
                    again = f"-{seen[tag, step]}" if seen[tag, step] else ""
                    seen[tag, step] += 1
                    paths.append((f"media/{kind}/{_safe(tag)}/{step}{again}{item.suffix}", item))
                yield tag, kind, paths, step, when, before

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """The images and sounds."""
        for _, kind, what, *_ in self._with_paths(run):
            if kind in ("image", "audio"):
                for path, item in what:
                    yield HeldFile(path, item.data)

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """None."""
        return iter(())

    def models(self) -> Iterator[SourceModel]:
        """None."""
        return iter(())

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """None."""
        return iter(())

    def views(self) -> Iterator[SourceView]:
        """None."""
        return iter(())

    def versions(self) -> Iterator[SourceVersion]:
        """None."""
        return iter(())


def _safe(tag: str) -> str:
    """A path that stands for the tag and for no other."""
    parts = [_UNSAFE.sub("_", part)[:100] for part in tag.split("/")[:10]]
    path = "/".join(part if part.strip(". ") else "_" for part in parts)
    return path if path == tag else f"{path}-{hashlib.sha256(tag.encode()).hexdigest()[:8]}"
