"""A store of each engine, whose audit records the database itself protects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.stores import ENGINES, open_store

from assay.stores.audit_triggers import statements


def protect(store: Any) -> None:
    """The triggers are there, as the migration leaves them."""
    with store._engine.execution_options(assay_write=True).begin() as connection:
        for statement in statements(store._engine.dialect.name):
            connection.exec_driver_sql(statement)


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty store of each engine."""
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as opened:
        protect(opened)
        yield opened
