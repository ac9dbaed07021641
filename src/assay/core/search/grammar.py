"""The native grammar: everything MLflow's has, and OR, NOT, parentheses, IN for all, extremes and relative times."""

from __future__ import annotations

from typing import Literal

from assay.core.search.ast import (
    And,
    Attribute,
    Comparison,
    Expr,
    Field,
    In,
    IsNull,
    Like,
    Metric,
    Not,
    Operator,
    Or,
    Order,
    Param,
    Tag,
    Value,
)
from assay.core.search.tokens import Token, tokenize
from assay.wire.errors import InvalidInput

PREDICATE_BOUND = 200
DEPTH_BOUND = 50
TIME_BOUND_MS = 10**15
ATTRIBUTES = {
    "id": "uid",
    "name": "name",
    "status": "status",
    "user": "user_name",
    "parent": "parent_uid",
    "start_time": "start_us",
    "end_time": "end_us",
    "created": "created_us",
}
TIMES = {"start_us", "end_us", "created_us"}
UNIT_US = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
OWNED: dict[str, type[Param] | type[Tag]] = {"params": Param, "param": Param, "tags": Tag, "tag": Tag}
METRICS = ("metrics", "metric")
AGGREGATES: dict[str, Literal["last", "min", "max"]] = {"last": "last", "min": "min", "max": "max"}


def parse(text: str, now_us: int) -> Expr | None:
    """The tree of a filter; None for an empty one. `now` in the text stands for `now_us`.

    Raises:
        InvalidInput: With the position of what is not understood.
    """
    parser = _Parser(text, now_us)
    if parser.peek().kind == "end":
        return None
    expr = parser.either(0)
    parser.end()
    return expr


def parse_order(text: str) -> Order:
    """A sort key: a field and ASC or DESC. Raises InvalidInput."""
    parser = _Parser(text, 0)
    field = parser.field()
    direction = parser.peek().word()
    if direction in ("ASC", "DESC"):
        parser.next()
    parser.end()
    return Order(field, descending=direction == "DESC")


