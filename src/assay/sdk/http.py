"""The one small HTTP client of the house."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from assay.wire.errors import AssayError, Unavailable

TIMEOUT_S = 60.0


def get(base: str, path: str, /, **query: str | int | Sequence[str] | None) -> Any:
    """The decoded answer of a GET below /api/v1; a sequence is sent as a repeated field.

    Raises:
        AssayError: What the server answered, as the class that it raised.
        Unavailable: Nobody listens there.
    """
    given = {name: value for name, value in query.items() if value is not None}
    return _asked(base, f"{path}?{urllib.parse.urlencode(given, doseq=True)}", None)


def post(base: str, path: str, body: dict[str, Any], *, token: str | None = None, timeout_s: float = TIMEOUT_S) -> Any:
    """The decoded answer of a POST below /api/v1; the token says who asks. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), token, timeout_s)


def patch(base: str, path: str, body: dict[str, Any], *, token: str | None = None) -> Any:
    """The decoded answer of a PATCH below /api/v1. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), token, method="PATCH")


def send(base: str, path: str, body: bytes, kind: str, *, token: str | None = None, **query: str | int) -> Any:
    """The decoded answer of a POST of bytes of this media type. Raises as `get` does."""
    return _asked(base, f"{path}?{urllib.parse.urlencode(query)}", body, token, kind=kind)


def quoted(part: str) -> str:
    """One part of a path."""
    return urllib.parse.quote(part, safe="")


def _asked(
    base: str,
    path: str,
    body: bytes | None,
    token: str | None = None,
    timeout_s: float = TIMEOUT_S,
    *,
    method: str | None = None,
    kind: str = "application/json",
) -> Any:
    url = f"{base.rstrip('/')}/api/v1/{path}"
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"{base!r} is no server's address", remedy="give http://HOST:PORT")
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)  # noqa: S310 -- checked above
    if token is not None:
        request.add_unredirected_header("Authorization", f"Bearer {token}")  # told to nobody else
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 -- the same
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise _answered(base, error) from error
    except ValueError as error:
        raise _puzzle(base) from error
    except (OSError, http.client.HTTPException) as error:
        raise _nobody(base) from error


def _answered(base: str, error: urllib.error.HTTPError) -> AssayError:
    try:
        return _rebuilt(error.read()) or _puzzle(base)
    except (OSError, http.client.HTTPException):
        return _nobody(base)


def _nobody(base: str) -> Unavailable:
    return Unavailable(f"No server answers at {base}", remedy="start one with: assay up")


def _puzzle(base: str) -> Unavailable:
    """What a proxy says whose server is away, or something that is no Assay server."""
    return Unavailable(f"The answer of {base} could not be understood", remedy="is this an Assay server?")


def _rebuilt(body: bytes) -> AssayError | None:
    try:
        told = json.loads(body)
        kind = AssayError.registry.get(told["code"], AssayError)
        return kind(
            told["detail"],
            field=told.get("field"),
            bound=told.get("bound"),
            remedy=told.get("remedy"),
            details=told.get("details"),
        )
    except (ValueError, KeyError, TypeError):
        return None
