"""One request at a time over a keep-alive connection: the body read to its end, what the server says it took, trailers.

Times are in milliseconds. `server_ms` is the `Server-Timing: total;dur=` of the answer, in its head or behind its body;
None where the server says nothing. `wall_ms` is from the first byte sent to the last byte read, here.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, Any
from urllib.parse import urlsplit

TIMING = re.compile(r"\btotal\s*;[^,]*?\bdur\s*=\s*\"?([0-9.]+)", re.IGNORECASE)
LIMIT_S = 120.0  # a request that takes longer does not count as finished
BUFFER = 1 << 20


class NotFinished(RuntimeError):
    """The answer was not whole within the limit."""


class Refused(RuntimeError):
    """The answer is no 2xx."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    head: dict[str, str]  # names in lower case; trailers are among them
    body: bytes
    wall_ms: float

    @property
    def server_ms(self) -> float | None:
        """What the server says it took."""
        found = TIMING.search(self.head.get("server-timing", ""))
        return float(found[1]) if found else None

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Asker:
    """A connection to one server, made anew where the server has closed it."""

    def __init__(self, url: str, limit_s: float = LIMIT_S) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._host = parts.netloc
        self._limit_s = limit_s
        self._socket: socket.socket | None = None
        self._file: BufferedReader | None = None

    def close(self) -> None:
        """The connection is closed."""
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
            if self._socket is not None:
                self._socket.close()
        self._socket = self._file = None

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """The answer to a GET."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any) -> Answer:
        """The answer to JSON that is posted."""
        return self.ask("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """A whole answer that is a 2xx.

        Raises:
            Refused: It is another.
            NotFinished: It is not whole within the limit.
        """
        given = {"Host": self._host, **(headers or {})}
        if method != "GET":
            given["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        request = "\r\n".join((*lines, "", "")).encode() + body
        try:
            answer = self._once(request)
        except (ConnectionError, EOFError):  # it had been idle for too long
            self.close()
            answer = self._once(request)
        except TimeoutError:
            self.close()
            raise NotFinished(f"no whole answer within {self._limit_s:g} s: {method} {path[:100]}") from None
        if answer.head.get("connection", "").lower() == "close":
            self.close()
        if not 200 <= answer.status < 300:
            raise Refused(f"{answer.status} to {method} {path[:100]}: {answer.body[:300].decode(errors='replace')}")
        return answer

    def _once(self, request: bytes) -> Answer:
        if self._socket is None or self._file is None:
            self._socket = socket.create_connection(self._address, timeout=self._limit_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = self._socket.makefile("rb", BUFFER)
        began = time.perf_counter()
        until = began + self._limit_s
        self._socket.settimeout(self._limit_s)
        self._socket.sendall(request)
        status = int(_line(self._file).split(None, 2)[1])
        head = _fields(self._file)
        if "chunked" in head.get("transfer-encoding", "").lower():
            body = self._chunks(self._file, until)
            head |= _fields(self._file)
        else:
            body = _exactly(self._file, int(head.get("content-length", 0)))
        return Answer(status, head, body, (time.perf_counter() - began) * 1_000)

    def _chunks(self, file: IO[bytes], until: float) -> bytes:
        assert self._socket is not None
        pieces = []
        while length := int(_line(file).partition(b";")[0], 16):
            pieces.append(_exactly(file, length))
            _line(file)
            left_s = until - time.perf_counter()
            if left_s <= 0:  # the socket's own limit is one of silence
                raise TimeoutError
            self._socket.settimeout(left_s)
        return b"".join(pieces)


def _line(file: IO[bytes]) -> bytes:
    line = file.readline(BUFFER)
    if not line.endswith(b"\n"):
        raise EOFError("the server hung up")
    return line.rstrip(b"\r\n")


def _fields(file: IO[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := _line(file):
        name, _, value = line.decode("latin-1").partition(":")
        found[name.strip().lower()] = value.strip()
    return found


def _exactly(file: IO[bytes], length: int) -> bytes:
    body = file.read(length)
    if len(body) < length:
        raise EOFError("the server hung up")
    return body


@dataclass(frozen=True)
class Took:
    """Medians of some askings of the same, in milliseconds, and the bytes of its answers' bodies."""

    wall_ms: float
    server_ms: float | None
    size: int

    @property
    def best_known_ms(self) -> float:
        """The server's own time; the client's where the server tells none."""
        return self.wall_ms if self.server_ms is None else self.server_ms

    def __str__(self) -> str:
        told = "" if self.server_ms is None else f", {self.server_ms:,.1f} ms by the server"
        return f"{self.wall_ms:,.1f} ms{told}, {self.size:,} bytes"


def timed(ask: Callable[[], Answer | Sequence[Answer]], times: int = 3, warm: int = 1) -> Took:
    """Medians over `times` askings, after `warm` that do not count; of several answers at once, their sums."""
    for _ in range(warm):
        ask()
    walls, servers, size = [], [], 0
    for _ in range(times):
        got = ask()
        answers = [got] if isinstance(got, Answer) else got
        walls.append(sum(answer.wall_ms for answer in answers))
        told = [answer.server_ms for answer in answers]
        servers.append(None if None in told else sum(ms for ms in told if ms is not None))
        size = sum(len(answer.body) for answer in answers)
    known = [ms for ms in servers if ms is not None]
    return Took(statistics.median(walls), statistics.median(known) if len(known) == times else None, size)
