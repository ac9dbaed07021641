"""Filters, orders and page tokens of /api/v1, for the kinds of things that can be listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import msgspec

from assay.core.search.ast import And, Attribute, Comparison, Expr, In, IsNull, Like, Metric, Not, Or, Order, Param
from assay.core.search.grammar import ATTRIBUTES, parse, parse_order
from assay.core.tracking import View
from assay.wire.errors import InvalidInput

PAGE_BOUND = 10_000
TEXT_BOUND = 20_000  # characters of a filter
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)]
ExperimentId = Annotated[int, msgspec.Meta(ge=0, lt=10**18)]
# Which columns of its table a kind has beside tags; runs have all, and so have models params and metrics.
EXPERIMENTS = frozenset({"name", "created_us"})
MODELS = frozenset({"uid", "name", "status", "created_us"})
RUNS = frozenset(ATTRIBUTES.values())


class Listing(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A page of a listing: which things, in which order, how many, and after which page."""

    filter: str = ""
    order_by: list[str] = []
    limit: Limit | None = None
    page_token: str | None = None


def where(text: str, now_us: int, columns: frozenset[str]) -> Expr | None:
    """The tree of a filter on things that have these columns. Raises InvalidInput."""
    if len(text) > TEXT_BOUND:
        raise InvalidInput(
            f"The filter has {len(text)} characters", field="filter", bound=TEXT_BOUND, remedy="shorten it"
        )
    found = parse(text, now_us)
    if found is not None:
        _check(found, columns)
    return found


def orders(texts: Sequence[str], columns: frozenset[str]) -> list[Order]:
    """The sort keys of things that have these columns. Raises InvalidInput."""
    found = [parse_order(text) for text in texts]
    for order in found:
        _check_field(order.field, columns, "order_by")
    return found


def _check(expr: Expr, columns: frozenset[str]) -> None:
    match expr:
        case And(items) | Or(items):
            for item in items:
                _check(item, columns)
        case Not(inner):
            _check(inner, columns)
        case Comparison(field) | Like(field) | In(field) | IsNull(field):
            _check_field(field, columns, "filter")


def _check_field(field: object, columns: frozenset[str], where: str) -> None:
    known = not isinstance(field, Attribute) or field.name in columns
    if columns == EXPERIMENTS:
        known = known and not isinstance(field, (Param, Metric))
    if not known:
        names = [name for name, column in ATTRIBUTES.items() if column in columns]
        raise InvalidInput("These things have no such field", field=where, remedy=f"use {', '.join(names)} or tags.KEY")


def begun(token: str | None, now_us: Callable[[], int]) -> tuple[int, str | None]:
    """What `now` means on all pages of a listing, and the store's own token: ours carries both."""
    if not token:
        return now_us(), None
    moment, dot, rest = token.partition(".")
    if not (dot and moment.isascii() and moment.isdigit() and len(moment) < 19):
        raise InvalidInput("The page token cannot be read", field="page_token", remedy="begin with the first page")
    return int(moment), rest


def continued(now_us: int, token: str | None) -> str | None:
    """The token of the next page, if there is one."""
    return None if token is None else f"{now_us}.{token}"


@contextmanager
def tokens() -> Iterator[None]:
    """What a service says of where its page begins is said of our `page_token`."""
    try:
        yield
    except InvalidInput as error:
        if error.field != "after":
            raise
        remedy = "send the token of the page before"
        raise InvalidInput(error.message, field="page_token", remedy=remedy) from None


def seen(view: str) -> View:
    """The experiments that hold what a view of runs shows: deleted runs may lie in deleted ones."""
    return View.ACTIVE if view == View.ACTIVE else View.ALL
