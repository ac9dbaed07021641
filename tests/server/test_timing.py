"""`Server-Timing`: every answer says how long it took, in a way that every client survives."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.server import ROOT, Http, Server

from assay.wire.points import MEDIA_TYPE, pack, unpack

N = 300_000
TOLD = re.compile(r"(total|start);dur=(\d+\.\d{3})\Z")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module."""
    server = Server(tmp_path_factory.mktemp("timing") / "home").start()
    yield server
    server.stop()


@pytest.fixture
def http(running: Server) -> Iterator[Http]:
    """A connection to it."""
    with closing(running.http()) as connection:
        yield connection


@pytest.fixture(scope="module")
def path(running: Server) -> str:
    """Where a history lies that is too long for one piece."""
    with closing(running.http()) as http:
        uid = http.request("POST", "/api/v1/runs", {}).json["id"]
        body = pack(["m"], bytes(4 * N), range(N), range(N), [0.5] * N)
        sent = http.request("POST", f"/api/v1/runs/{uid}/points?writer=w&first=0", body, {"Content-Type": MEDIA_TYPE})
        assert sent.status == 200
    return f"/api/v1/runs/{uid}/history?key=m&format=points&limit={N}"


def told(value: str, name: str = "total") -> float:
    """The milliseconds that a header says."""
    match = TOLD.match(value)
    assert match, value
    assert match[1] == name
    return float(match[2])


class Raw:
    """What goes over the wire, byte by byte."""

    def __init__(self, url: str, buffered: int | None = None) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if buffered is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffered)
        self.socket.connect((parts.hostname or "", parts.port or 0))
        self.host = parts.netloc
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        """Ends the connection."""
        self.file.close()
        self.socket.close()

    def ask(self, path: str, version: str = "1.1") -> None:
        """Sends a GET."""
        self.socket.sendall(f"GET {path} HTTP/{version}\r\nHost: {self.host}\r\n\r\n".encode())

    def fields(self) -> dict[str, str]:
        """Header or trailer fields, up to the empty line."""
        found = {}
        while (line := self.file.readline().decode().rstrip("\r\n")) != "":
            name, _, value = line.partition(": ")
            found[name.lower()] = value
        return found

    def answer(self) -> tuple[dict[str, str], bytes, dict[str, str]]:
        """The head of an answer, its body, and what came behind it."""
        assert self.file.readline().startswith(b"HTTP/1.1 200 ")
        head = self.fields()
        if "content-length" in head:
            return head, self.file.read(int(head["content-length"])), {}
        parts = []
        while size := int(self.file.readline(), 16):
            parts.append(self.file.read(size))
            assert self.file.read(2) == b"\r\n"
        return head, b"".join(parts), self.fields()


def test_every_answer_says_how_long_it_took(http: Http) -> None:
    asked: list[tuple[str, str, dict[str, str] | None]] = [
        ("GET", "/health", None),
        ("GET", "/", None),
        ("GET", "/api/v1", None),
        ("GET", "/api/v1/nothing", None),
        ("HEAD", "/api/v1/runs", None),
        ("GET", "/nothing/here", None),
        ("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"}),
        ("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "99"}),
        ("GET", "/api/2.0/mlflow/metrics/get-history?run_id=none&metric_key=m", None),
    ]
    for method, where, body in asked:
        began = time.perf_counter()
        answer = http.request(method, where, body)
        took_ms = 1e3 * (time.perf_counter() - began)
        assert 0 < told(answer.headers["server-timing"]) <= took_ms, (method, where)


def test_the_time_begins_with_the_first_byte(running: Server) -> None:
    with closing(Raw(running.url)) as raw:
        raw.socket.sendall(b"GET /health HT")
        time.sleep(0.25)
        raw.socket.sendall(f"TP/1.1\r\nHost: {raw.host}\r\n\r\n".encode())
        head, body, _ = raw.answer()
        assert body == b"OK"
        assert told(head["server-timing"]) >= 240
        raw.ask("/health")
        assert told(raw.answer()[0]["server-timing"]) < 240, "the time of the request before is counted"


def test_requests_that_come_together_have_times_of_their_own(running: Server, path: str) -> None:
    with closing(Raw(running.url)) as raw:
        for where in (path, "/health", path, "/health"):
            raw.ask(where)
        for _ in range(2):
            head, body, trailer = raw.answer()
            assert head["trailer"] == "Server-Timing"
            assert unpack(body).n == N
            assert told(trailer["server-timing"]) > 0
            assert told(raw.answer()[0]["server-timing"]) > 0


