"""Odd queries are refused, and the answer names what was odd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.server import Http, Server


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    """A connection to a server."""
    server = Server(tmp_path / "home").start()
    with closing(server.http()) as connection:
        yield connection
    server.stop()


@pytest.mark.parametrize(("query", "field"), [("=%00", "query"), ("limit=%00", "limit")])
def test_a_nul_is_refused_by_name(http: Http, query: str, field: str) -> None:
    answer = http.request("GET", f"/api/v1/runs?{query}")
    assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "invalid_input", field)
    assert answer.json["remedy"]
