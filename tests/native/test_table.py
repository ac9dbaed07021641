"""The declarations of the native API: its document is sound, and what no route answers is told as problem+json."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from native.conftest import Api, refused
from openapi_spec_validator import validate
from support.server import Server

from assay.dialects.native.calls import decoded
from assay.dialects.native.mount import TABLE, described

UNKNOWN = "0" * 32


def test_the_document_is_openapi(api: Api) -> None:
    told = api.get("openapi.json")
    validate(told)
    assert told["openapi"] == "3.1.0"
    assert told == described()


def test_every_route_is_described_once() -> None:
    told = described()
    ids = [item["operationId"] for methods in told["paths"].values() for item in methods.values()]
    assert len(ids) == len(set(ids)) == len(TABLE)
    assert all(route.line.endswith(".") for route in TABLE)
    assert [name for name in told["components"]["schemas"] if "." in name or "assay" in name] == []


def prove(running: Server, api: Api) -> None:
    """The connection is that of the home, which may everything."""
    api.headers["Authorization"] = f"Bearer {(running.home / 'token').read_text().strip()}"


def test_every_example_is_a_body() -> None:
    with_example = [route for route in TABLE if route.example is not None]
    assert len(with_example) > 3
    for route in with_example:
        assert decoded(json.dumps(route.example).encode(), route.body)
        content = described()["paths"][f"/api/v1/{route.path}"][route.method.lower()]["requestBody"]["content"]
        assert content["application/json"]["example"] == route.example


def test_the_root_says_where_things_are(running: Server, api: Api) -> None:
    prove(running, api)
    told = api.request("GET", "/api/v1").json
    assert told["version"]
    assert told["links"]["runs"] == "/api/v1/runs"
    for link in told["links"].values():
        if not link.endswith("changes"):  # which does not end
            assert api.request("GET", link).status == 200


def test_unknown_routes_and_methods_are_told(api: Api) -> None:
    refused(api.ask("GET", "nonsense"), 404, "route_not_found", "path")
    answer = api.ask("PATCH", "runs", {})
    refused(answer, 405, "route_not_found", "method")
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limt": 5}, "limt"),
        ({"limit": [1, 2]}, "limit"),
        ({"limit": 10_001}, "limit"),
        ({"view": "none"}, "view"),
        ({"filter": "("}, "filter"),
        ({"filter": "x" * 20_001}, "filter"),
        ({"order_by": "size"}, "filter"),
        ({"page_token": "x"}, "page_token"),
        ({"page_token": "1.x"}, "page_token"),
        ({"experiment": "a\0"}, "experiment"),
        ({"experiment": "x" * 501}, "experiment"),
    ],
)
def test_a_query_that_cannot_be_read_names_its_field(api: Api, query: dict[str, Any], field: str) -> None:
    refused(api.ask("GET", "runs", **query), 422, "invalid_input", field)


def test_bounds_are_told(api: Api) -> None:
    told = api.ask("GET", "runs", limit=0).json
    assert (told["bound"], told["remedy"]) == (10_000, "give 1 to 10000")


def test_every_route_with_a_body_reads_json_only(running: Server, api: Api) -> None:
    prove(running, api)
    uid = api.run()
    with_body = [route for route in TABLE if route.body is not None]
    assert len(with_body) > 20
    for route in with_body:
        path = re.sub(r"{id}", "0" if route.path.startswith("experiments") else uid, route.path)
        path = path.replace("{workspace}", "default")
        path += "?writer=w&first=0" if "writer" in route.query.__struct_fields__ else ""
        text = api.request(route.method, f"/api/v1/{path}", b"{}", {"Content-Type": "text/plain"})
        refused(text, 422, "invalid_input", "Content-Type")
        sent = {"Content-Type": "application/json"}
        for body in (b"", b"nonsense", b"[" * 100_000, b'{"no such field": 1}', b'"\xff"'):
            answer = api.request(route.method, f"/api/v1/{path}", body, sent)
            if not (route.path == "gc" and body.startswith(b"{")) and not (
                answer.status == 413 and route.bound < len(body)
            ):
                refused(answer, 422, "invalid_input", answer.json.get("field"))
        big = api.request(route.method, f"/api/v1/{path}", b" " * (route.bound + 1), sent)
        refused(big, 413, "too_large", "body")
        api.close()


@pytest.mark.parametrize("route", [r for r in TABLE if "{id}" in r.path and r.method == "GET"], ids=lambda r: r.path)
def test_what_is_not_there_is_not_found(running: Server, api: Api, route: Any) -> None:
    prove(running, api)
    number = route.path.startswith("experiments")
    id = "999999" if number else f"m-{UNKNOWN}" if route.path.startswith("models") else UNKNOWN
    path = route.path.replace("{id}", id).replace("{path:path}", "a/b.txt")
    query = {name: "x" for name in ("key",) if name in route.query.__struct_fields__}
    refused(api.ask("GET", path, **query), 404, "not_found")
    if number:
        refused(api.ask("GET", route.path.replace("{id}", "x")), 422, "invalid_input", "id")
        refused(api.ask("GET", route.path.replace("{id}", "9" * 40)), 422, "invalid_input", "id")
