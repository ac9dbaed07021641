"""The services over each engine, in a house without a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.stores import ENGINES, open_store

from assay.services.branches import BranchService
from assay.services.configs import ConfigService
from assay.services.groups import GroupService
from assay.services.history import HistoryService
from assay.services.runs import RunService


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


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Services over an empty store of each engine."""
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as store:
        yield House(
            store,
            RunService(store, new_uid),
            ConfigService(store),
            BranchService(store, new_uid),
            GroupService(store),
            HistoryService(store),
        )
