"""What the benchmarks ask with reads an answer to its end, however it is sent, and is told what the server took."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import repeat
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
# A chunk holds what would end the answer, were it not counted.
BODY = b"one\r\n0\r\n\r\ntwo"
WHOLE = b"HTTP/1.1 200 OK\r\nServer-Timing: total;dur=1.5\r\nContent-Length: 13\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Server-Timing\r\n\r\n"
    b"8\r\none\r\n0\r\n\r\n5\r\n\r\ntwo\r\n0\r\nServer-Timing: db;dur=9, total;dur=2.25\r\n\r\n"
)
BARE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n" + BODY + b"\r\n0\r\n\r\n"


def program(name: str) -> ModuleType:
    """A module of the benchmarks, which are programs and no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@contextmanager
def answering(answer: bytes, piece: int, silence_s: float = 0.0) -> Iterator[str]:
    """The address of a server that gives each request this answer, in pieces of so many bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while connection.recv(65_536):
                    time.sleep(silence_s)
                    for at in range(0, len(answer), piece):
                        connection.sendall(answer[at : at + piece])
                        time.sleep(0.0005)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize(("answer", "told"), [(WHOLE, 1.5), (CHUNKED, 2.25), (BARE, None)])
def test_an_answer_is_read_to_its_end(answer: bytes, told: float | None, piece: int) -> None:
    """The body, and what the server says it took, from the head or from behind the body; twice on one connection."""
    with answering(answer, piece) as url:
        asker = program("asking").Asker(url, 20)
        for _ in range(2):
            got = asker.get("/")
            assert (got.body, got.server_ms) == (BODY, told)
        asker.close()


def test_what_takes_too_long_is_not_finished() -> None:
    """Silence ends the wait."""
    asking = program("asking")
    with (
        answering(WHOLE, 1_000, silence_s=5) as url,
        closing(asking.Asker(url, 0.2)) as asker,
        pytest.raises(asking.NotFinished),
    ):
        asker.get("/")


def test_a_refusal_is_no_answer() -> None:
    """Its status and words are told."""
    asking = program("asking")
    with (
        answering(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone", 1_000) as url,
        closing(asking.Asker(url, 20)) as asker,
        pytest.raises(asking.Refused, match="404 to GET /x: gone"),
    ):
        asker.get("/x")


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("answer", [WHOLE, CHUNKED, BARE])
def test_a_load_counts_whole_answers(answer: bytes, piece: int) -> None:
    """Each request of a load has one answer, with trailers or without."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with answering(answer, piece) as url:
        record = program("loop").drive(url, [repeat(request, 3)])
    assert (len(record.done), record.refused) == (3, 0)


def test_a_pace_is_kept_and_counts_from_when_a_request_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow server does not slow what is offered, and who waits for a connection has waited."""
    monkeypatch.syspath_prepend(str(FOLDER))
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with answering(WHOLE, 1_000, silence_s=0.1) as url:
        record, offered = program("paced").drive_paced(url, [repeat(request, 1_000)], 20, 1.0)
    assert (offered, len(record.done)) == (20, 20)
    assert max(record.took) > 0.8  # the last of twenty, 0.1 s each, was due after 1 s and answered after 2
