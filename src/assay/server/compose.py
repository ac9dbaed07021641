"""Puts a house together: the only place that names a concrete store or blob backend."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass

from assay.blobs.local import LocalBlobs
from assay.server.home import Home
from assay.services.branches import BranchService
from assay.services.configs import ConfigService
from assay.services.experiments import ExperimentService
from assay.services.files import FileService
from assay.services.groups import GroupService
from assay.services.history import HistoryService
from assay.services.house import Services
from assay.services.models import ModelService
from assay.services.runs import RunService
from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore
from assay.wire.errors import InvalidInput

# fmt: off
ADJECTIVES = (
    "able", "bold", "brave", "bright", "calm", "clever", "crisp", "eager", "fair", "gentle", "grand", "keen",
    "kind", "lively", "merry", "neat", "noble", "proud", "quick", "quiet", "rapid", "rare", "sharp", "sleek",
)
NOUNS = (
    "ant", "bass", "bear", "bee", "bird", "colt", "crane", "crow", "deer", "dove", "eel", "elk", "finch",
    "fish", "fox", "frog", "gnat", "goat", "hare", "hawk", "hen", "ibis", "jay", "kite", "lamb", "lark",
    "lynx", "mole",
)
# fmt: on


def new_uid() -> str:
    """A fresh name of a run, model or object: 32 hex digits."""
    return uuid.uuid4().hex


def new_name() -> str:
    """A name for a run that was given none."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(1_000)}"


def now_us() -> int:
    """The server's clock, for what is relative to the reader's present."""
    return time.time_ns() // 1_000


@dataclass(slots=True)
class Server:
    """A house that is open for calls."""

    home: Home
    store: SqliteStore | PostgresStore
    services: Services

    def close(self) -> None:
        """Everything accepted is on disk, and the home is free."""
        self.store.close()
        self.home.release()


def open_store(address: str | None, home: Home) -> SqliteStore | PostgresStore:
    """The catalog at `postgresql://...`, or in the home's SQLite file.

    Raises:
        InvalidInput: The address names no engine that can be used.
        Unavailable: The database does not answer.
    """
    replica = secrets.token_hex(6)
    if address is None:
        return SqliteStore(home.database, replica, lambda: secrets.randbits(18))
    if address.startswith(("postgresql://", "postgres://")):
        url = "postgresql://" + address.partition("://")[2]
        return PostgresStore(url, replica, lambda: secrets.randbits(18))
    raise InvalidInput(
        f"The store {address.partition(':')[0]!r} is not known",
        field="--store",
        remedy="leave --store out for SQLite in the home, or give postgresql://user:password@host/database",
    )


def open_house(home: Home, store_address: str | None = None) -> Server:
    """The services over a catalog and a store of files."""
    store = open_store(store_address, home)
    services = Services(
        experiments=ExperimentService(store),
        runs=RunService(store, new_uid),
        configs=ConfigService(store),
        branches=BranchService(store, new_uid),
        groups=GroupService(store),
        history=HistoryService(store),
        models=ModelService(store, new_uid),
        files=FileService(store, LocalBlobs(home.files), new_uid),
    )
    return Server(home, store, services)
