"""Ids that a client's own key stands for, so that a request which is sent again makes nothing twice."""

from __future__ import annotations

import uuid

from starlette.requests import Request

from assay.core.scope import Scope
from assay.wire.errors import InvalidInput

KEY_HEADER = "Idempotency-Key"
KEY_BOUND = 200  # characters
SPACE = uuid.UUID("6f1c2a55-7a0e-5d0f-9c1d-0c8a1c6f2b41")  # never changes: ids are derived in it


def derived(request: Request, scope: Scope, kind: str) -> str | None:
    """32 hex digits that this workspace, kind of thing and key always give; None without a key. Raises InvalidInput."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not key.strip() or len(key) > KEY_BOUND:
        raise InvalidInput(
            f"The key has {len(key)} characters",
            field=KEY_HEADER,
            bound=KEY_BOUND,
            remedy=f"send 1 to {KEY_BOUND} characters, such as a UUID",
        )
    return uuid.uuid5(SPACE, f"{scope.workspace_id}:{kind}:{key}").hex
