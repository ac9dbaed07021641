"""The log: one line an event, by request, and nothing in it that is secret."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest
from support.server import ASSAY, Http

from assay.server.logs import Json, Text, cleaned, request_id

MADE = re.compile(r"[0-9a-f]{12}-[0-9]+\Z")
TOKEN = "assay-" + "t" * 43


@contextmanager
def serving(home: Path, log: IO[str], *options: str) -> Iterator[Http]:
    """A connection to a server whose standard error goes to the file."""
    words = [str(ASSAY), "up", "--json", "--port", "0", "--home", str(home), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            with closing(Http(json.loads(process.stdout.readline())["url"])) as http:
                yield http
        finally:
            process.terminate()


def lines(path: Path) -> list[dict[str, Any]]:
    """The events."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_answer_has_an_id_and_the_client_may_choose_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as log, serving(tmp_path / "home", log, "--access-log", "--log-format", "json") as http:
        for where in ("/health", "/api/v1/nothing", "/api/2.0/mlflow/runs/get?run_id=none", "/none"):
            for given in ("a.B-9_x:/+=@", "x" * 128):
                assert http.request("GET", where, headers={"X-Request-Id": given}).headers["x-request-id"] == given
            made = [http.request("GET", where).headers["x-request-id"] for _ in range(2)]
            made += [
                http.request("GET", where, headers={"X-Request-Id": wrong}).headers["x-request-id"]
                for wrong in ("", "x" * 129, "a b", 'a"b', "ä", "a\\", "<b>", "a;b", "a,b")
            ]
            made.append(http.request("GET", where, headers={"Host": "other.example"}).headers["x-request-id"])
            assert all(map(MADE.match, made)), made
            assert len(set(made)) == len(made)
    told = lines(path)
    assert len(told) == 4 * 14
    assert {event["logger"] for event in told} == {"assay.access"}
    assert [event["request_id"] for event in told[:2]] == ["a.B-9_x:/+=@", "x" * 128]
    first = told[0]
    assert {key: first[key] for key in ("method", "path", "route", "status", "level")} == {
        "method": "GET",
        "path": "/health",
        "route": "/health",
        "status": 200,
        "level": "info",
    }
    assert 0 < first["seconds"] < 30
    assert {event["status"] for event in told} == {200, 403, 404}


def test_without_the_option_requests_are_no_events(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as log, serving(tmp_path / "home", log) as http:
        assert http.request("GET", "/health").status == 200
        assert http.request("GET", "/none").status == 404
    assert path.read_text() == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_tokens_and_queries_are_never_in_the_log(form: str, tmp_path: Path) -> None:
    path, home = tmp_path / "log", tmp_path / "home"
    with path.open("w") as log, serving(home, log, "--access-log", "--log-format", form) as http:
        token = (home / "token").read_text().strip()
        for sent in (
            {"Authorization": f"Bearer {token}"},
            {"Authorization": f"Bearer {TOKEN}"},
            {"Authorization": "Basic dXNlcjpoaWRkZW4="},
            {"Cookie": "session=hidden"},
            {"X-Request-Id": token},
            {"Referer": "http://a/?q=hidden"},
        ):
            for where in (
                "/health?token=hidden",
                "/api/v1/runs?filter=hidden&q=hidden",
                "/api/2.0/mlflow/runs/get?run_id=hidden",
                "/api/2.0/mlflow/runs/get%3Frun_id=hidden",
                f"/none/{token}",
                f"/api/v1/runs/{TOKEN}?x=hidden",
                "/%0aGET%20/forged",
            ):
                http.request("GET", where, headers=sent)
            body = {"experiment_ids": ["0"], "filter": "params.a = 'hidden'"}
            http.request("POST", "/api/2.0/mlflow/runs/search?x=hidden", body, headers=sent)
        address = urlsplit(http.url)
        with socket.create_connection((address.hostname or "", address.port or 0)) as raw:
            raw.sendall(f"GET /?hidden\x00 HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            raw.recv(1_000)
    text = path.read_text()
    assert text.count("/api/2.0/mlflow/runs/search") >= 6, "nothing was logged"
    for secret in ("hidden", token, TOKEN, "dXNlcjpoaWRkZW4"):
        assert secret not in text, [line for line in text.splitlines() if secret in line][:3]
    starts = re.compile(r'\d{4}-\d\d-\d\dT|\{"time": ')
    assert [line for line in text.splitlines() if not starts.match(line)] == [], "what was sent began a line"


def record(message: str, *args: object) -> logging.LogRecord:
    """An event."""
    return logging.LogRecord("assay.some", logging.WARNING, __file__, 1, message, args, None)


def test_a_failure_is_told_with_its_request_and_without_secrets() -> None:
    store = "postgresql://someone:hidden@db/assay?password=hidden"
    try:
        raise ValueError(f"no {store} for Bearer hidden-hidden and {TOKEN}")
    except ValueError as error:
        event = record("%s\nfailed: %s", "GET /runs?q=hidden", store)
        event.exc_info = (type(error), error, error.__traceback__)
    mark = request_id.set("r-1")
    try:
        text, told = Text().format(event), json.loads(Json().format(event))
    finally:
        request_id.reset(mark)
    assert "hidden" not in text + str(told)
    assert cleaned(f"the key assay-key-{'k' * 43} lies there") == "the key *** lies there"
    assert TOKEN not in text + str(told)
    head, *trace = text.splitlines()
    assert re.fullmatch(
        r"\S+Z WARNING assay.some \[r-1\] GET /runs\?\*\*\*\\nfailed: postgresql://\*\*\*@db/assay.*", head
    )
    assert trace[0].startswith("Traceback")
    assert told["request_id"] == "r-1"
    assert "ValueError" in told["exception"]


@pytest.mark.parametrize("text", ["What is it? a=b", "a ? b : c", "s3://bucket/key", "f(x)?", "Basic rules", "is a=b"])
def test_plain_words_are_left_alone(text: str) -> None:
    assert cleaned(text) == text
