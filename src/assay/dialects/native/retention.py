"""POST /api/v1/retention: what is old, or too much, is told or let go."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core.retention import BYTES_BOUND, DAYS_BOUND, Policy
from assay.core.scope import Verb
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.retention import Let

BODY_BOUND = 1_000
Days = Annotated[float, msgspec.Meta(gt=0, le=DAYS_BOUND)]
Bytes = Annotated[int, msgspec.Meta(ge=0, le=BYTES_BOUND)]


class Retaining(msgspec.Struct, forbid_unknown_fields=True):
    """A policy. `apply`: carry it out; else it is only told what would go."""

    days: Days | None = None
    max_bytes: Bytes | None = None
    purge_days: Days | None = None
    apply: bool = False


def retain(call: Call[NoQuery, Retaining]) -> Let:
    """Tells which runs of a workspace would go by age and size, or deletes them; never those tagged `keep`."""
    body = call.body
    policy = Policy(body.days, body.max_bytes, body.purge_days)
    service = call.services.retention
    return service.apply(call.scope, policy) if body.apply else service.look(call.scope, policy)


TABLE = [
    Route("POST", "retention", retain, may(Verb.PURGE, "run"), body=Retaining, bound=BODY_BOUND, answer=Let),
]
