"""A server in a process of its own, and a plain HTTP client that shows what went over the wire."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

from support.forked import Forked, can_fork, parent

ROOT = Path(__file__).resolve().parents[2]
ASSAY = Path(sys.executable).with_name("assay")
API = "/api/2.0/mlflow/"


@dataclass
class Answer:
    """Status, headers in lower case, and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Http:
    """One keep-alive connection."""

    url: str
    timeout: float = 60.0
    headers: dict[str, str] = field(default_factory=dict)  # of every request
    _connection: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """The answer to one request; a dict is sent as JSON."""
        sent = self.headers | (headers or {})
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if query:
            path = f"{path}?{urlencode(query, doseq=True)}"
        if self._connection is None:
            parts = urlsplit(self.url)
            self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout)
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def mlflow(self, method: str, route: str, given: dict[str, Any] | None = None) -> Any:
        """The decoded answer of an MLflow route, which must be 200."""
        if method == "GET":
            answer = self.request(method, API + route, **(given or {}))
        else:
            answer = self.request(method, API + route, given or {})
        assert answer.status == 200, (route, answer.status, answer.body[:500])
        return answer.json

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class Server:
    """`assay up` on a home; started, killed and started again at will."""

    home: Path
    options: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    command: Path = ASSAY
    process: subprocess.Popen[str] | Forked | None = None
    url: str = ""
    log: IO[str] | None = None  # where its standard error goes

    def start(self) -> Server:
        """Starts it and returns when it answers."""
        words, env = ["up", "--port", "0", "--home", str(self.home), *self.options], {**os.environ, **self.env}
        if self.command == ASSAY and can_fork(self.env):
            self.process = parent().fork(words, env, 2 if self.log is None else self.log.fileno())
        else:
            self.process = subprocess.Popen(
                [str(self.command), *words], stdout=subprocess.PIPE, stderr=self.log, text=True, env=env
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert " at http" in line, f"the server said {line!r}"
        self.url = line.rsplit(" ", 1)[1].strip()
        return self

    def http(self) -> Http:
        """A new connection to it."""
        return Http(self.url)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
