"""The one small HTTP client of the house."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from assay.wire.errors import AssayError, Unavailable

TIMEOUT_S = 60.0


def get(base: str, path: str, **query: str | int | None) -> Any:
    """The decoded answer of a GET below /api/v1.

    Raises:
        AssayError: What the server answered, as the class that it raised.
        Unavailable: Nobody listens there.
    """
    given = {name: value for name, value in query.items() if value is not None}
    url = f"{base.rstrip('/')}/api/v1/{path}?{urllib.parse.urlencode(given)}"
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"{base!r} is no server's address", remedy="give http://HOST:PORT")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 -- the scheme was checked
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise _rebuilt(error.read()) from error
    except OSError as error:
        raise Unavailable(f"No server answers at {base}", remedy="start one with: assay up") from error


def _rebuilt(body: bytes) -> AssayError:
    try:
        told = json.loads(body)
        kind = AssayError.registry.get(told["code"], AssayError)
        return kind(told["detail"], field=told.get("field"), remedy=told.get("remedy"))
    except (ValueError, KeyError, TypeError):
        return AssayError("The server's answer could not be understood", remedy="is this an Assay server?")
