"""Stores whose searches are answered from memory, however few the runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.length import length
from support.stores import ENGINES, open_store

from assay.stores import kept
from assay.stores.projection.projections import Sizes
from assay.testing.house import House

AT_ONCE = Sizes(least_runs=0, read_at_once_runs=1_000_000)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def store(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("store")
    with open_store(engine, folder, lambda: request.getfixturevalue("database_server"), AT_ONCE) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_failed(store: Any) -> Iterator[None]:
    """A search that memory could not answer is answered by SQL: nobody would notice."""
    yield
    assert store.projections.failed == 0


@pytest.fixture
def rest_us() -> int:
    """How long a run must not have changed to be kept in memory: here it need not have rested at all."""
    return -(1 << 60)


@pytest.fixture(autouse=True)
def kept_at_once(rest_us: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs own is kept although they have just changed."""
    monkeypatch.setattr(kept, "REST_US", rest_us)


@pytest.fixture(scope="session")
def examples(engine: str) -> int:
    """How many examples a store is put through: most where nothing waits for a disk."""
    return length(60, 500) if engine == "sqlite-memory" else length(12, 100)


@pytest.fixture
def house(store: Any) -> House:
    return House(store)
