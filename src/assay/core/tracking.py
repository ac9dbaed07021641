"""The records of tracking: experiments, runs, logged models, datasets, and what they own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:  # numpy: the command line has no use for it
    from assay.core.points.columns import Floats, Ints


class Lifecycle(StrEnum):
    """Whether a thing is in use; deleting is soft until it is purged."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


class View(StrEnum):
    """Which lifecycles a search sees; archived things count as active unless a filter says otherwise."""

    ACTIVE = "active"
    DELETED = "deleted"
    ALL = "all"


class Status(StrEnum):
    """The state of a run."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"


ENDED = frozenset({Status.FINISHED, Status.FAILED, Status.INTERRUPTED, Status.STOPPED})
LOST_AFTER_US = 5 * 60 * 1_000_000


class ModelStatus(StrEnum):
    """Whether a logged model's files are complete."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named collection of runs. `artifact_location` is None where files lie in our own store."""

    id: int
    name: str
    lifecycle: Lifecycle
    artifact_location: str | None
    created_us: int
    updated_us: int
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution: its own columns, without what it owns. Times are microseconds; client times are only data."""

    id: int
    uid: str
    experiment_id: int
    name: str
    status: Status
    lifecycle: Lifecycle
    parent_uid: str | None
    user_name: str
    start_us: int | None
    end_us: int | None
    created_us: int
    updated_us: int
    deleted_us: int | None = None
    lost: bool = False  # running, but all its heartbeating writers have been silent for five minutes
    stop_us: int | None = None  # when somebody asked it to stop


class Latest(NamedTuple):
    """A series' last value (by step, time, value) and its extremes over what is not NaN."""

    key: str
    value: float
    step: int
    time_us: int
    min: float | None
    max: float | None
    context: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its logger described it."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """A dataset that a run used, with the tags of that use."""

    dataset: Dataset
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A logged model that a run used or made."""

    model_uid: str
    step: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


class OwnedByRun(NamedTuple):
    """What a run owns beside its row and its links."""

    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Sequence[Latest]
    defaulted: Sequence[str]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with everything that one answer shows."""

    run: Run
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Latest] = ()
    datasets: Sequence[DatasetInput] = ()
    model_inputs: Sequence[ModelUse] = ()
    model_outputs: Sequence[ModelUse] = ()
    defaulted: Sequence[str] = ()  # the keys of params that nobody chose, in order


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A run's product. Its metrics carry the context they were measured in: run and, where named, dataset."""

    id: int
    uid: str
    experiment_id: int
    run_uid: str | None
    name: str
    model_type: str
    status: ModelStatus
    status_message: str | None
    lifecycle: Lifecycle
    created_us: int
    updated_us: int
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Latest] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One name of a file tree, seen from a folder: a file with its size, or a folder."""

    path: str
    is_dir: bool
    size: int = 0


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a listing and, where more may follow, the token that continues it."""

    items: Sequence[T]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedValue:
    """What is logged at a step and is no number: its kind (null, text, bool, json ...) and the value as JSON."""

    key: str
    step: int
    row: int
    time_us: int
    kind: str
    document: str
    context: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ValueKey:
    """Values of one kind under a key, in a context or in none: how many, and at steps from which to which."""

    key: str
    context: Mapping[str, str] | None
    kind: str
    count: int
    first_step: int
    last_step: int


class Stream(StrEnum):
    """What a line was printed to."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """A line that a run printed, without its end."""

    stream: Stream
    time_us: int
    text: str


@dataclass(frozen=True, slots=True)
class ConsolePage(Page[ConsoleLine]):
    """A page of lines, and from where to read on, also where nothing more has been printed yet."""

    position: str = "0"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of a foreign registry: what it is (kind), where it came from, and its document as JSON."""

    kind: str
    source: str
    name: str
    document: str
    created_us: int


@dataclass(frozen=True, slots=True)
class Change:
    """A run of which something changed, and when."""

    run_uid: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Writer:
    """Who sends a batch, and the number of its first record.

    The records of a batch are its points in order, then, as one record, whatever else it brings; where nothing but
    logged values or nothing but console lines is sent, each may be one. What lies below the number that the writer
    has reached was stored before and is dropped.
    """

    name: str
    stream: str
    epoch: int
    first_seq: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a writer got: the next number that is new, in this epoch."""

    name: str
    stream: str
    epoch: int
    next_seq: int
    seen_us: int


@dataclass(slots=True)
class Logged:
    """What one log call brings, stored in one transaction or not at all.

    The columns keys, values, steps and times_us (microseconds) have equal length; so have rows and contexts, where
    they are given. Where `key_index` is given, it is the column, and says which of `keys` a point has. `model_points`
    go to logged models. Where `rest_count` is given, it is the number of `logged_values`, each of which is a record of
    its own for the writer, and there are no params, tags or `model_points`.
    """

    run_uid: str
    keys: Sequence[str] = ()
    values: Sequence[float] | Floats = ()
    steps: Sequence[int] | Ints = ()
    times_us: Sequence[int] | Ints = ()
    rows: Sequence[int] | Ints = ()
    contexts: Sequence[Mapping[str, str] | None] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    model_points: Sequence[ModelPoint] = ()
    logged_values: Sequence[LoggedValue] = ()
    writer: Writer | None = None
    key_index: Ints | None = None
    rest_count: int | None = None


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """A point measured for a logged model within a run, on a dataset where one is named."""

    model_uid: str
    key: str
    value: float
    step: int
    time_us: int
    dataset_name: str | None = None
    dataset_digest: str | None = None


# Attributes that MLflow's clients carry as tags: set in either form, read in both.
NAME_TAG = "mlflow.runName"
PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
