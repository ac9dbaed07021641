"""One store of each engine for all contract tests: each test works in a workspace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.length import length
from support.stores import ENGINES, open_store

from assay.testing.house import House


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def store(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("store")
    with open_store(engine, folder, lambda: request.getfixturevalue("database_server")) as opened:
        yield opened


@pytest.fixture(scope="session")
def examples(engine: str) -> int:
    """How many examples a store is put through: most where nothing waits for a disk."""
    return length(60, 500) if engine == "sqlite-memory" else length(12, 100)


@pytest.fixture
def house(store: Any) -> House:
    return House(store)
