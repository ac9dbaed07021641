"""/api/v1/audit: signing where the chains stand, erasing details, replacing the key; reading is for the operator."""

from __future__ import annotations

import msgspec

from assay.core.scope import Verb
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.audit import Erased
from assay.services.checkpoints import Sealed
from assay.wire.errors import Corrupt, InvalidState

BODY_BOUND = 1 << 20


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body without fields."""


class Checkpoints(msgspec.Struct):
    """The newest checkpoint of each chain that has records."""

    checkpoints: list[Sealed]


class PublicKey(msgspec.Struct):
    """The key that signs checkpoints: what it is called, and its public half in hex."""

    id: str
    public: str


class Erasing(msgspec.Struct, forbid_unknown_fields=True):
    """Which details to erase: those of records about `subjects`, of these `records`, or that mention a text."""

    subjects: list[str] = []
    records: list[int] = []
    mentions: str = ""
    reason: str = ""


def seal(call: Call[NoQuery, Nothing]) -> Checkpoints:
    """Signs where each audit chain stands, with the home's token."""
    return Checkpoints(call.services.checkpoints.seal(call.scope))


def key(call: Call[NoQuery, None]) -> PublicKey:
    """The public half of the key that signs checkpoints, with the home's token."""
    id, public = call.services.checkpoints.key()
    return PublicKey(id, public.hex())


def rotate(call: Call[NoQuery, Nothing]) -> PublicKey:
    """Has a new key sign checkpoints from now on, with the home's token."""
    made = call.services.checkpoints.rotate(call.scope)
    return PublicKey(made.id, made.public.hex())


def erase(call: Call[NoQuery, Erasing]) -> Erased:
    """Erases details of records, at most a thousand at once, with the home's token; `more`: ask again."""
    body = call.body
    return call.services.audit.erase(
        call.scope, subjects=body.subjects, records=body.records, mentions=body.mentions, reason=body.reason
    )


TABLE = [
    Route(
        "POST",
        "audit/checkpoints",
        seal,
        may(Verb.SEAL, "audit chain"),
        body=Nothing,
        bound=1_000,
        answer=Checkpoints,
        errors=(Corrupt,),
    ),
    Route(
        "GET",
        "audit/key",
        key,
        may(Verb.SEAL, "audit chain"),  # the first who asks has it made
        answer=PublicKey,
    ),
    Route(
        "POST",
        "audit/key",
        rotate,
        may(Verb.ROTATE, "server key"),
        body=Nothing,
        bound=1_000,
        answer=PublicKey,
        errors=(InvalidState, Corrupt),
    ),
    Route(
        "POST",
        "audit/erase",
        erase,
        may(Verb.ERASE, "audit detail"),
        body=Erasing,
        bound=BODY_BOUND,
        answer=Erased,
    ),
]
