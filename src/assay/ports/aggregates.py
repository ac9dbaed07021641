"""The aggregates of the catalog, each as the small store that a unit of work holds of it.

- Every method that takes a Scope sees that scope's workspace only.
- Methods raise NotFound for what does not exist; they never return None for "not found" unless they say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from assay.core.audit import Act, Entry, Head, Subject
from assay.core.checkpoints import Checkpoint, Key, Signed
from assay.core.purge import Deletable, Kind
from assay.core.retention import Rested
from assay.core.scope import Scope
from assay.core.search.ast import Expr, Order
from assay.core.tracking import (
    Dataset,
    DatasetInput,
    Experiment,
    FileEntry,
    ImportRow,
    Lifecycle,
    LoggedModel,
    ModelStatus,
    ModelUse,
    Page,
    Run,
    Status,
    View,
)
from assay.ports.blobs import Lease


class Experiments(Protocol):
    """Experiments and their tags."""

    def add(self, scope: Scope, name: str, *, artifact_location: str | None, tags: Mapping[str, str]) -> Experiment:
        """Stores a new experiment under the next number. Raises AlreadyExists, also for the name of a deleted one."""
        ...

    def get(self, scope: Scope, id: int) -> Experiment: ...

    def by_name(self, scope: Scope, name: str) -> Experiment: ...

    def lock(self, scope: Scope, id: int, *, shared: bool = False) -> Experiment:
        """The experiment, held until the unit ends; shared: others may hold it so too, but nobody changes it."""
        ...

    def rename(self, scope: Scope, id: int, name: str) -> None: ...

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None: ...

    def set_tags(self, scope: Scope, id: int, tags: Mapping[str, str]) -> None: ...

    def delete_tag(self, scope: Scope, id: int, key: str) -> bool:
        """Whether there was such a tag."""
        ...

    def search(
        self, scope: Scope, view: View, where: Expr | None, order: Sequence[Order], limit: int, token: str | None
    ) -> Page[Experiment]: ...


class Runs(Protocol):
    """Runs without what they own."""

    def add(self, scope: Scope, run: Run) -> Run:
        """Stores a new run with times of the database. Raises AlreadyExists for a taken uid."""
        ...

    def get(self, scope: Scope, uid: str) -> Run: ...

    def lock(self, scope: Scope, uid: str) -> Run:
        """The run, held until the unit ends: no writer, compaction or deletion comes between."""
        ...

    def update(
        self,
        scope: Scope,
        id: int,
        *,
        name: str | None = None,
        status: Status | None = None,
        end_us: int | None = None,
        parent_uid: str | None = None,
    ) -> None:
        """Changes what is given. A run that had ended and goes on is not asked to stop any more."""
        ...

    def stop(self, scope: Scope, id: int) -> None:
        """The run is asked to stop from now on."""
        ...

    def touch(self, scope: Scope, id: int) -> None:
        """Something that the run owns has changed now."""
        ...

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None: ...

    def set_lifecycle_of_experiment(self, scope: Scope, experiment_id: int, lifecycle: Lifecycle) -> None: ...

    def set_parent(self, scope: Scope, id: int, parent_uid: str | None) -> None: ...

    def changed(self, scope: Scope, at_us: int, id: int, limit: int) -> list[tuple[int, int, str]]:
        """(time, id, uid) of runs that changed, or whose points did, after this (time, id), in this order."""
        ...

    def beginnings(self, scope: Scope, uids: Sequence[str]) -> dict[int, tuple[str, int]]:
        """Of those uids that exist: the uid by its id, and when its run began."""
        ...

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        view: View,
        where: Expr | None,
        order: Sequence[Order],
        limit: int,
        token: str | None,
    ) -> Page[Run]: ...


class Groups(Protocol):
    """Groups of runs, many to many."""

    def find(self, scope: Scope, experiment_id: int, name: str) -> int | None:
        """The id of the experiment's group of this name, if there is one."""
        ...

    def ensure(self, scope: Scope, experiment_id: int, name: str) -> int:
        """The id of the experiment's group of this name, made if there was none."""
        ...

    def join(self, group_id: int, run_id: int) -> None: ...

    def leave(self, group_id: int, run_id: int) -> None: ...

    def members(self, scope: Scope, group_id: int) -> list[str]:
        """The uids of the members, oldest first."""
        ...

    def of_run(self, scope: Scope, run_id: int) -> list[str]:
        """The names of the run's groups, in order."""
        ...


