"""The catalog as services see it: a unit of work with one small store per aggregate (`assay.ports.aggregates`).

Contract, for every engine:

- `Store.read()` is one snapshot: what it shows does not change until it closes.
- `Store.write(work)` runs `work` in one transaction and returns when its effect is on disk. If `work` raises, nothing
  of it remains. It may be run again after a serialization failure, so it must have no effect outside the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.ports.accounts import Accounts, Grants, Tokens, UserGroups, Workspaces
from assay.ports.aggregates import (
    Audit,
    Experiments,
    Files,
    Groups,
    Imports,
    Lineage,
    Models,
    Names,
    Purges,
    Retention,
    Runs,
)
from assay.ports.blobs import BlobRows
from assay.ports.jobs import JobRows
from assay.ports.logged import Console, Keys, PointStore, Series, Values, Writers
from assay.ports.logins import Identities, Links, Sessions
from assay.ports.owned import Configs, Owned
from assay.ports.people import Comments, SavedViews
from assay.ports.statistics import Statistics

T = TypeVar("T")


class UnitOfWork(Protocol):
    """One transaction over every aggregate."""

    @property
    def experiments(self) -> Experiments: ...

    @property
    def runs(self) -> Runs: ...

    @property
    def owned(self) -> Owned: ...

    @property
    def points(self) -> PointStore: ...

    @property
    def series(self) -> Series: ...

    @property
    def values(self) -> Values: ...

    @property
    def writers(self) -> Writers: ...

    @property
    def configs(self) -> Configs: ...

    @property
    def console(self) -> Console: ...

    @property
    def groups(self) -> Groups: ...

    @property
    def names(self) -> Names: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def lineage(self) -> Lineage: ...

    @property
    def models(self) -> Models: ...

    @property
    def files(self) -> Files: ...

    @property
    def blobs(self) -> BlobRows: ...

    @property
    def jobs(self) -> JobRows: ...

    @property
    def purges(self) -> Purges: ...

    @property
    def retention(self) -> Retention: ...

    @property
    def imports(self) -> Imports: ...

    @property
    def statistics(self) -> Statistics: ...

    @property
    def audit(self) -> Audit: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def user_groups(self) -> UserGroups: ...

    @property
    def grants(self) -> Grants: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def workspaces(self) -> Workspaces: ...

    @property
    def comments(self) -> Comments: ...

    @property
    def views(self) -> SavedViews: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def links(self) -> Links: ...

    @property
    def identities(self) -> Identities: ...

    def now_us(self) -> int:
        """The database's time in this transaction."""
        ...


# Called once, from any thread, with why something did not come about, or None; must not raise. No
# future, which brings locks of its own: this is the house's busiest path.
Told = Callable[[BaseException | None], None]


class Store(Protocol):
    """The catalog: opens units of work, and takes log calls for group commit."""

    def read(self) -> AbstractContextManager[UnitOfWork]: ...

    def write(self, work: Callable[[UnitOfWork], T]) -> T: ...

    def log(self, scope: Scope, logged: Logged, told: Told) -> None:
        """Appends points, params and tags of one log call, and tells when they are on disk, or refused."""
        ...

    def busy(self) -> float:
        """How much of the time it writes, of late: from 0 to 1."""
        ...

    def close(self) -> None: ...
