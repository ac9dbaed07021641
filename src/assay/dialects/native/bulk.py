"""POST /api/v1/runs/acts: one act on many runs, with a result for each."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core.scope import Verb
from assay.dialects.native.errors import Problem, problem
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.bulk import RUNS_BOUND, TAGS_BOUND, Act

BODY_BOUND = 2 << 20


class Acts(msgspec.Struct, forbid_unknown_fields=True):
    """Which runs, and what is done to each; `tags` where the act is to tag: one that is null is taken away."""

    ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=RUNS_BOUND)]
    act: Act
    tags: Annotated[dict[str, str | None], msgspec.Meta(max_length=TAGS_BOUND)] = {}


class Result(msgspec.Struct):
    """What came of a run; with an `error` it is as it was."""

    id: str
    error: Problem | None


class Results(msgspec.Struct):
    """What came of each run, in the order in which they were named, and how many were refused."""

    results: list[Result]
    refused: int


def apply(call: Call[NoQuery, Acts]) -> Results:
    """Tags, deletes, restores or stops many runs, each by itself; doing so twice is fine."""
    given = call.body
    found = call.services.bulk.apply(call.scope, given.ids, given.act, given.tags)
    results = [Result(item.uid, None if item.error is None else problem(item.error)) for item in found]
    return Results(results, sum(item.error is not None for item in results))


TABLE = [
    Route(
        "POST",
        "runs/acts",
        apply,
        may(Verb.WRITE, "run"),
        body=Acts,
        bound=BODY_BOUND,
        answer=Results,
        example={
            "ids": ["7ca03201bb9644f1ab8aa705ef128de5", "91b2f6f3a3a64e0f8f0f1f0b0c9d8e7a"],
            "act": "tag",
            "tags": {"reviewed": "yes", "draft": None},
        },
    )
]
