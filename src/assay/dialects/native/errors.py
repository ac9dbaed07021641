"""The house's errors as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from assay.wire.errors import AssayError, TooOften, Unavailable

MEDIA_TYPE = "application/problem+json"
STATUS = {
    "already_exists": 409,
    "conflict": 409,
    "corrupt": 500,
    "internal": 500,
    "invalid_input": 422,
    "invalid_state": 409,
    "not_active": 409,
    "not_found": 404,
    "not_supported": 501,
    "param_changed": 409,
    "permission_denied": 403,
    "quota_exceeded": 409,
    "route_not_found": 404,
    "rule_violation": 409,
    "sequence_gap": 409,
    "too_large": 413,
    "too_often": 429,
    "unauthenticated": 401,
    "unavailable": 503,
}


class Problem(msgspec.Struct, omit_defaults=True):
    """An error: its code, what it says, and where there are any, field, bound, remedy and details."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    bound: int | float | str | None = None
    remedy: str | None = None
    details: dict[str, Any] | None = None


def problem(error: AssayError, status: int | None = None) -> Problem:
    """The error as JSON; the status is its code's, unless it is given."""
    return Problem(
        type="about:blank",
        title=error.code.replace("_", " "),
        status=STATUS[error.code] if status is None else status,
        code=error.code,
        detail=error.message,
        field=error.field,
        bound=error.bound,
        remedy=error.remedy,
        details=error.details or None,
    )


def render(error: AssayError, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The error's answer."""
    told = problem(error, status)
    sent = dict(headers or {})
    if isinstance(error, Unavailable | TooOften) and error.retry_after_s is not None:
        sent["Retry-After"] = str(int(error.retry_after_s) or 1)
    return Response(msgspec.json.encode(told), told.status, sent, media_type=MEDIA_TYPE)
