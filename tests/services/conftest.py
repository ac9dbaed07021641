"""The services over each engine, in a house without a server."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.postgres import fresh_database

from assay.services.branches import BranchService
from assay.services.configs import ConfigService
from assay.services.groups import GroupService
from assay.services.history import HistoryService
from assay.services.runs import RunService
from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore


@dataclass
class House:
    """A store and the services that a dialect would call."""

    store: Any
    runs: RunService
    configs: ConfigService
    branches: BranchService
    groups: GroupService
    history: HistoryService


def new_uid() -> str:
    return uuid.uuid4().hex


@pytest.fixture(params=["sqlite-memory", "sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Services over an empty store of each engine."""

    def random() -> int:
        return secrets.randbits(18)

    store: Any
    if request.param == "postgresql":
        store = PostgresStore(fresh_database(request.getfixturevalue("database_server")), "test", random)
    else:
        store = SqliteStore(":memory:" if request.param.endswith("memory") else tmp_path / "assay.db", "test", random)
    yield House(
        store,
        RunService(store, new_uid),
        ConfigService(store),
        BranchService(store, new_uid),
        GroupService(store),
        HistoryService(store),
    )
    store.close()
