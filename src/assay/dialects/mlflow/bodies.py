"""The body of a request: read within bounds, said to be JSON, and decoded as stock does."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from assay.wire.errors import InvalidInput, TooLarge

BODY_BOUND = 32 * 1024 * 1024
JSON = (b"content-type", b"application/json")


async def read_body(receive: Receive) -> bytes:
    """The request's body. Raises TooLarge beyond the bound, before reading on, and ClientDisconnect."""
    size, parts, more = 0, [], True
    while more:  # as Request.stream, whose generator costs a single log call several times what it does
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BOUND:
            raise TooLarge(
                f"The body exceeds {BODY_BOUND} bytes", field="body", bound=BODY_BOUND, remedy="send smaller batches"
            )
    return b"".join(parts)


def check_kind(scope: Scope, body: bytes) -> None:
    """Raises InvalidInput for a body that is not said to be JSON."""
    if not body or JSON in scope["headers"]:  # mostly; making `Headers` costs more
        return
    kind = Headers(scope=scope).get("content-type", "")
    if kind == "application/json":
        return
    if kind.partition(";")[0].strip().lower() != "application/json":
        why = "must be one of ['application/json']." if kind else "header is missing."
        raise InvalidInput(f"Bad Request. Content-Type {why}", field="Content-Type", remedy="send JSON")


def decode(scope: Scope, body: bytes) -> dict[str, Any]:
    """The fields of a JSON body; what is no JSON object counts as empty, as in stock."""
    check_kind(scope, body)
    given = _decoded(body)
    if isinstance(given, str):  # the oldest clients encode twice
        given = _decoded(given.encode("utf-8", "surrogatepass"))
    return given if isinstance(given, dict) else {}


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    try:
        return json.loads(body)  # takes NaN and Infinity, as Python's clients write them
    except (RecursionError, ValueError):
        return None
