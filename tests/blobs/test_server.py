"""A server whose files lie in S3, asked as clients ask."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path
from urllib.request import urlopen

import pytest
from support.flows import CLIENTS
from support.s3 import S3
from support.server import ASSAY, Answer, Http, Server

FILES = "/api/2.0/mlflow-artifacts/artifacts"
LARGE = os.urandom(1_000_003) * 9
BAD = ["../x", "%2e%2e/x", "a/..%2f..%2fx", "%2Fetc%2Fpasswd", "a%5c..%5cx", "a//x", "a/./x", "C:/x", "%00"]


@pytest.fixture(scope="module", params=["folder", "s3"])
def running(request: pytest.FixtureRequest, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here, so that each keeps to a folder of its own."""
    options = ["--artifacts", f"s3://{s3.bucket()}/some/prefix"] if request.param == "s3" else []
    server = Server(tmp_path_factory.mktemp("home"), options, s3.env).start()
    yield server
    server.stop()


@pytest.fixture
def http(running: Server) -> Iterator[Http]:
    connection = running.http()
    yield connection
    connection.close()


@pytest.fixture
def files() -> str:
    """Where this test's files are."""
    return f"{FILES}/{uuid.uuid4().hex}"


@pytest.mark.parametrize("data", [b"", b"small", LARGE])
def test_put_and_get(http: Http, files: str, data: bytes) -> None:
    assert http.request("PUT", f"{files}/a/b.json", data).status == 200
    answer = http.request("GET", f"{files}/a/b.json")
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["content-type"] == "application/json"
    head = http.request("HEAD", f"{files}/a/b.json")
    assert (head.status, head.body) == (200, b"")
    now = {"date": "", "server-timing": "", "x-request-id": ""}
    assert {**head.headers, **now} == {**answer.headers, **now}


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-2100000", 5, 2_100_001),
        ("bytes=8999999-", 8_999_999, len(LARGE)),
        ("bytes=-7", len(LARGE) - 7, len(LARGE)),
        ("bytes=3-99999999999", 3, len(LARGE)),
        ("bytes=-99999999999", 0, len(LARGE)),
    ],
)
def test_ranges(http: Http, files: str, asked: str, start: int, end: int) -> None:
    http.request("PUT", f"{files}/big", LARGE)
    answer = http.request("GET", f"{files}/big", headers={"Range": asked})
    assert (answer.status, answer.body) == (206, LARGE[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(LARGE)}"
    head = http.request("HEAD", f"{files}/big", headers={"Range": asked})
    assert (head.status, head.headers["content-length"]) == (206, str(end - start))


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=-0", "bytes=99999-100000"])
def test_a_range_beyond_the_file_is_refused(http: Http, files: str, asked: str) -> None:
    http.request("PUT", f"{files}/five", b"12345")
    answer = http.request("GET", f"{files}/five", headers={"Range": asked})
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */5")
    assert http.request("GET", f"{files}/five").body == b"12345"


@pytest.mark.parametrize("asked", ["lines=0-1", "bytes=3-1", "bytes=", "bytes=-", "bytes=0-0,2-2", "bytes=" + "9" * 99])
def test_a_range_that_is_none_is_ignored(http: Http, files: str, asked: str) -> None:
    http.request("PUT", f"{files}/five", b"12345")
    answer = http.request("GET", f"{files}/five", headers={"Range": asked})
    assert (answer.status, answer.body) == (200, b"12345")


def test_caches_are_told_what_they_have(http: Http, files: str) -> None:
    http.request("PUT", f"{files}/x", b"12345")
    tag = http.request("GET", f"{files}/x").headers["etag"]
    assert http.request("GET", f"{files}/x", headers={"If-None-Match": tag}).status == 304
    assert http.request("GET", f"{files}/x", headers={"Range": "bytes=0-1", "If-Range": tag}).status == 206
    http.request("PUT", f"{files}/x", b"54321")
    assert http.request("GET", f"{files}/x", headers={"If-None-Match": tag}).body == b"54321"
    assert http.request("GET", f"{files}/x", headers={"Range": "bytes=0-1", "If-Range": tag}).body == b"54321"


def test_list_and_delete(http: Http, files: str) -> None:
    for path in ("d/a", "d/b", "d/e/c"):
        http.request("PUT", f"{files}/{path}", path.encode())
    listed = http.request("GET", f"{FILES}?path={files.removeprefix(FILES + '/')}/d").json["files"]
    assert [(item["path"], item.get("file_size")) for item in listed] == [("a", 3), ("b", 3), ("e", None)]
    assert http.request("DELETE", f"{files}/d/e").status == 200
    assert http.request("GET", f"{files}/d/e/c").status == 404
    assert http.request("GET", f"{files}/d/a").body == b"d/a"


@pytest.mark.parametrize("running", ["folder"], indirect=True)
def test_damaged_bytes_are_not_served_as_a_file(http: Http, files: str, running: Server) -> None:
    """A small file is refused with a code; of a large one the last piece never comes."""
    for name, data in (("small", os.urandom(100)), ("large", LARGE[::-1])):
        http.request("PUT", f"{files}/{name}", data)
        newest = max(running.home.glob("files/??/*"), key=lambda path: path.stat().st_mtime_ns)
        assert newest.read_bytes() == data
        newest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    answer = http.request("GET", f"{files}/small")
    assert (answer.status, answer.json["error_code"]) == (500, "DATA_LOSS")
    with pytest.raises(IncompleteRead):
        http.request("GET", f"{files}/large")
    assert http.request("GET", f"{files}/large", headers={"Range": "bytes=0-9"}).body == LARGE[::-1][:10]


@pytest.mark.parametrize("path", BAD)
def test_a_path_out_of_the_tree_is_refused(http: Http, path: str) -> None:
    """On every route that takes one."""
    for method, route in (
        ("PUT", f"{FILES}/{path}"),
        ("GET", f"{FILES}/{path}"),
        ("DELETE", f"{FILES}/{path}"),
        ("GET", f"/api/2.0/mlflow-artifacts/presigned/{path}"),
        ("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{path}"),
    ):
        answer = http.request(method, route, {"path": "file", "num_parts": 1} if method == "POST" else b"x")
        assert answer.status in (400, 404), (method, route, answer.status)
        if method != "GET" or "presigned" in route:
            assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE", (method, route, answer.body)


@pytest.mark.parametrize("asked", [True, False])
def test_the_official_client_sends_in_parts(running: Server, asked: bool) -> None:
    """To S3, if told to or because the server offers it; to a folder through the server, which takes no parts."""
    told = {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true", "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true"}
    ran = subprocess.run(
        [str(CLIENTS["mlflow-3"]), str(Path(__file__).with_name("parts_flow.py"))],
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": running.url,
            **(told if asked else {}),
            "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "6000000",
            "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "6000000",
            "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": "6000000",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    if running.options:
        _digests_follow(running, ran.stdout.split()[-1])


def _digests_follow(running: Server, run_id: str) -> None:
    """Soon after the parts, the server has read the file itself: its ETag is the digest, for both copies."""
    http = running.http()
    deadline = time.monotonic() + 20
    while True:
        tags = {
            http.request("HEAD", f"{FILES}/0/{run_id}/artifacts/{path}").headers["etag"]
            for path in ("model/deep/weights.bin", "all/weights.bin")
        }
        if len(tags) == 1:
            break
        assert time.monotonic() < deadline, tags
        time.sleep(0.1)
    http.close()


def test_the_server_offers_what_its_store_can(running: Server, http: Http) -> None:
    said = http.request("GET", "/api/3.0/mlflow/server-info").json
    can = bool(running.options)  # S3
    assert (said["multipart_uploads_enabled"], said["multipart_downloads_enabled"]) == (can, can)


def test_presigned_uploads_and_a_folders_links_are_not_offered(http: Http) -> None:
    given = {"run_id": "0" * 32, "path": "x"}
    answer = http.request("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", given)
    assert (answer.status, answer.json["error_code"]) == (501, "NOT_IMPLEMENTED")


def test_a_runs_file_has_a_link_where_the_store_gives_one(running: Server, http: Http) -> None:
    run = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]
    place = run["artifact_uri"].removeprefix("mlflow-artifacts:")
    http.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts{place}/a/b.bin", LARGE)

    def ask(**given: object) -> Answer:
        given = {"run_id": run["run_id"], "path": "a/b.bin", **given}
        return http.request("POST", "/api/2.0/mlflow/artifacts/presigned-download-url", given)

    for wrong in ({"expiration": 0}, {"expiration": 604_801}, {"path": "../b"}):
        assert (ask(**wrong).status, ask(**wrong).json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert ask(run_id="0" * 32).json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    answer = ask()
    if not running.options:  # a folder
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        return
    assert answer.json["file_size"] == len(LARGE)
    with urlopen(answer.json["presigned_url"]) as got:
        assert got.read() == LARGE
    assert ask(path="a/c.bin").json["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_the_same_bucket_serves_a_restarted_server_and_no_other_catalog(s3: S3, tmp_path: Path) -> None:
    options = ["--artifacts", f"s3://{s3.bucket()}"]
    first = Server(tmp_path / "one", options, s3.env).start()
    http = first.http()
    http.request("PUT", f"{FILES}/x", LARGE)
    http.close()
    first.kill()
    first.start()
    http = first.http()
    assert http.request("GET", f"{FILES}/x").body == LARGE
    http.close()
    for home, more, words in (("two", options, "belong to another catalog"), ("one", [], "do not lie here")):
        if home == "one":
            first.stop()
        ran = subprocess.run(
            [str(ASSAY), "up", "--port", "0", "--home", str(tmp_path / home), *more],
            env={**os.environ, **s3.env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 1
        assert words in ran.stderr
        assert "Traceback" not in ran.stderr


def test_gc_takes_what_a_crash_left_in_the_bucket(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    options = ["--artifacts", f"s3://{bucket}"]
    running = Server(tmp_path / "home", options, s3.env).start()
    http = running.http()
    http.request("PUT", f"{FILES}/x", b"x")
    http.request("PUT", f"{FILES}/x", b"y")
    http.close()
    running.stop()
    ran = subprocess.run(
        [str(ASSAY), "gc", "--home", str(tmp_path / "home"), "--grace-hours", "0", *options],
        env={**os.environ, **s3.env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("1 objects deleted")
    running.start()
    http = running.http()
    assert http.request("GET", f"{FILES}/x").body == b"y"
    http.close()
    running.stop()
