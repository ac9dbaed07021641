"""A home, and a server on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.server import Http, Server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the server and of who trains."""
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server on the home."""
    running = Server(home).start()
    yield running
    running.stop()


@pytest.fixture
def http(server: Server) -> Iterator[Http]:
    """A connection to it."""
    with closing(server.http()) as connection:
        yield connection


@pytest.fixture(params=[True, False], ids=["mapped", "written"])
def mapped(request: pytest.FixtureRequest) -> bool:
    """Which kind of segment."""
    return bool(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a journal will lie."""
    return tmp_path / "journal" / "run" / "writer"
