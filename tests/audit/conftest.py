"""A store of each engine; its migrations have the database itself protect audit records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.stores import ENGINES, open_store


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty store of each engine."""
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as opened:
        yield opened
