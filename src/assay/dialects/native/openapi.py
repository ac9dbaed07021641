"""The OpenAPI 3.1 document of a table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from assay.dialects.native.errors import MEDIA_TYPE, STATUS, Problem
from assay.dialects.native.table import PREFIX, Route
from assay.dialects.rules import DEFAULT, PARAMETER, Place
from assay.wire.errors import (
    AssayError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

REF = "#/components/schemas/{name}"
EVERYWHERE: tuple[type[AssayError], ...] = (InvalidInput, Unauthenticated, PermissionDenied, Unavailable, AssayError)
MEANING = {
    206: "The range that was asked for.",
    304: "It is what the client has.",
    400: "The request cannot be read as HTTP.",
    401: "The token is not this server's.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "The state of the thing, or a rule, refuses it.",
    413: "It is too large.",
    416: "The file has no such range.",
    422: "A field is out of bounds.",
    500: "A fault of the server itself.",
    501: "This server cannot do it.",
    503: "Try again later.",
}


def document(table: Sequence[Route], version: str) -> dict[str, Any]:
    """The document: every route, what it takes, answers and refuses."""
    types = _types(table)
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    refs = dict(zip(map(id, types), schemas, strict=True))
    queries = {refs[id(route.query)]["$ref"].rpartition("/")[2] for route in table}
    shown = {name: schema for name, schema in components.items() if name not in queries}
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        path = re.sub(r":path}", "}", f"{PREFIX}/{route.path}" if route.path else PREFIX)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, refs, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Assay",
            "version": version,
            "description": "The native API of tracking. Times are microseconds since 1970; a NaN is null.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": shown,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The home's token, or one of a user."}
            },
        },
        "security": [{}, {"token": []}],
    }


def _types(table: Sequence[Route]) -> list[Any]:
    found: dict[int, Any] = {id(Problem): Problem}
    for route in table:
        for kind in (route.query, route.body, route.answer):
            if kind is not None:
                found[id(kind)] = kind
    return list(found.values())


def _operation(route: Route, refs: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z]+', '_', route.path).strip('_') or 'root'}",
        "summary": route.line,
        "tags": [route.path.partition("/")[0].partition("{")[0] or "root"],
        "parameters": [*_path(route), *_query(route, refs, components), *_headers(route), *_workspace(route)],
        "responses": _responses(route, refs),
    }
    if route.body is not None:
        content = {"schema": refs[id(route.body)]} | ({} if route.example is None else {"example": route.example})
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif route.media is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {route.media: {"schema": {"type": "string", "format": "binary"}}},
        }
    return operation


def _path(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)(?::path)?}", route.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]


def _query(route: Route, refs: dict[int, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    schema = components[refs[id(route.query)]["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", "required": name in schema["required"], "schema": _plain(kind)}
        for name, kind in schema["properties"].items()
    ]


def _plain(kind: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: what may be null may be left out."""
    some: list[dict[str, Any]] = [item for item in kind.get("anyOf", ()) if item.get("type") != "null"]
    if len(some) != 1:
        return kind
    return {name: value for name, value in kind.items() if name not in ("anyOf", "default")} | some[0]


def _headers(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": told, "schema": {"type": "string"}}
        for name, told in route.headers
    ]


def _workspace(route: Route) -> list[dict[str, Any]]:
    """Whose data is meant: a header, or the query where a client cannot set headers."""
    if route.rule.place is not Place.ASKED:
        return []
    told, schema = "The workspace that is meant.", {"type": "string", "default": DEFAULT}
    return [
        {"name": name, "in": place, "required": False, "description": told, "schema": schema}
        for name, place in (("Assay-Workspace", "header"), (PARAMETER, "query"))
    ]


def _responses(route: Route, refs: dict[int, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answer is not None:
        content["application/json"] = {"schema": refs[id(route.answer)]}
    for media in route.also:
        content[media] = {"schema": {"type": "string", "format": "binary"}}
    found: dict[str, Any] = {"200": {"description": "It is so.", "content": content}}
    if route.makes:
        found["201"] = {"description": "It is new.", "content": content}
    for status in route.more:
        found[str(status)] = {"description": MEANING[status], **({"content": content} if status == 206 else {})}
    for status in sorted(refusals(route)):
        found[str(status)] = {
            "description": MEANING[status],
            "content": {MEDIA_TYPE: {"schema": refs[id(Problem)]}},
        }
    return found


def refusals(route: Route) -> set[int]:
    """The statuses that a route may refuse with."""
    kinds = {*EVERYWHERE, *route.errors}
    if "{" in route.path or route.rule.place is not Place.NONE:
        kinds.add(NotFound)
    if route.body is not None:
        kinds.add(TooLarge)
    return {STATUS[kind.code] for kind in kinds}
