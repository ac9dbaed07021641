"""Files of runs and models over the native API: put, listed, read whole and by range, shown, previewed, deleted."""

from __future__ import annotations

import base64
import io
import random
from typing import Any

import numpy as np
import pytest
from arro3.core import Array, DataType, RecordBatch
from arro3.io import write_ipc, write_ipc_stream, write_parquet
from blake3 import blake3
from native.conftest import Api, refused

from assay.sdk import http

OCTETS = {"Content-Type": "application/octet-stream"}
SANDBOX = "sandbox; default-src 'none'"
NEVER = ("allow-same-origin", "allow-top-navigation", "allow-popups", "allow-forms", "connect-src", "http", "*")


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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "image/png"),
        ("b.JPEG", "image/jpeg"),
        ("c.svg", "image/svg+xml"),
        ("d.wav", "audio/wav"),
        ("e.mp4", "video/mp4"),
        ("f.json", "text/plain; charset=utf-8"),
        ("g.md", "text/plain; charset=utf-8"),
    ],
)
def test_what_does_no_harm_is_shown(api: Api, owner: str, name: str, kind: str) -> None:
    put(api, owner, f"deep/{name}", b"<script>alert(1)</script>")
    answer = api.ask("GET", f"{owner}/raw/deep/{name}")
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert "content-disposition" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith(SANDBOX)
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("name", ["a.html", "b.xhtml", "c.js", "d.mht", "e.xml", "html", "f.svgz", "g.png.exe", "h."])
def test_what_may_do_harm_is_saved(api: Api, owner: str, name: str) -> None:
    put(api, owner, name, b"<script>alert(1)</script>")
    for dest in ("document", "script", "object", "embed", None):
        answer = api.ask("GET", f"{owner}/raw/{name}", None, {"Sec-Fetch-Dest": dest} if dest else None)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["content-security-policy"].startswith(SANDBOX)


def test_html_is_shown_in_a_frame_without_origin_or_network(api: Api, owner: str) -> None:
    put(api, owner, "plot.html", b"<h1>hi</h1>")
    answer = api.ask("GET", f"{owner}/raw/plot.html", None, {"Sec-Fetch-Dest": "iframe"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "frame-ancestors 'self'" in policy
    assert not any(word in policy for word in NEVER)
    assert answer.headers["vary"] == "Sec-Fetch-Dest"


def test_ranges_and_caches_are_served(api: Api, owner: str) -> None:
    put(api, owner, "film.mp4", bytes(range(256)))
    whole = api.ask("GET", f"{owner}/raw/film.mp4")
    assert whole.headers["accept-ranges"] == "bytes"
    part = api.ask("GET", f"{owner}/raw/film.mp4", None, {"Range": "bytes=16-31"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, bytes(range(16, 32)), "bytes 16-31/256")
    assert part.headers["content-type"] == "video/mp4"
    known = api.ask("GET", f"{owner}/raw/film.mp4", None, {"If-None-Match": whole.headers["etag"]})
    assert (known.status, known.headers["cache-control"]) == (304, "private, no-cache")
    assert api.ask("GET", f"{owner}/raw/film.mp4", None, {"Range": "bytes=256-"}).status == 416
    head = api.ask("HEAD", f"{owner}/raw/film.mp4")
    assert (head.headers["content-length"], head.body) == ("256", b"")
    refused(api.ask("GET", f"{owner}/raw/none.png"), 404, "not_found", None)
    refused(api.ask("GET", f"{owner}/raw/a/%2e%2e/film.mp4"), 422, "invalid_input", "path")


BATCH = RecordBatch.from_arrays(
    [
        Array.from_numpy(np.arange(5_000)),
        Array.from_numpy(np.where(np.arange(5_000) % 2, np.nan, 0.5)),
        Array([None, "é" * 2_000, *["x"] * 4_998], DataType.string()),
    ],
    names=["step", "loss", "text"],
)


def written(write: Any, **given: Any) -> bytes:
    file = io.BytesIO()
    write(BATCH, file, **given)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.parquet", written(write_parquet)),
        ("b.arrow", written(write_ipc)),
        ("c.feather", written(write_ipc, compression="zstd")),
        ("d.ipc", written(write_ipc_stream)),
    ],
    ids=["parquet", "arrow", "feather", "stream"],
)
def test_columns_are_shown_as_rows(api: Api, name: str, data: bytes) -> None:
    owner = f"runs/{api.run()}"
    put(api, owner, name, data)
    found = api.get(f"{owner}/tables/{name}", limit=3)
    assert [column["name"] for column in found["columns"]] == ["step", "loss", "text"]
    assert found["rows"] == [[0, 0.5, None], [1, None, "é" * 1_000], [2, 0.5, "x"]]
    assert (found["more"], found["cells_cut"], found["columns_left_out"]) == (True, 1, 0)


def test_texts_are_shown_as_rows(api: Api) -> None:
    owner = f"runs/{api.run()}"
    put(api, owner, "a.csv", '\ufeffname,"a, b"\r\nx,1\r\n"two\nlines",=1+1,more\r\n'.encode())
    found = api.get(f"{owner}/tables/a.csv")
    assert [column["name"] for column in found["columns"]] == ["name", "a, b", ""]
    assert (found["rows"], found["more"]) == ([["x", "1", None], ["two\nlines", "=1+1", "more"]], False)
    put(api, owner, "b.csv", b"a;b\n1,5;2\n3;4\n")
    assert api.get(f"{owner}/tables/b.csv", limit=1)["rows"] == [["1,5", "2"]]
    put(api, owner, "c.tsv", b"a\tb,c\n1\t2\n")
    assert api.get(f"{owner}/tables/c.tsv")["rows"] == [["1", "2"]]
    put(api, owner, "d.csv", b"")
    assert api.get(f"{owner}/tables/d.csv") == {
        "columns": [], "rows": [], "more": False, "columns_left_out": 0, "cells_cut": 0
    }  # fmt: skip
    put(api, owner, "e.csv", b"a,b\n" + b"1,2\n" * 1_500_000)
    found = api.get(f"{owner}/tables/e.csv", limit=1_000)
    assert (len(found["rows"]), found["more"]) == (1_000, True)
    put(api, owner, "f.csv", b",".join(b"c" for _ in range(600)) + b"\n\xff\n")
    found = api.get(f"{owner}/tables/f.csv")
    assert (len(found["columns"]), found["columns_left_out"], found["rows"][0][0]) == (500, 100, "\ufffd")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.parquet", b"PAR1 and no more"),
        ("b.arrow", b"ARROW1" + b"\0" * 100),
        ("c.ipc", b"\xff" * 1_000),
        ("d.parquet", b""),
        ("e.csv", b"a\n" + b"x" * 200_000),
        ("f.txt", b"a,b"),
    ],
)
def test_what_is_no_table_is_refused(api: Api, name: str, data: bytes) -> None:
    owner = f"runs/{api.run()}"
    put(api, owner, name, data)
    refused(api.ask("GET", f"{owner}/tables/{name}"), 422, "invalid_input", "path")


