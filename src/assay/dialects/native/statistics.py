"""What many runs say together, of /api/v1: keys, values and ranges for completion, and how many runs there are."""

from __future__ import annotations

from typing import Literal

import msgspec

from assay.core.scope import Verb
from assay.core.statistics import KeyKind, Seen
from assay.core.tracking import View
from assay.dialects.native.filters import RUNS, Limit, tokens, where
from assay.dialects.native.listing import Selection, experiment_ids
from assay.dialects.native.table import Call, Route
from assay.dialects.rules import may
from assay.wire.errors import NotFound

PAGE = 1_000


class CountQuery(Selection, forbid_unknown_fields=True, kw_only=True):
    """Which runs, and what they match."""

    filter: str = ""


class KeyQuery(Selection, forbid_unknown_fields=True, kw_only=True):
    """Which keys of which runs: params, metrics or tags (all without), that begin with the prefix."""

    kind: list[KeyKind] = msgspec.field(default_factory=list)
    prefix: str = ""
    limit: Limit | None = None
    page_token: str | None = None


class ValueQuery(Selection, forbid_unknown_fields=True, kw_only=True):
    """Which texts of which runs: those of this param or tag, that begin with the prefix."""

    key: str
    kind: Literal["param", "tag"] = "param"
    prefix: str = ""
    limit: Limit | None = None
    page_token: str | None = None


class RangeQuery(Selection, forbid_unknown_fields=True, kw_only=True):
    """Which metric of which runs."""

    key: str


class Count(msgspec.Struct):
    """How many runs there are, or of how many, the newest first, something is said; not complete: there are more."""

    runs: int
    complete: bool


class Key(msgspec.Struct):
    """A key, and how many runs have it."""

    kind: KeyKind
    key: str
    runs: int


class Keys(msgspec.Struct):
    """A page of keys in their order, and over which runs they were counted."""

    keys: list[Key]
    over: Count
    next_page_token: str | None


class ValueOfKey(msgspec.Struct):
    """A text, and how many runs have it; not whole: they have longer ones that begin so."""

    value: str
    runs: int
    whole: bool


class Values(msgspec.Struct):
    """A page of texts in their order, and over which runs they were counted."""

    values: list[ValueOfKey]
    over: Count
    next_page_token: str | None


class Range(msgspec.Struct):
    """The range of a metric: of its last values, and of all values, as far as they are finite.

    `runs` have it, `finite` have a last value that is finite.
    """

    runs: int
    finite: int
    last_min: float | None
    last_max: float | None
    min: float | None
    max: float | None
    over: Count


def count(call: Call[CountQuery, None]) -> Count:
    """How many runs match a filter; it counts to a million."""
    tree = where(call.query.filter, call.house.now_us(), RUNS)
    view = View(call.query.view)
    found = call.services.statistics.count(call.scope, experiment_ids(call), view=view, where=tree)
    return _over(found)


def keys(call: Call[KeyQuery, None]) -> Keys:
    """The keys of params, metrics (without a context) and tags that runs have, for completion.

    Counted over the newest runs, as many as a second and a bound of 100,000 allow.
    """
    given = call.query
    with tokens():
        found = call.services.statistics.keys(
            call.scope,
            experiment_ids(call),
            view=View(given.view),
            kinds=given.kind or tuple(KeyKind),
            prefix=given.prefix,
            limit=given.limit or PAGE,
            after=given.page_token,
        )
    return Keys([Key(item.kind, item.key, item.runs) for item in found.items], _over(found.seen), found.next_token)


def values(call: Call[ValueQuery, None]) -> Values:
    """The texts that runs have under a param or tag, for completion; of a long one, its first 200 characters.

    Counted over the newest runs, as many as a second and a bound of 100,000 allow.
    """
    given = call.query
    with tokens():
        found = call.services.statistics.values(
            call.scope,
            experiment_ids(call),
            KeyKind(given.kind),
            given.key,
            view=View(given.view),
            prefix=given.prefix,
            limit=given.limit or PAGE,
            after=given.page_token,
        )
    return Values(
        [ValueOfKey(item.value, item.runs, item.whole) for item in found.items], _over(found.seen), found.next_token
    )


def spread(call: Call[RangeQuery, None]) -> Range:
    """The range of a metric that was logged without a context, for scales and sliders.

    Over the newest runs, as many as a second and a bound of 100,000 allow.
    """
    view = View(call.query.view)
    found, seen = call.services.statistics.spread(call.scope, experiment_ids(call), call.query.key, view=view)
    return Range(found.runs, found.finite, found.last_min, found.last_max, found.min, found.max, _over(seen))


def _over(seen: Seen) -> Count:
    return Count(seen.runs, seen.complete)


READ = may(Verb.READ, "run")

TABLE = [
    Route("GET", "runs/count", count, READ, query=CountQuery, answer=Count, errors=(NotFound,)),
    Route("GET", "keys", keys, READ, query=KeyQuery, answer=Keys, errors=(NotFound,)),
    Route("GET", "keys/values", values, READ, query=ValueQuery, answer=Values, errors=(NotFound,)),
    Route("GET", "keys/range", spread, READ, query=RangeQuery, answer=Range, errors=(NotFound,)),
]
