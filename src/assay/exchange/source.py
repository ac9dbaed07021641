"""What can be imported, whatever it was logged with: experiments, runs, their points and files, models.

A source yields runs one after the other; what is large in a run is read when it is asked for, in pieces. Texts and
numbers are as the source has them: whether the server takes them, it says itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol


@dataclass(frozen=True, slots=True)
class SourceExperiment:
    """An experiment."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class SourceDataset:
    """A dataset that a run used."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceComment:
    """What somebody said about a run, at the source: of a metric and a step of it where they are given."""

    author: str
    created_us: int
    text: str
    key: str | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class SourceRun:
    """A run without what is large. `key` is its name at the source; `uid` its id here, 32 hex digits."""

    key: str
    uid: str
    experiment: str
    name: str
    status: str  # scheduled | running | finished | failed | interrupted | stopped
    user: str = ""
    start_us: int | None = None
    end_us: int | None = None
    deleted: bool = False
    parent_uid: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)  # texts that stay as they are
    config: Mapping[str, Any] | None = None  # a document, for sources that have one
    defaults: Mapping[str, Any] | None = None  # the same of what nobody chose
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    groups: Sequence[str] = ()
    datasets: Sequence[SourceDataset] = ()
    models_used: Sequence[tuple[str, int]] = ()  # (uid of a model, step), as the next
    models_made: Sequence[tuple[str, int]] = ()
    comments: Sequence[SourceComment] = ()
    # What tells whether there are other points or files than at the last import, without reading them; "": nothing
    # does. Points whose state is another one are sent anew from the first; those without a state only ever append.
    points_state: str = ""
    files_state: str = ""


@dataclass(slots=True)
class SourcePoints:
    """A piece of a run's points as columns of equal length; pieces come in an order that never changes.

    `key` and `context` are positions in `keys` and, counted from 1, in `contexts` (0: none).
    """

    keys: list[str]
    key: array[int]  # "I"
    steps: array[int]  # "q"
    times_us: array[int]  # "q"
    values: array[float]  # "d"
    rows: array[int] | None = None  # "q"
    contexts: list[Mapping[str, str]] = field(default_factory=list)
    context: array[int] | None = None  # "I"


@dataclass(frozen=True, slots=True)
class SourceValue:
    """What was logged at a step and is no number; `document` is JSON data."""

    key: str
    step: int
    time_us: int
    kind: str  # null | text | bool | json | image | table | histogram | audio | ...
    document: Any
    context: Mapping[str, str] | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of console output."""

    stream: str  # stdout | stderr
    time_us: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A logged model; `uid` is `m-` and 32 hex digits."""

    uid: str
    experiment: str
    name: str
    run_uid: str | None
    status: str  # pending | ready | failed
    model_type: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[SourceModelPoint] = ()
    files_state: str = ""  # as a run's


@dataclass(frozen=True, slots=True)
class SourceModelPoint:
    """A metric of a model, measured in a run, on a dataset where one is named."""

    run_uid: str
    key: str
    value: float
    step: int
    time_us: int
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SourceFile(Protocol):
    """A file of a run or model."""

    @property
    def path(self) -> str:
        """Where it lies in the tree of its owner."""
        ...

    @property
    def size(self) -> int | None:
        """Its length in bytes, where that is known beforehand."""
        ...

    def open(self) -> IO[bytes]:
        """Its bytes. Raises OSError or an AssayError where they cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine."""

    path: str
    place: Path

    @property
    def size(self) -> int | None:
        """Its length, None if it is gone."""
        try:
            return self.place.stat().st_size
        except OSError:
            return None

    def open(self) -> IO[bytes]:
        """Its bytes."""
        return self.place.open("rb")


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """A version of a registered model, as a document that a registry takes up later."""

    name: str  # NAME/VERSION
    document: Mapping[str, Any]
    source: str = ""  # where it came from at first, if not from this source


@dataclass(frozen=True, slots=True)
class SourceView:
    """A saved view: of a kind of page, and of an experiment by name where it has one."""

    kind: str
    name: str
    document: Mapping[str, Any]
    experiment: str | None = None


class Source(Protocol):
    """What an import reads. `tell(reason, name)` of the report is called for what cannot be kept."""

    @property
    def identity(self) -> str:
        """What makes this source another one than the next: its address or path."""
        ...

    def experiments(self) -> Iterable[SourceExperiment]: ...

    def runs(self) -> Iterator[SourceRun]: ...

    def points(self, run: SourceRun) -> Iterator[SourcePoints]: ...

    def values(self, run: SourceRun) -> Iterator[SourceValue]: ...

    def lines(self, run: SourceRun) -> Iterator[SourceLine]: ...

    def files(self, run: SourceRun) -> Iterator[SourceFile]: ...

    def models(self) -> Iterator[SourceModel]: ...

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]: ...

    def versions(self) -> Iterator[SourceVersion]: ...

    def views(self) -> Iterator[SourceView]: ...
