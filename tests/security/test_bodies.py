"""Bodies that are too large, or small and packed: a coded answer, and the server's memory does not follow them."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.server import API, Http, Server

from assay.dialects.mlflow.bodies import BODY_BOUND

Speak = Callable[[Server], Http]
MIB = 1 << 20
ROUTES = [
    "experiments/create",
    "experiments/search-datasets",
    "logged-models/search",
    "runs/log-batch",
    "runs/log-metric",
    "runs/search",
    "runs/log-inputs",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file; what they send must change nothing."""
    server = Server(tmp_path_factory.mktemp("bodies") / "home").start()
    yield server
    server.stop()


def peak(server: Server) -> int:
    """The most memory that the server ever held, in bytes."""
    assert server.process is not None
    try:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    except OSError:
        pytest.skip("memory is read from /proc")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def bomb(size: int) -> bytes:
    """That many bytes of JSON, packed a thousandfold."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as packer:
        packer.write(b'{"name": "')
        for _ in range(size // MIB):
            packer.write(b"a" * MIB)
        packer.write(b'"}')
    return out.getvalue()


BOMB = bomb(256 * MIB)
PACKED = {
    "gzip": BOMB,
    "GZIP": BOMB,
    "x-gzip": BOMB,
    "gzip, gzip": gzip.compress(BOMB),
    "deflate": zlib.compress(b"a" * MIB),
    "deflate, gzip": gzip.compress(zlib.compress(b"a" * MIB)),
    "identity, gzip": BOMB,
    "br": b"\x0b",
    "zstd": b"(\xb5/\xfd",
    "aes128gcm": b"x",
    "no-such": b"x",
    "gzip;q=1": BOMB,
}


def experiments(http: Http) -> list[str]:
    return [item["name"] for item in http.mlflow("POST", "experiments/search", {"max_results": 99})["experiments"]]


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_body_is_refused_and_stays_packed(running: Server, speak: Speak, encoding: str) -> None:
    http = speak(running)
    http.request("GET", "/version")
    before = peak(running)
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    for route in ROUTES:
        answer = http.request("POST", API + route, PACKED[encoding], headers)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "send it as it is" in answer.json["message"]
    answer = http.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/packed", PACKED[encoding], headers)
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    answer = http.request("POST", "/api/v1/purge", PACKED[encoding], headers)
    assert (answer.status, answer.json["field"]) == (422, "Content-Encoding")
    assert peak(running) - before < 32 * MIB
    assert http.request("GET", "/api/2.0/mlflow-artifacts/artifacts").json.get("files", []) == []
    assert experiments(http) == ["Default"]


def test_two_encodings_in_two_headers_are_refused(running: Server) -> None:
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.putrequest("POST", API + "experiments/create")
    for name, value in (("Content-Encoding", "identity"), ("Content-Encoding", "gzip"), ("Content-Length", "1")):
        connection.putheader(name, value)
    connection.endheaders(b"x")
    assert connection.getresponse().status == 400
    connection.close()


def test_no_encoding_and_identity_are_taken(running: Server, speak: Speak) -> None:
    http = speak(running)
    for headers in ({}, {"Content-Encoding": "identity"}, {"Content-Encoding": ""}):
        answer = http.request("POST", API + "experiments/search", {"max_results": 1}, headers)
        assert answer.status == 200


def test_a_file_that_is_packed_is_stored_as_it_is(server: Server, speak: Speak) -> None:
    """Nobody unpacks what lies in it, nor what a client asks for in its address."""
    http = speak(server)
    before = peak(server)
    place = "/api/2.0/mlflow-artifacts/artifacts/model.json.gz"
    assert http.request("PUT", place, BOMB, {"Content-Type": "application/gzip"}).status == 200
    got = http.request("GET", place, headers={"Accept-Encoding": "gzip"})
    assert (got.status, got.body, got.headers.get("content-encoding")) == (200, BOMB, None)
    assert peak(server) - before < 64 * MIB


def chunked(size: int) -> Iterator[bytes]:
    yield b'{"name": "'
    for _ in range(size // MIB):
        yield b"a" * MIB
    yield b'"}'


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("told", [True, False])
def test_a_body_beyond_the_bound_is_refused(running: Server, route: str, *, told: bool) -> None:
    """Whether its length is told before, or it comes in pieces without end."""
    size = BODY_BOUND + 16 * MIB
    before = peak(running)
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(size // MIB * MIB + 12)} if told else {})
    connection.request("POST", API + route, chunked(size), headers, encode_chunked=not told)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert (response.status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert str(BODY_BOUND) in answer["message"]
    assert peak(running) - before < 3 * BODY_BOUND


def test_the_bound_itself_is_taken(running: Server, speak: Speak) -> None:
    """A body of exactly so many bytes is read; one more byte is not."""
    head, tail = b'{"max_results": 1, "x": "', b'"}'
    for more, status in ((0, 200), (1, 400)):
        body = head + b"a" * (BODY_BOUND - len(head) - len(tail) + more) + tail
        headers = {"Content-Type": "application/json"}
        assert speak(running).request("POST", API + "experiments/search", body, headers).status == status


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MIB,
        b'{"a":' * MIB,
        b'{"metrics":' + b"[" * MIB,
        b'"' + b"\\u0000" * MIB + b'"',
        b"9" * MIB,
        b'{"max_results":' + b"9" * MIB + b"}",
        b"\xff" * MIB,
        b'{"run_id": "a\x81", "key": "k", "value": 1, "timestamp": 1}',
        b'{"experiment_ids": ["\xed\xa0\x80"], "run_id": "\xed\xa0\x80"}',
        b'{"experiment_ids": ["\\ud800"], "run_id": "\\ud800", "key": "\\ud800"}',
    ],
)
def test_deep_and_long_json_is_answered(running: Server, speak: Speak, body: bytes) -> None:
    http = speak(running)
    for route in ROUTES:
        answer = http.request("POST", API + route, body, {"Content-Type": "application/json"})
        assert answer.status in (200, 400, 404), route
        assert answer.status == 200 or answer.json["error_code"], route
    assert experiments(http) == ["Default"]


def test_a_body_that_never_ends_holds_up_nobody(running: Server, speak: Speak) -> None:
    """Its sender waits; others are answered."""
    parts = urlsplit(running.url)
    waiting = []
    for _ in range(50):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        connection.putrequest("POST", API + "experiments/create")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b'{"name":')
        waiting.append(connection)
    assert speak(running).request("GET", "/version").status == 200
    for connection in waiting:
        connection.close()
    assert experiments(speak(running)) == ["Default"]