def test_bounds_of_tables(api: Api) -> None:
    owner = f"runs/{api.run()}"
    refused(api.ask("GET", f"{owner}/tables/none.csv"), 404, "not_found", None)
    for limit in (0, 1_001):
        refused(api.ask("GET", f"{owner}/tables/none.csv", limit=limit), 422, "invalid_input", "limit")


# 2,000 rows of one text of 900,000 signs: Parquet says it once, and whoever reads it has it 1,024 times.
BOMB = base64.b64decode(
    "UEFSMRUEFcjubRViTBUCFQASAAAotS/9oKS7DQBsAAAooLsNAHgBAPj/OdACAgAQeAIAEHgCABB4AgAQeAIAEHgj3Q14FQAVFBUmLBWgHxUQFQ"
    "YVBgAAKLUv/SAKUQAAAwAAAKAfAQCgHxkSAhkYQHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
    "eHh4eHh4eHh4eHgZGEB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh5FQIZFg"
    "ApJgCgHwAZHBaKARVKFgAAGRaAyM60DQAVAhksSAxhcnJvd19zY2hlbWEVAgAVDCUCGAFhJQBMHAAAABagHxkcGRwmABwVDBk1AAYQGRgBYRUM"
    "FqAfFqDvbRbMASaKASYIHDYAKEB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eH"
    "h5GEB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4EhIAGSwVABUQFQIAFQQV"
    "ABUCADwWgMjOtA0pJgCgHwAAFvwDFSQW1AEVqAIAFqDvbRagHyYIFswBFAAAGRwYDEFSUk9XOnNjaGVtYRicAS8vLy8vMndBQUFBUUFBQUFBQU"
    "FLQUF3QUNnQUpBQVFBQ2dBQUFCQUFBQUFBQVFRQUNBQUlBQUFBQkFBSUFBQUFCQUFBQUFFQUFBQVVBQUFBRUFBVUFCQUFEZ0FQQUFRQUFBQUlB"
    "QkFBQUFBWUFBQUFEQUFBQUFBQUFRVVFBQUFBQUFBQUFBUUFCQUFFQUFBQUFRQUFBR0VBQUFBPQAYGXBhcnF1ZXQtcnMgdmVyc2lvbiA1OS4wLj"
    "AZHBwAAADdAQAAUEFSMQ=="
)


def test_a_table_that_grows_without_bounds_harms_nobody(api: Api) -> None:
    owner = f"runs/{api.run()}"
    put(api, owner, "bomb.parquet", BOMB)
    refused(api.ask("GET", f"{owner}/tables/bomb.parquet"), 422, "invalid_input", "path")
    assert api.get(f"{owner}/files")["files"][0]["size"] == len(BOMB)