class Names(Protocol):
    """What foreign clients named; `fold`: their dialect ignores case."""

    def bind(self, scope: Scope, kind: str, dialect: str, container: str, name: str, id: int, *, fold: bool) -> None:
        """The foreign name means this id from now on. Raises AlreadyExists if it means another."""
        ...

    def find(self, scope: Scope, kind: str, dialect: str, container: str, name: str, *, fold: bool) -> int:
        """What the foreign name means. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Links:
    """What a run used and made."""

    datasets: list[DatasetInput] = field(default_factory=list)
    models_used: list[ModelUse] = field(default_factory=list)
    models_made: list[ModelUse] = field(default_factory=list)


class Lineage(Protocol):
    """Datasets, and who used and made what."""

    def add_inputs(
        self,
        scope: Scope,
        run_id: int,
        experiment_id: int,
        datasets: Sequence[DatasetInput],
        models: Sequence[ModelUse],
    ) -> None:
        """Records what a run used; a dataset is one per (experiment, name, digest)."""
        ...

    def add_outputs(self, scope: Scope, run_id: int, models: Sequence[ModelUse]) -> None: ...

    def derive(self, run_id: int, source_id: int, step: int) -> None:
        """Records that a run was forked from another at a step; -1: at its end."""
        ...

    def links(self, run_ids: Sequence[int]) -> Mapping[int, Links]:
        """What each run used and made; runs without either may be missing.

        Datasets come in the order of their first description, models by step and by the millisecond of their making.
        """
        ...

    def datasets(
        self, scope: Scope, experiment_ids: Sequence[int], limit: int
    ) -> list[tuple[int, Dataset, str | None]]:
        """(experiment id, dataset, context tag) of each distinct use in these experiments."""
        ...


class Models(Protocol):
    """Logged models without what they own."""

    def add(self, scope: Scope, model: LoggedModel) -> LoggedModel: ...

    def get(self, scope: Scope, uid: str) -> LoggedModel: ...

    def lock(self, scope: Scope, uid: str) -> LoggedModel: ...

    def update(
        self, scope: Scope, id: int, *, status: ModelStatus | None = None, status_message: str | None = None
    ) -> None: ...

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None: ...

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        where: Expr | None,
        order: Sequence[Order],
        limit: int,
        token: str | None,
    ) -> Page[LoggedModel]: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a tree and the object that holds its bytes; `blake3` is their digest in hex."""

    path: str
    blob_id: str
    size: int
    blake3: str
    modified_us: int


class Files(Protocol):
    """File trees."""

    def put(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The path names this object; what it named before is condemned if nothing else refers to it."""
        ...

    def add(self, scope: Scope, owner_id: int, path: str, blob_id: str, size: int, blake3: str) -> None:
        """The path names this object, of which the catalog did not know. Raises Unavailable if gc has it already."""
        ...

    def finish(self, scope: Scope, lease: Lease, size: int) -> None:
        """The path of the lease names its object, whose digest is not known yet; the lease is over."""
        ...

    def get(self, owner_id: int, path: str) -> StoredFile | None:
        """The file at this path, or None."""
        ...

    def is_folder(self, owner_id: int, path: str) -> bool: ...

    def children(self, owner_id: int, folder: str) -> list[FileEntry]: ...

    def walk(self, owner_id: int, after: str, limit: int) -> list[StoredFile]:
        """Files of the whole tree by path, from the one after this path on."""
        ...

    def remove(self, owner_id: int, path: str) -> int:
        """The file or folder is gone; how many files there were."""
        ...


class Imports(Protocol):
    """Rows of foreign registries."""

    def put(self, scope: Scope, kind: str, source: str, name: str, document: str) -> bool:
        """The row holds this document; whether it is new."""
        ...

    def search(
        self, scope: Scope, kind: str | None, source: str | None, after: tuple[str, str, str] | None, limit: int
    ) -> list[ImportRow]:
        """Rows by kind, source and name, from the one after on."""
        ...


class Audit(Protocol):
    """The chain of governed acts."""

    def append(
        self, scope: Scope, act: Act, subjects: Sequence[Subject], detail: Mapping[str, Any], salt: bytes
    ) -> int:
        """The act is recorded under the next number, which is returned. Takes its lock last of all."""
        ...

    def head(self, scope: Scope) -> Head: ...

    def entries(self, scope: Scope, after: int = 0) -> Iterator[Entry]: ...

    def workspaces(self) -> dict[int, str]:
        """Those that have a chain, by id, with their names."""
        ...

    def erase(self, scope: Scope, seqs: Sequence[int]) -> int:
        """The details of these records are gone, with their salts; how many there were."""
        ...

    def checkpoints(self, scope: Scope) -> Iterator[Signed]:
        """All, in the order of the records that they sign."""
        ...

    def last_checkpoint(self, scope: Scope) -> Signed | None: ...

    def add_checkpoint(self, scope: Scope, point: Checkpoint, signed: Signed) -> None: ...

    def public_keys(self) -> list[Key]:
        """The public keys that ever signed, the oldest first."""
        ...

    def add_key(self, new: Key) -> None: ...


class Purges(Protocol):
    """Deleting for good."""

    def due(self, scope: Scope, kind: Kind, before_us: int, after: int, limit: int) -> list[int]:
        """Ids, above `after` and in order, of what was deleted at this time or earlier."""
        ...

    def within(self, scope: Scope, experiment_id: int, kind: Kind, limit: int) -> list[int]:
        """Ids, in order, of what lies in the experiment, deleted or not."""
        ...

    def spares(self, scope: Scope, experiment_id: int, before_us: int) -> bool:
        """Whether runs of the experiment are not deleted, or were deleted after this time."""
        ...

    def find(self, scope: Scope, kind: Kind, uids: Sequence[str]) -> list[Deletable]: ...

    def lock(self, scope: Scope, kind: Kind, ids: Sequence[int]) -> list[Deletable]:
        """Those of the things that exist, in order, held until the unit ends."""
        ...

    def erase(self, kind: Kind, ids: Sequence[int]) -> None:
        """These things, which are locked, and all that they own are gone. An experiment is empty by then."""
        ...


class Retention(Protocol):
    """Runs that rest."""

    def rested(self, scope: Scope, after: int, limit: int) -> list[Rested]:
        """Runs that have ended and are not deleted, above the id `after` and in order."""
        ...

    def among(self, scope: Scope, ids: Sequence[int]) -> list[Rested]:
        """Those of the runs that have ended and are not deleted, in order."""
        ...

    def held_bytes(self, scope: Scope) -> int:
        """How much the files of runs come to that are not deleted, each as often as it is used."""
