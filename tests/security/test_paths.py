"""Paths of files in every disguise: answered with a code, and nothing outside the tree is read or written."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from support.server import API, Answer, Http, Server

SECRET = b"planted-secret-that-no-answer-may-hold"
# As they stand in the request line, below .../artifacts/
REFUSED = [
    "../secret.txt",
    "../../secret.txt",
    "../../../../../../../../etc/passwd",
    "a/../../secret.txt",
    "a/..",
    "..",
    ".",
    "./a",
    "a/./b",
    "a//b",
    "/etc/passwd",
    "//etc/passwd",
    "%2e%2e/secret.txt",
    "%2E%2E/secret.txt",
    ".%2e/secret.txt",
    "..%2fsecret.txt",
    "..%2Fsecret.txt",
    "%2e%2e%2fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "%252e%252e/secret.txt",
    "..%252fsecret.txt",
    "%25252e%25252e%25252fsecret.txt",
    "..%5csecret.txt",
    "..%5Csecret.txt",
    "%2e%2e%5csecret.txt",
    "..%255csecret.txt",
    "a%5c..%5c..%5csecret.txt",
    "%5cetc%5cpasswd",
    "%5c%5cserver%5cshare",
    "%2fetc%2fpasswd",
    "%2Fetc/passwd",
    "C:/windows/win.ini",
    "C:%5cwindows%5cwin.ini",
    "c:secret.txt",
    "C%3a/windows",
    "a%00.txt",
    "%00",
    "../secret.txt%00.png",
    "a%0d%0aX-Planted:%201",
    "a%0ab",
    "a%7f/../b",
    "file:///etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "http://169.254.169.254/latest",
    "a%23/../../secret.txt",
    "a%23b",
    "a%3f/../../secret.txt",
    "..%c0%af..%c0%afsecret.txt/..",
    "a/" + "b" * 1_001,
    "a/",
]
# Names that look odd, and are names: they lie in the tree like any other.
ODD = ["..;/secret.txt", ".../secret.txt", "~root", "$HOME", "..%ef%bc%8fsecret.txt", "..%c0%afsecret.txt", "-rf", "*"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with secrets around its home, and in it."""
    folder = tmp_path_factory.mktemp("paths")
    server = Server(folder / "home").start()
    for place in (folder, folder / "home", folder / "home/files"):
        (place / "secret.txt").write_bytes(SECRET)
    (folder / "etc").mkdir()
    (folder / "etc/passwd").write_bytes(SECRET)
    yield server
    server.stop()


