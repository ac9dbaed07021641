"""POST /api/v1/gc: collecting garbage in the process that holds the home."""

from __future__ import annotations

import msgspec

from assay.core.scope import Verb
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.base import authorise
from assay.services.collection import Collected
from assay.wire.errors import InvalidInput

HOUR_US = 3_600_000_000
DAY_HOURS = 24.0  # the longest upload and backup; whoever collects what is younger must prove who he is
GRACE_BOUND = 100 * 365 * 24  # hours
BODY_BOUND = 1_000


class Collecting(msgspec.Struct):
    """The body of the request."""

    grace_hours: float = DAY_HOURS


def collect(call: Call[NoQuery, Collecting]) -> Collected:
    """Deletes files that nothing refers to."""
    hours = call.body.grace_hours
    if not 0 <= hours <= GRACE_BOUND:
        raise InvalidInput(
            f"{hours} hours are no grace",
            field="grace_hours",
            bound=GRACE_BOUND,
            remedy=f"give 0 to {GRACE_BOUND}",
        )
    authorise(call.scope, Verb.COLLECT if hours >= DAY_HOURS else Verb.MANAGE, "file")
    with call.house.gate():
        return call.services.files.collect(int(hours * HOUR_US))


TABLE = [Route("POST", "gc", collect, may(Verb.COLLECT, "file"), body=Collecting, bound=BODY_BOUND, answer=Collected)]
