"""The house's errors as problem+json (RFC 9457)."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from assay.wire.errors import AssayError, Unavailable

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
    "route_not_found": 404,
    "rule_violation": 409,
    "sequence_gap": 409,
    "too_large": 413,
    "unauthenticated": 401,
    "unavailable": 503,
}


def render(error: AssayError) -> Response:
    """The error's answer: its code, what it says, and where there are any, field, bound, remedy and details."""
    told = {
        "type": "about:blank",
        "title": error.code.replace("_", " "),
        "status": STATUS[error.code],
        "code": error.code,
        "detail": error.message,
        "field": error.field,
        "bound": error.bound,
        "remedy": error.remedy,
        "details": error.details or None,
    }
    headers = {}
    if isinstance(error, Unavailable) and error.retry_after_s is not None:
        headers["Retry-After"] = str(int(error.retry_after_s) or 1)
    body = msgspec.json.encode({name: value for name, value in told.items() if value is not None})
    return Response(body, STATUS[error.code], headers, media_type="application/problem+json")
