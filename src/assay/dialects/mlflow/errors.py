"""The house's error codes in MLflow's form."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from assay.wire.errors import AssayError, TooOften, Unavailable

# code -> (HTTP status, MLflow's error_code)
TABLE: dict[str, tuple[int, str]] = {
    "already_exists": (400, "RESOURCE_ALREADY_EXISTS"),
    "conflict": (409, "RESOURCE_CONFLICT"),
    "corrupt": (500, "DATA_LOSS"),
    "internal": (500, "INTERNAL_ERROR"),
    "invalid_input": (400, "INVALID_PARAMETER_VALUE"),
    "invalid_state": (500, "INVALID_STATE"),
    "not_active": (400, "INVALID_PARAMETER_VALUE"),
    "not_found": (404, "RESOURCE_DOES_NOT_EXIST"),
    "not_supported": (501, "NOT_IMPLEMENTED"),
    "param_changed": (400, "INVALID_PARAMETER_VALUE"),
    "permission_denied": (403, "PERMISSION_DENIED"),
    "quota_exceeded": (400, "RESOURCE_EXHAUSTED"),
    "route_not_found": (404, "ENDPOINT_NOT_FOUND"),
    "rule_violation": (400, "INVALID_PARAMETER_VALUE"),
    "sequence_gap": (409, "RESOURCE_CONFLICT"),
    "too_large": (400, "INVALID_PARAMETER_VALUE"),
    "too_often": (429, "REQUEST_LIMIT_EXCEEDED"),
    "unauthenticated": (401, "UNAUTHENTICATED"),
    "unavailable": (503, "TEMPORARILY_UNAVAILABLE"),
}

# MLflow's error_code -> (error_class, sqlstate), for the codes that stock classifies
CLASSES = {
    "INTERNAL_ERROR": ("CLIENT_INTERNAL_ERROR", "XXM00"),
    "INVALID_PARAMETER_VALUE": ("INVALID_PARAMETER_VALUE", "KAM00"),
    "INVALID_STATE": ("CLIENT_INTERNAL_ERROR", "XXM00"),
    "RESOURCE_ALREADY_EXISTS": ("RESOURCE_ALREADY_EXISTS", "KAM00"),
    "RESOURCE_DOES_NOT_EXIST": ("RESOURCE_NOT_FOUND", "KAM00"),
}


def render(error: AssayError) -> Response:
    """The answer that an mlflow client understands; the remedy stands behind the message."""
    status, code = TABLE[error.code]
    message = f"{error.message.rstrip('.')}. Remedy: {error.remedy}." if error.remedy else error.message
    told = {"error_code": code, "message": message}
    if code in CLASSES:
        told["error_class"], told["sqlstate"] = CLASSES[code]
    headers = {}
    if isinstance(error, Unavailable | TooOften) and error.retry_after_s is not None:
        headers["Retry-After"] = str(int(error.retry_after_s) or 1)
    return Response(
        msgspec.json.encode(told),
        status,
        headers,
        media_type="application/json",
    )
