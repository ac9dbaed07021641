"""Foreign Hosts and Origins: refused on every dialect, in the form of its own client, and nothing is changed."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from support.server import Answer, Http, Server

from assay.server.guard import LOOPBACK, Guard

MLFLOW = [
    ("POST", "/api/2.0/mlflow/experiments/create"),
    ("POST", "/ajax-api/2.0/mlflow/experiments/create"),
    ("POST", "/api/3.0/mlflow/experiments/create"),
    ("GET", "/api/2.0/mlflow/experiments/search"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/a.txt"),
    ("GET", "/get-artifact"),
    ("GET", "/version"),
    ("GET", "/api/2.0/mlflow/no-such-route"),
]
NATIVE = [("GET", "/api/v1/runs"), ("POST", "/api/v1/purge"), ("GET", "/api/v1/no-such-route")]
PLAIN = [("GET", "/"), ("GET", "/health"), ("GET", "/no-such-route")]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "evil.example@127.0.0.1:{port}",
    "127.0.0.1:{port}@evil.example",
    "127.0.0.1:{port}/evil.example",
    "127.0.0.1#evil.example",
    "127.0.0.1 evil.example",
    "[::1].evil.example",
    "[::2]:{port}",
    "2130706433",
    "169.254.169.254",
    "",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "https://evil.example:{port}",
    "http://127.0.0.1.evil.example:{port}",
    "http://evil.example#@127.0.0.1",
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1:9",
    "http://127.0.0.1",
    "http://localhost:{port}",
    "null",
    "",
    "file://",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file; what they send must change nothing."""
    server = Server(tmp_path_factory.mktemp("hosts") / "home").start()
    yield server
    server.stop()


def sent(server: Server, method: str, path: str, headers: dict[str, str]) -> Answer:
    """The answer to a request that would create an experiment where the route does; headers are sent as they are."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    body = json.dumps({"name": "planted", "ids": ["0" * 32]}).encode()
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    connection.close()
    return answer


def unchanged(server: Server) -> bool:
    """Whether there is only the experiment of the beginning, and no file."""
    http = Http(server.url)
    found = http.mlflow("POST", "experiments/search", {"max_results": 10})["experiments"]
    files = http.request("GET", "/api/2.0/mlflow-artifacts/artifacts").json
    http.close()
    return [item["name"] for item in found] == ["Default"] and files.get("files", []) == []


def own(server: Server) -> str:
    return urlsplit(server.url).netloc


def check_form(path: str, answer: Answer, word: str) -> None:
    """The refusal is in the form that this path's client reads."""
    assert answer.status == 403, (path, answer)
    if path.startswith("/api/v1/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json["code"], answer.json["field"]) == ("permission_denied", word)
        assert answer.json["remedy"]
    elif (path,) not in [(p,) for _, p in PLAIN]:
        assert answer.json["error_code"] == "PERMISSION_DENIED"
        assert "Remedy: " in answer.json["message"]
    assert b"evil" not in answer.body  # a refusal repeats nothing of what was sent


@pytest.mark.parametrize(("method", "path"), MLFLOW + NATIVE + PLAIN)
def test_a_foreign_host_is_refused(running: Server, method: str, path: str) -> None:
    for host in FOREIGN_HOSTS:
        given = host.format(port=urlsplit(running.url).port)
        check_form(path, sent(running, method, path, {"Host": given}), "Host")
    assert unchanged(running)


@pytest.mark.parametrize(("method", "path"), MLFLOW + NATIVE + PLAIN)
def test_a_foreign_origin_is_refused(running: Server, method: str, path: str) -> None:
    for origin in FOREIGN_ORIGINS:
        given = origin.format(port=urlsplit(running.url).port)
        check_form(path, sent(running, method, path, {"Host": own(running), "Origin": given}), "Origin")
    assert unchanged(running)


def test_no_host_and_two_hosts_are_refused(running: Server) -> None:
    parts = urlsplit(running.url)
    for hosts in ([], [own(running), "evil.example"], ["evil.example", own(running)]):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        connection.putrequest("GET", "/version", skip_host=True)
        for host in hosts:
            connection.putheader("Host", host)
        connection.endheaders()
        assert connection.getresponse().status in (400, 403), hosts
        connection.close()


def test_an_absolute_target_does_not_help(running: Server) -> None:
    answer = sent(running, "GET", f"{running.url}/version", {"Host": "evil.example"})
    assert answer.status in (400, 403)
    assert answer.body != b"3.3.0"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_its_own_names_are_answered(running: Server, name: str) -> None:
    port = urlsplit(running.url).port
    for host in (name, f"{name}:{port}", f"{name}:9999"):  # another port: forwarded by ssh
        assert sent(running, "GET", "/version", {"Host": host}).status == 200
        assert sent(running, "GET", "/version", {"Host": host, "Origin": f"http://{host}"}).status == 200


FORWARDED = {
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Real-Ip": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=127.0.0.1;proto=https",
    "X-Original-Host": "127.0.0.1",
    "X-Original-URL": "/version",
    "X-Rewrite-URL": "/version",
    "X-HTTP-Method-Override": "DELETE",
}


def test_forwarded_headers_are_not_asked(running: Server) -> None:
    """They neither make a foreign host ours, nor change what the server says of itself."""
    for name, value in FORWARDED.items():
        assert sent(running, "GET", "/version", {"Host": "evil.example", name: value}).status == 403, name
        with_it = sent(running, "GET", "/", {"Host": own(running), name: value})
        assert (with_it.status, with_it.body) == (200, sent(running, "GET", "/", {"Host": own(running)}).body), name
    with_all = sent(running, "GET", "/", {"Host": own(running), **FORWARDED})
    assert with_all.body == sent(running, "GET", "/", {"Host": own(running)}).body
    denied = sent(running, "POST", "/api/v1/purge", {"Host": own(running), **FORWARDED})
    assert (denied.status, denied.json["code"]) == (403, "permission_denied")


def test_an_upgrade_gets_no_further(running: Server) -> None:
    """There are no web sockets: asking for one is a plain request, or none."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for host in ("evil.example", own(running)):
        answer = sent(running, "GET", "/api/2.0/mlflow/experiments/search", {"Host": host, **headers})
        assert answer.status in ((403,) if host == "evil.example" else (200, 400))
    assert unchanged(running)


def test_every_method_is_guarded(running: Server) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert sent(running, method, "/api/2.0/mlflow/experiments/search", {"Host": "evil.example"}).status == 403


def test_a_path_in_disguise_is_guarded_too(running: Server) -> None:
    for path in ("//version", "/./version", "/%76ersion", "/api/v1/../2.0/mlflow/experiments/search", "*", "/\xff"):
        try:
            status = sent(running, "GET", path.encode().decode("latin-1"), {"Host": "evil.example"}).status
        except (http.client.HTTPException, UnicodeEncodeError):
            continue
        assert status in (400, 403), path


def test_a_web_socket_is_closed_before_any_route() -> None:
    """Also where a library for them is installed beside the server."""
    told: list[object] = []

    async def app(scope: object, receive: object, send: object) -> None:
        told.append("reached")

    async def send(message: object) -> None:
        told.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/version", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(Guard(app, LOOPBACK)(scope, receive, send))
    assert told == [{"type": "websocket.close", "code": 1008}]
