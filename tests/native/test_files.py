"""Files of runs and models over the native API: put, listed, read whole and by range, deleted."""

from __future__ import annotations

import random

import pytest
from blake3 import blake3
from native.conftest import Api, refused

from assay.sdk import http

OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture(params=["runs", "models"])
def owner(request: pytest.FixtureRequest, api: Api) -> str:
    """The path of a run or a model that has no files yet."""
    if request.param == "runs":
        return f"runs/{api.run()}"
    made = api.mlflow("POST", "logged-models", {"experiment_id": "0", "name": "m"})
    return f"models/{made['model']['info']['model_id']}"


def put(api: Api, owner: str, path: str, body: bytes) -> None:
    """The file is stored."""
    answer = api.request("PUT", f"/api/v1/{owner}/files/{path}", body, OCTETS)
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["path"], told["size"], told["blake3"]) == (http_unquoted(path), len(body), blake3(body).hexdigest())


def http_unquoted(path: str) -> str:
    """The path as it is stored."""
    return path.replace("%20", " ")


def test_files_are_stored_listed_and_read(api: Api, owner: str) -> None:
    large = random.Random(1).randbytes(9 << 20)
    put(api, owner, "a.txt", b"one")
    put(api, owner, "deep/er/b%20c.bin", large)
    put(api, owner, "a.txt", b"two")
    found = api.get(f"{owner}/files")["files"]
    assert {(item["path"], item["is_folder"]) for item in found} == {("a.txt", False), ("deep", True)}
    assert api.get(f"{owner}/files", path="deep/er")["files"][0]["size"] == len(large)
    assert api.ask("GET", f"{owner}/files/deep/er/b%20c.bin").body == large
    whole = api.ask("GET", f"{owner}/files/a.txt")
    assert (whole.body, whole.headers["x-content-type-options"]) == (b"two", "nosniff")
    assert whole.headers["content-disposition"].startswith("attachment")
    etag = whole.headers["etag"]
    assert api.ask("GET", f"{owner}/files/a.txt", None, {"If-None-Match": etag}).status == 304
    part = api.ask("GET", f"{owner}/files/a.txt", None, {"Range": "bytes=1-"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"wo", "bytes 1-2/3")
    assert api.ask("GET", f"{owner}/files/a.txt", None, {"Range": "bytes=9-"}).status == 416
    head = api.ask("HEAD", f"{owner}/files/a.txt")
    assert (head.status, head.headers["content-length"], head.body) == (200, "3", b"")


def test_all_files_are_listed_by_page(api: Api, owner: str) -> None:
    paths = ["a", "b/1", "b/2", "b/c/3", "z"]
    for path in paths:
        put(api, owner, path, path.encode())
    found: list[dict[str, object]] = []
    query: dict[str, object] = {"all": "true", "limit": 2}
    while True:
        page = api.get(f"{owner}/files", **query)
        found += page["files"]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert [(item["path"], item["size"], item["is_folder"]) for item in found] == [(p, len(p), False) for p in paths]
    assert found[1]["blake3"] == blake3(b"b/1").hexdigest()
    assert isinstance(found[1]["modified_us"], int)
    for query, field in (({"all": "true", "path": "b"}, "path"), ({"limit": 0}, "limit"), ({"all": 7}, "all")):
        refused(api.ask("GET", f"{owner}/files", **query), 422, "invalid_input", field)
    refused(api.ask("GET", f"{owner}/files", all="true", page_token="x" * 1_001), 422, "invalid_input", "page_token")


def test_files_are_deleted(api: Api, owner: str) -> None:
    for path in ("f/1", "f/2", "g"):
        put(api, owner, path, b"x")
    assert api.ask("DELETE", f"{owner}/files/f").json == {"deleted": 2}
    assert api.ask("DELETE", f"{owner}/files/f").json == {"deleted": 0}
    refused(api.ask("GET", f"{owner}/files/f/1"), 404, "not_found", None)
    assert [item["path"] for item in api.get(f"{owner}/files")["files"]] == ["g"]


@pytest.mark.parametrize("path", ["../x", "a//b", "a/../b", "%5C", "a%2500", "x" * 1_001])
def test_paths_that_leave_the_tree_are_refused(api: Api, owner: str, path: str) -> None:
    for method, body in (("PUT", b"x"), ("GET", None), ("DELETE", None)):
        answer = api.request(method, f"/api/v1/{owner}/files/{path}", body, OCTETS)
        refused(answer, 422, "invalid_input", "path")
    assert api.get(f"{owner}/files")["files"] == []


def test_a_folder_is_no_file(api: Api, owner: str) -> None:
    put(api, owner, "f/1", b"x")
    refused(api.ask("GET", f"{owner}/files/f"), 422, "invalid_input", "path")
    refused(api.request("PUT", f"/api/v1/{owner}/files/f", b"x", OCTETS), 422, "invalid_input", "path")


def test_the_sdk_s_client_stores_and_reads(api: Api, owner: str, tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "f"
    file.write_bytes(bytes(range(256)) * 20_000)
    path = f"{owner}/files/{http.quoted_path('some folder/ä.bin')}"
    with file.open("rb") as body:
        assert http.put_file(api.url, path, body, file.stat().st_size)["path"] == "some folder/ä.bin"
    with http.stream(api.url, path) as answer:
        assert answer.read(4) == b"\0\1\2\3"
    data, headers = http.get_bytes(api.url, path)
    assert (data, headers["accept-ranges"]) == (file.read_bytes(), "bytes")
    assert http.delete(api.url, path) == {"deleted": 1}
    with pytest.raises(http.AssayError, match="No such file") as told:
        http.get_bytes(api.url, path)
    assert told.value.code == "not_found"
    with pytest.raises(http.AssayError, match="Invalid path"):
        http.put_file(api.url, f"{owner}/files/a//b", b"x", 1)
