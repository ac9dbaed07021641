"""POST /api/v1/purge: deleting for good."""

from __future__ import annotations

import msgspec

from assay.core.purge import GRACE_DAYS
from assay.core.scope import Verb
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.purge import LIMIT, Purged
from assay.wire.errors import Conflict, InvalidInput, InvalidState, NotFound, RuleViolation


class Purging(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge: `ids`, or `all` that is due."""

    ids: list[str] | None = None
    all: bool = False
    grace_days: float = GRACE_DAYS
    reason: str = ""
    limit: int = LIMIT


def purge(call: Call[NoQuery, Purging]) -> Purged:
    """Deletes for good, with the home's token."""
    body = call.body
    if body.all == (body.ids is not None):
        raise InvalidInput("Say what to purge", field="ids", remedy='send either "ids" or "all": true')
    return call.services.purge.purge(
        call.scope, body.ids, grace_days=body.grace_days, reason=body.reason, limit=body.limit
    )


TABLE = [
    Route(
        "POST",
        "purge",
        purge,
        may(Verb.PURGE, "run, model or experiment"),
        body=Purging,
        answer=Purged,
        errors=(NotFound, InvalidState, RuleViolation, Conflict),
    )
]
