"""What the routes of /api/v1 share: who asks, bounded bodies, JSON in and out, errors as answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from assay.dialects.native.errors import render
from assay.dialects.rules import PARAMETER, Manner
from assay.wire.errors import AssayError, InvalidInput, TooLarge

log = logging.getLogger(__name__)
T = TypeVar("T")
JSON_BOUND = 1 << 20  # bytes of a JSON body
WHERE = re.compile(r" - at `\$\.(\w+)")
UNKNOWN = re.compile(r"unknown field `(.{0,200})`\Z", re.DOTALL)
MANNER = Manner(render, b"assay-workspace", query=True)
Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint, whose errors are answers too."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except AssayError as error:
            return render(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            return render(AssayError("Internal error; the server's log says more"))

    return answered


def answer(value: Any, status: int = 200) -> Response:
    """The value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def read(request: Request, bound: int) -> bytes:
    """The body. Raises TooLarge beyond the bound, before reading on."""
    parts, size = [], 0
    async for piece in request.stream():
        parts.append(piece)
        size += len(piece)
        if size > bound:
            raise TooLarge(f"The body exceeds {bound} bytes", field="body", bound=bound, remedy="send less a call")
    return b"".join(parts)


def decoded(data: bytes, kind: type[T]) -> T:
    """The JSON body as the struct that says what it may hold. Raises InvalidInput."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told = f"The body cannot be read: {error}"[:500]
        raise InvalidInput(told, field="body", remedy="see the reference") from None


def check_type(request: Request, kind: str) -> None:
    """Raises InvalidInput for a body that is not said to be of this kind."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise InvalidInput(f"The body is not {kind}", field="Content-Type", remedy=f"send {kind}")


@cache
def _fields(kind: type) -> dict[str, Any]:
    """The types of a struct's fields."""
    found = msgspec.inspect.type_info(kind)
    assert isinstance(found, msgspec.inspect.StructType)
    return {field.encode_name: field.type for field in found.fields}


def asked(request: Request, kind: type[T]) -> T:
    """The query as the struct that says what it may hold. Raises InvalidInput, which names the field."""
    types = _fields(kind)  # type: ignore[arg-type]  # a class can be hashed
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if "\0" in value:
            raise InvalidInput(f"{name!r} contains a NUL character", field=name or "query", remedy="remove it")
        if name == PARAMETER:  # read by the rule of the route, whatever the route
            continue
        if isinstance(types.get(name), msgspec.inspect.ListType):
            given.setdefault(name, []).append(value)
        elif name in given:
            raise InvalidInput(f"{name!r} is given twice", field=name or "query", remedy="give it once")
        else:
            given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        told = str(error)
        if where := WHERE.search(told):
            low, high = _bounds(types[where[1]])
            remedy = f"give {low} to {high}" if None not in (low, high) else "see the reference"
            told = f"{where[1]} cannot be read: {told[: where.start()]}"
            raise InvalidInput(told, field=where[1], bound=high, remedy=remedy) from None
        if unknown := UNKNOWN.search(told):
            known = ", ".join(types) or "no query"
            raise InvalidInput("There is no such field", field=unknown[1] or "query", remedy=f"send {known}") from None
        missing = next((name for name in types if f"`{name}`" in told), "query")
        raise InvalidInput(f"{missing} is missing", field=missing, remedy=f"add {missing} to the query") from None


def _bounds(kind: Any) -> tuple[Any, Any]:
    """The least and the most that a value of this type may be, as far as it says so."""
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    numbers = [item for item in kinds if isinstance(item, msgspec.inspect.IntType)]
    return (numbers[0].ge, numbers[0].le) if numbers else (None, None)


def integer(request: Request, name: str, default: int | None = None) -> int:
    """A field of the query that is a whole number, not negative and of at most 63 bits. Raises InvalidInput."""
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidInput(f"{text!r} is no number", field=name, bound=10**18 - 1, remedy=f"give {name}=0 or more")
    return int(text)


def text(request: Request, name: str, default: str | None = None) -> str:
    """A field of the query. Raises InvalidInput where it is missing."""
    found = request.query_params.get(name, default)
    if not found:
        raise InvalidInput(f"{name} is missing", field=name, remedy=f"add {name} to the query")
    return found
