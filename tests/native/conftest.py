"""A server on each engine for the tests of a file, and what they ask of it again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from support.postgres import fresh_database
from support.server import Answer, Http, Server


class Api(Http):
    """A connection that asks below /api/v1."""

    def ask(self, method: str, path: str, given: Any = None, /, headers: Any = None, **query: Any) -> Answer:
        """The answer to a JSON body, or to none."""
        body, sent = None, dict(headers or {})
        if given is not None:
            body = json.dumps(given).encode()
            sent.setdefault("Content-Type", "application/json")
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        return self.request(method, f"/api/v1/{path}{asked}", body, sent)

    def get(self, path: str, /, **query: Any) -> Any:
        """The decoded answer, which must be 200."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        return answer.json

    def run(self, **given: Any) -> str:
        """The id of a new run."""
        answer = self.ask("POST", "runs", given)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])


def refused(answer: Answer, status: int, code: str, field: str | None = None) -> None:
    """The answer is problem+json of this code, names the field, and says what to do."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert answer.json["status"] == status
    if field is not None:
        assert answer.json["field"] == field, answer.body
        assert answer.json["remedy"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module."""
    options: list[str] = []
    if request.param == "postgresql":
        options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
    server = Server(tmp_path_factory.mktemp("home"), options).start()
    yield server
    server.stop()


@pytest.fixture
def api(running: Server) -> Iterator[Api]:
    """A connection to it."""
    with closing(Api(running.url)) as connection:
        yield connection