class _Parser:
    def __init__(self, text: str, now_us: int) -> None:
        self._tokens = tokenize(text, plain=True)
        self._at = 0
        self._count = 0
        self._now_us = now_us

    def peek(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def fail(self, wanted: str, token: Token) -> InvalidInput:
        found = "the end" if token.kind == "end" else repr(token.text)
        return InvalidInput(
            f"Expected {wanted} at position {token.at}, found {found}",
            field="filter",
            remedy="write for example: metrics.auc > 0.9 AND params.model = 'xgb'",
        )

    def end(self) -> None:
        if self.peek().kind != "end":
            raise self.fail("AND, OR or the end", self.peek())

    def either(self, depth: int) -> Expr:
        items = [self.both(depth)]
        while self.peek().word() == "OR":
            self.next()
            items.append(self.both(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def both(self, depth: int) -> Expr:
        items = [self.unary(depth)]
        while self.peek().word() == "AND":
            self.next()
            items.append(self.unary(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def unary(self, depth: int) -> Expr:
        if depth > DEPTH_BOUND:
            raise InvalidInput(
                "The filter is nested too deeply", field="filter", bound=DEPTH_BOUND, remedy="flatten it"
            )
        if self.peek().word() == "NOT":
            self.next()
            return Not(self.unary(depth + 1))
        if self.peek().is_mark("("):
            self.next()
            inner = self.either(depth + 1)
            self._mark(")")
            return inner
        return self.predicate()

    def _mark(self, text: str) -> None:
        token = self.next()
        if not token.is_mark(text):
            raise self.fail(repr(text), token)

    def field(self) -> Field:
        token = self.next()
        aggregate = AGGREGATES.get(token.text.lower()) if token.kind == "word" else None
        if aggregate is not None and self.peek().is_mark("("):
            self.next()
            inner = self.next()
            if inner.text not in METRICS:
                raise self.fail("metrics.KEY", inner)
            self._mark(".")
            key = self._key()
            self._mark(")")
            return Metric(key, aggregate)
        if token.kind != "word":
            raise self.fail("a field", token)
        if self.peek().is_mark("."):
            self.next()
            if token.text in METRICS:
                return Metric(self._key())
            if token.text in OWNED:
                return OWNED[token.text](self._key())
            if token.text not in ("attributes", "attr", "run"):
                raise self.fail("metrics, params, tags or attributes", token)
            token = self.next()
        column = ATTRIBUTES.get(token.text)
        if column is None:
            raise self.fail("one of " + ", ".join(ATTRIBUTES) + ", metrics.KEY, params.KEY or tags.KEY", token)
        return Attribute(column)

    def _key(self) -> str:
        token = self.next()
        if token.kind in ("quoted", "double"):
            return token.text
        parts: list[str] = []
        while token.kind in ("word", "number"):
            parts.append(token.text)
            if not self.peek().is_mark("."):
                return "".join(parts)
            parts.append(self.next().text)
            token = self.next()
        raise self.fail("a key", token)

    def predicate(self) -> Expr:
        self._count += 1
        if self._count > PREDICATE_BOUND:
            raise InvalidInput(
                "The filter has too many comparisons", field="filter", bound=PREDICATE_BOUND, remedy="use IN"
            )
        field = self.field()
        token = self.next()
        word = token.word()
        if word == "IS":
            negated = self.peek().word() == "NOT"
            if negated:
                self.next()
            end = self.next()
            if end.word() != "NULL":
                raise self.fail("NULL", end)
            return Not(IsNull(field)) if negated else IsNull(field)
        if word == "NOT":
            token = self.next()
            if token.word() not in ("IN", "LIKE", "ILIKE"):
                raise self.fail("IN, LIKE or ILIKE", token)
            return Not(self._set_or_like(field, token))
        if word in ("IN", "LIKE", "ILIKE"):
            return self._set_or_like(field, token)
        if token.kind != "op":
            raise self.fail("a comparison", token)
        op: Operator = "!=" if token.text == "<>" else token.text  # type: ignore[assignment]
        return Comparison(field, op, self._value(field))

    def _set_or_like(self, field: Field, token: Token) -> Expr:
        if token.word() == "IN":
            self._mark("(")
            values = [self._value(field)]
            while self.peek().is_mark(","):
                self.next()
                values.append(self._value(field))
            self._mark(")")
            return In(field, tuple(values))
        if isinstance(field, Metric) or (isinstance(field, Attribute) and field.name in TIMES):
            raise self.fail("a comparison of numbers", token)
        pattern = self.next()
        if pattern.kind not in ("string", "double"):
            raise self.fail("a quoted pattern", pattern)
        return Like(field, pattern.text, case_sensitive=token.word() == "LIKE")

    def _value(self, field: Field) -> Value:
        token = self.next()
        is_time = isinstance(field, Attribute) and field.name in TIMES
        if is_time and token.kind == "word" and token.text[:3].lower() == "now" and token.text[3:4] in ("", "-"):
            return self._now_us - self._ago(token, token.text[3:])
        if token.kind == "number" and (isinstance(field, (Metric, Param)) or is_time):
            number = float(token.text)
            if not is_time:
                return number
            if abs(number) > TIME_BOUND_MS:
                raise self.fail("a time in milliseconds", token)
            return int(number) * 1_000
        if token.kind in ("string", "double") and not isinstance(field, Metric) and not is_time:
            return token.text
        if is_time:
            raise self.fail("a time: now - 7d, or milliseconds", token)
        raise self.fail("a number" if isinstance(field, Metric) else "a value in single quotes", token)

    def _ago(self, now: Token, text: str) -> int:
        if not text and self.peek().text.startswith("-"):  # "now - 7d" is three pieces, "now-7d" one
            text = self.next().text
        if not text:
            return 0
        span = text[1:] or self.next().text
        if not span[:-1].isdecimal() or span[-1:] not in UNIT_US or len(span) > 8:
            raise self.fail("a span such as 7d, 12h or 30m", now)
        return int(span[:-1]) * UNIT_US[span[-1]]