def test_what_is_streamed_says_it_behind_its_end(running: Server, path: str) -> None:
    with closing(Raw(running.url)) as raw:
        for _ in range(3):  # over one connection
            began = time.perf_counter()
            raw.ask(path)
            head, body, trailer = raw.answer()
            took_ms = 1e3 * (time.perf_counter() - began)
            assert "server-timing" not in head
            assert 0 < told(trailer["server-timing"]) <= took_ms
            assert unpack(body).n == N


def test_who_takes_his_time_is_waited_for_in_the_total(running: Server, path: str) -> None:
    with closing(Raw(running.url, 65_536)) as raw:
        raw.ask(path)
        time.sleep(0.4)
        assert told(raw.answer()[2]["server-timing"]) > 300


def test_an_old_client_gets_no_trailer(running: Server, path: str) -> None:
    with closing(Raw(running.url)) as raw:
        raw.ask(path, "1.0")
        assert raw.file.readline().startswith(b"HTTP/1.1 200 ")
        head = raw.fields()
        assert "trailer" not in head
        assert told(head["server-timing"], "start") > 0


def test_a_file_says_when_it_began(http: Http) -> None:
    uid = http.request("POST", "/api/v1/runs", {}).json["id"]
    body = bytes(3 << 20)
    put = http.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{uid}/artifacts/large.bin", body)
    assert put.status == 200
    got = http.request("GET", f"/get-artifact?run_id={uid}&path=large.bin")
    assert got.body == body
    assert told(got.headers["server-timing"], "start") > 0


def test_http_client_keeps_its_connection(http: Http, path: str) -> None:
    bodies = {http.request("GET", path).body for _ in range(3)}
    assert len(bodies) == 1
    assert http.request("HEAD", path).body == b""
    assert http.request("GET", "/health").body == b"OK"


def test_curl_shows_the_trailer(running: Server, path: str, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    heads, body = tmp_path / "heads", tmp_path / "body"
    urls = [f"{running.url}{path}", f"{running.url}/health"]
    command = [
        curl,
        "-sS",
        "-D",
        heads,
        "-w",
        "%{num_connects} ",
        "-o",
        body,
        urls[0],
        "-o",
        tmp_path / "health",
        urls[1],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"], "the connection was not used again"
    assert unpack(body.read_bytes()).n == N
    assert heads.read_text().lower().count("server-timing: total;dur=") == 2


def test_browsers_and_node_read_on(running: Server, path: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = """
const http = require("http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (url) => new Promise((done, fail) => http.get(url, { agent }, (res) => {
  let size = 0;
  res.on("data", (part) => { size += part.length; });
  const told = () => res.trailers["server-timing"] || res.headers["server-timing"];
  res.on("end", () => done([size, told(), res.req.reusedSocket]));
}).on("error", fail));
(async () => {
  const [url, health] = process.argv.slice(1);
  const found = [await get(url), await get(health)];
  const fetched = await fetch(url);
  found.push([(await fetched.arrayBuffer()).byteLength, "total;dur=0.000", true]);
  console.log(JSON.stringify(found));
  agent.destroy();
})();
"""
    done = subprocess.run(
        [node, "-e", script, f"{running.url}{path}", f"{running.url}/health"],
        capture_output=True,
        text=True,
        check=True,
    )
    streamed, plain, fetched = json.loads(done.stdout)
    assert told(streamed[1]) > 0
    assert told(plain[1]) > 0
    assert plain[2] is True
    assert streamed[0] == fetched[0] > 28 * N


def test_requests_reads_on(running: Server, path: str) -> None:
    script = """
import sys, requests
with requests.Session() as session:
    for _ in range(3):
        print(len(session.get(sys.argv[1]).content), len(session.get(sys.argv[2]).content))
    (pool,) = session.get_adapter(sys.argv[1]).poolmanager.pools._container.values()
    print(pool.num_connections)
"""
    python = ROOT / ".venv-mlflow3/bin/python"
    done = subprocess.run(
        [python, "-c", script, f"{running.url}{path}", f"{running.url}/health"],
        capture_output=True,
        text=True,
        check=True,
    )
    *sizes, connections = done.stdout.splitlines()
    assert len(set(sizes)) == 1
    assert sizes[0].endswith(" 2")
    assert connections == "1"
