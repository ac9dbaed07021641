"""Connections that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.server import Http, Server


@pytest.fixture
def speak() -> Iterator[Callable[[Server], Http]]:
    """Opens connections to servers, closed at the end."""
    opened: list[Http] = []

    def connect(server: Server) -> Http:
        opened.append(server.http())
        return opened[-1]

    yield connect
    for http in opened:
        http.close()