def around(server: Server) -> dict[str, bytes]:
    """All that lies outside the server's objects and its database, by path."""
    root = server.home.parent
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("assay.db") and path.parent.parent != server.home / "files"
    }


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> Answer:
    """The answer to a request whose path is sent as it is."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    connection.close()
    return answer


def a_run(server: Server) -> str:
    answer = ask(server, "POST", API + "runs/create", b'{"experiment_id": "0"}')
    return str(answer.json["run"]["info"]["run_id"])


def a_model(server: Server) -> str:
    answer = ask(server, "POST", API + "logged-models", b'{"experiment_id": "0", "name": "m"}')
    return str(answer.json["model"]["info"]["model_id"])


def refused(answer: Answer, what: object) -> None:
    """A coded error, which shows nothing of what it protects."""
    assert 400 <= answer.status < 500 or answer.status == 501, (what, answer)
    assert answer.json["error_code"], (what, answer)
    assert SECRET not in answer.body
    assert b"root:" not in answer.body
    assert "x-planted" not in answer.headers
    assert "/home" not in answer.json["message"]


def decoded(path: str) -> str:
    return unquote(path, errors="replace")


AJAX = "/ajax-api/2.0/mlflow/"
PREFIXES = ["/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/", "/api/3.0/mlflow-artifacts/"]


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_in_the_address_stays_within(running: Server, path: str) -> None:
    uid = a_run(running)
    before = around(running)
    for prefix in PREFIXES:
        for inner in (path, f"0/{uid}/artifacts/{path}", f"0/{uid}/artifacts/a/../../{path}"):
            for method, body in (("GET", None), ("PUT", b"planted"), ("DELETE", None)):
                refused(ask(running, method, f"{prefix}artifacts/{inner}", body), (method, inner))
            for step in ("create", "complete", "abort"):
                given = json.dumps({"path": "x", "num_parts": 1, "upload_id": "x", "parts": []}).encode()
                refused(ask(running, "POST", f"{prefix}mpu/{step}/{inner}", given), (step, inner))
            refused(ask(running, "GET", f"{prefix}presigned/{inner}"), inner)
    assert around(running) == before
    assert ask(running, "GET", API + f"artifacts/list?run_id={uid}").json.get("files", []) == []


@pytest.mark.parametrize("path", [path for path in REFUSED if path != "a/"])
def test_a_path_in_a_query_or_a_body_stays_within(running: Server, path: str) -> None:
    uid, model = a_run(running), a_model(running)
    before = around(running)
    for given in (path, decoded(path)):
        sent = quote(given, safe="")
        refused(ask(running, "GET", f"/get-artifact?run_id={uid}&path={sent}"), given)
        for address in (
            f"{API}artifacts/list?run_id={uid}&path={sent}",
            f"{PREFIXES[0]}artifacts?path={sent}",
            f"{API}logged-models/{model}/artifacts/directories?artifact_directory_path={sent}",
        ):
            answer = ask(running, "GET", address)
            if answer.status != 200 or given == decoded(path):
                refused(answer, (address, given))
            else:  # what is only a name once a query is decoded, and names nothing
                assert answer.json.get("files", []) == [], (address, given)
        for step in ("create", "complete", "abort"):
            body = json.dumps({"path": given, "num_parts": 1, "upload_id": "x", "parts": []}).encode()
            refused(ask(running, "POST", f"{PREFIXES[0]}mpu/{step}/0/{uid}/artifacts", body), (step, given))
        for name in ("presigned-upload-url", "presigned-download-url"):
            body = json.dumps({"run_id": uid, "path": given}).encode()
            refused(ask(running, "POST", f"{API}artifacts/{name}", body), (name, given))
    assert around(running) == before


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_a_browser_sends_stays_within(running: Server, path: str) -> None:
    """The routes that only browsers ask: one reads a file of a model, the other writes a file of a run."""
    uid, model = a_run(running), a_model(running)
    before = around(running)
    for given in (path, decoded(path)):
        sent = quote(given, safe="")
        place = f"{AJAX}logged-models/{model}/artifacts/files?artifact_file_path={sent}"
        refused(ask(running, "GET", place), given)
        stored = ask(running, "POST", f"{AJAX}upload-artifact?run_uuid={uid}&path={sent}", b"planted")
        if stored.status != 200 or given == decoded(path):
            refused(stored, given)
        else:  # a name, under which it lies in the run's tree
            assert ask(running, "GET", f"/get-artifact?run_id={uid}&path={sent}").body == b"planted"
    assert around(running) == before


def test_an_odd_name_is_a_name(running: Server) -> None:
    """It is stored in the tree and comes back; nothing outside takes part."""
    before = around(running)
    for path in ODD:
        uid = a_run(running)
        place = f"{PREFIXES[0]}artifacts/0/{uid}/artifacts/{path}"
        stored = ask(running, "PUT", place, b"mine")
        assert stored.status in (200, 400), path
        got = ask(running, "GET", place)
        assert (got.status, got.body) == (200, b"mine") if stored.status == 200 else got.status == 400, path
    assert around(running) == before


def test_uids_are_no_paths(running: Server) -> None:
    before = around(running)
    for uid in ("..", "../..", "%2e%2e", ".", "", "a/../..", "\0", "x" * 5_000):
        sent = quote(uid, safe="")
        refused(ask(running, "GET", f"/get-artifact?run_id={sent}&path=secret.txt"), uid)
        refused(ask(running, "GET", f"{API}artifacts/list?run_id={sent}"), uid)
        answer = ask(running, "GET", f"{API}logged-models/{sent}/artifacts/directories")
        assert answer.status in (400, 404), uid
    assert around(running) == before


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc",
        "/etc",
        "../..",
        "mlflow-artifacts:/../..",
        "mlflow-artifacts:/a/../../..",
        "http://169.254.169.254/",
    ],
)
def test_a_location_of_the_clients_is_never_opened(running: Server, location: str) -> None:
    """It is refused, or kept as text: no file is read or written there."""
    before = around(running)
    name = f"at {location}"
    made = ask(
        running, "POST", API + "experiments/create", json.dumps({"name": name, "artifact_location": location}).encode()
    )
    if made.status == 200:
        number = made.json["experiment_id"]
        run = ask(running, "POST", API + "runs/create", json.dumps({"experiment_id": number}).encode()).json
        uid = run["run"]["info"]["run_id"]
        for path in ("passwd", "secret.txt", "etc/passwd"):
            answer = ask(running, "GET", f"/get-artifact?run_id={uid}&path={path}")
            assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert ask(running, "GET", f"{API}artifacts/list?run_id={uid}").json.get("files", []) == []
    else:
        refused(made, location)
    assert around(running) == before


def objects(server: Server) -> list[Path]:
    return [path for path in (server.home / "files").glob("??/*") if len(path.name) >= 16]


@pytest.mark.parametrize("how", [{}, {"Range": "bytes=0-5"}])
def test_an_object_that_became_a_link_is_not_followed(server: Server, how: dict[str, str]) -> None:
    """Whoever can write into the folder cannot make the server read what lies elsewhere."""
    secret = server.home.parent / "secret.txt"
    secret.write_bytes(SECRET)
    http = Http(server.url)
    place = f"{PREFIXES[0]}artifacts/f.txt"
    assert http.request("PUT", place, b"x" * len(SECRET)).status == 200
    (stored,) = objects(server)
    stored.unlink()
    stored.symlink_to(secret)
    answer = http.request("GET", place, headers=how)
    http.close()
    assert SECRET[:6] not in answer.body
    assert answer.status in (404, 500)
    assert answer.json["error_code"] in ("DATA_LOSS", "RESOURCE_DOES_NOT_EXIST")


def test_folders_that_are_links_are_not_written_through(server: Server) -> None:
    """Every folder that an object could come to lie in leads elsewhere."""
    outside = server.home.parent / "outside"
    outside.mkdir()
    for number in range(256):
        folder = server.home / "files" / f"{number:02x}"
        if not folder.exists():
            os.symlink(outside, folder)
    http = Http(server.url)
    for number in range(4):
        http.request("PUT", f"{PREFIXES[0]}artifacts/f{number}", b"x" * (5 << 20 if number % 2 else 5))
    http.close()
    assert list(outside.iterdir()) == []
