"""Changes of runs as server-sent events: told as they happen, resumed, and over when the client or server goes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from native.conftest import Api, refused
from support.server import Server

from assay.dialects.native.feed import LISTENERS_BOUND

WAIT_S = 15.0


class Listener:
    """A connection that reads events."""

    def __init__(self, url: str, experiment: str = "", last: str | None = None) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=WAIT_S)
        query = f"?experiment={quote(experiment)}" if experiment else ""
        head = f"GET /api/v1/changes{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += f"Last-Event-ID: {last}\r\n\r\n" if last else "\r\n"
        self._socket.sendall(head.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass

    def events(self) -> Iterator[dict[str, str]]:
        """The fields of each block, until the stream ends."""
        held: dict[str, str] = {}
        while size := int(self._file.readline() or b"0", 16):
            for line in self._file.read(size + 2).decode().rstrip("\r\n").split("\n"):
                name, _, value = line.partition(": ")
                if name:
                    held[name] = value
            if held:
                yield held
                held = {}

    def run(self, uid: str) -> dict[str, str]:
        """The event that tells of a run."""
        for event in self.events():
            if event.get("event") == "run" and json.loads(event["data"])["id"] == uid:
                return event
        raise AssertionError("the stream ended")

    def close(self) -> None:
        """The client goes."""
        self._file.close()
        self._socket.close()


def listen(server: Server, **given: Any) -> Any:
    """A listener that ends with its block."""
    return closing(Listener(server.url, **given))


def test_changes_are_told_as_they_happen(running: Server, api: Api) -> None:
    with listen(running) as listener:
        uid = api.run()
        event = listener.run(uid)
        assert json.loads(event["data"]) == {"id": uid, "experiment_id": 0}
        api.mlflow("POST", "runs/log-metric", {"run_id": uid, "key": "m", "value": 1.0, "timestamp": 1, "step": 0})
        listener.run(uid)
        api.ask("PATCH", f"runs/{uid}", {"tags": {"a": "b"}})
        listener.run(uid)
        api.ask("POST", f"runs/{uid}/comments", {"text": "why?"})
        listener.run(uid)


def test_only_the_experiments_that_are_asked_for_are_told(running: Server, api: Api) -> None:
    api.run(experiment="mine")
    with listen(running, experiment="mine") as listener:
        other, uid = api.run(), api.run(experiment="mine")
        for event in listener.events():
            if event.get("event") == "run":
                assert json.loads(event["data"])["id"] != other
                if json.loads(event["data"])["id"] == uid:
                    break


def test_what_was_missed_is_told_after_the_last_event(running: Server, api: Api) -> None:
    with listen(running) as listener:
        last = listener.run(api.run())["id"]
    missed = api.run()
    with listen(running, last=last) as listener:
        listener.run(missed)


def test_a_stream_that_cannot_be_is_refused(api: Api) -> None:
    refused(api.ask("GET", "changes", None, {"Last-Event-ID": "x"}), 422, "invalid_input", "Last-Event-ID")
    refused(api.ask("GET", "changes", experiment="none"), 404, "not_found")


def test_the_server_ends_while_somebody_listens(tmp_path: Any) -> None:
    server = Server(tmp_path / "home").start()
    with listen(server) as listener:
        next(listener.events())
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 6
        assert list(listener.events()) == []


@pytest.mark.timeout(120)
def test_too_many_listeners_are_refused_and_places_become_free(tmp_path: Any) -> None:
    server = Server(tmp_path / "home").start()
    held = [Listener(server.url) for _ in range(LISTENERS_BOUND)]
    for listener in held:
        next(listener.events())
    with closing(Api(server.url)) as api:
        refused(api.ask("GET", "changes"), 503, "unavailable")
        uid = api.run()
        for listener in held[:5]:
            listener.run(uid)
        for listener in held:
            listener.close()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            free = Listener(server.url)
            free.close()
            if free.status == 200:
                break
            time.sleep(0.5)
        assert free.status == 200
    server.stop()
