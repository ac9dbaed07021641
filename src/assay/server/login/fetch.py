"""The few requests that this server makes itself: to the identity provider that the operator named, bounded."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from assay.server.guard import LOOPBACK
from assay.wire.errors import InvalidInput, Unavailable

TIMEOUT_S = 10.0
ANSWER_BOUND = 1 << 20  # bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a provider that moved says so in its settings, and nobody leads us to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def check_address(url: str, field: str) -> str:
    """The address, which secrets may be told: https, or this machine.

    Raises:
        InvalidInput: It is neither.
    """
    parts = urllib.parse.urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if (parts.scheme != "https" and not local) or not parts.hostname or parts.username or parts.fragment:
        raise InvalidInput(f"{url[:200]!r} is no https:// address", field=field, remedy="give its https:// address")
    return url


def fetched(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON object that a GET, or a POST of this form, is answered with.

    Raises:
        Unavailable: There is none, or it is too long.
    """
    check_address(url, "--oidc-issuer")
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data, {"Accept": "application/json"})  # noqa: S310 -- checked above
    for name, value in (headers or {}).items():
        request.add_unredirected_header(name, value)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=TIMEOUT_S) as answer:
            found = json.loads(_read(answer))
    except urllib.error.HTTPError as error:
        with error:
            raise _away(url, f"answers {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _away(url, "does not answer") from error
    except (ValueError, RecursionError):
        raise _away(url, "answers no JSON") from None
    if not isinstance(found, dict):
        raise _away(url, "answers no JSON object")
    return found


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The body. Raises ValueError beyond the bound."""
    body = answer.read(ANSWER_BOUND + 1)
    if len(body) > ANSWER_BOUND:
        raise ValueError
    return body


def _away(url: str, what: str) -> Unavailable:
    host = urllib.parse.urlsplit(url).hostname
    return Unavailable(
        f"The identity provider {host} {what}", field="--oidc-issuer", remedy="try again; an admin sees to the provider"
    )
