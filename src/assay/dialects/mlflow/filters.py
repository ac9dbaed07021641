"""MLflow's filter and order_by grammar, compiled to the house's syntax tree.

A filter is comparisons joined by AND. What stock refuses is refused here, as InvalidInput.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.core.search.ast import (
    Attribute,
    Comparison,
    DatasetField,
    Expr,
    Field,
    In,
    IsNull,
    Like,
    Metric,
    Not,
    Operator,
    Order,
    Param,
    Tag,
    Value,
    conjunction,
)
from assay.core.search.tokens import Token, tokenize
from assay.wire.errors import InvalidInput

PREDICATE_BOUND = 200

ENTITIES = {
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}
# MLflow's attribute -> our column, and how its text or number is read
RUN_ATTRIBUTES = {
    "run_id": "uid",
    "run_name": "name",
    "run name": "name",
    "status": "status",
    "user_id": "user_name",
    "start_time": "start_us",
    "created": "start_us",
    "end_time": "end_us",
}
MODEL_ATTRIBUTES = {
    "name": "name",
    "model_id": "uid",
    "model_type": "model_type",
    "status": "status",
    "source_run_id": "run_uid",
    "creation_timestamp": "created_us",
    "creation_time": "created_us",
    "last_updated_timestamp": "updated_us",
    "last_updated_time": "updated_us",
    "experiment_id": "experiment_id",
}
EXPERIMENT_ATTRIBUTES = {
    "name": "name",
    "experiment_id": "id",
    "creation_time": "created_us",
    "last_update_time": "updated_us",
}
MILLISECONDS = {"start_us", "end_us", "created_us", "updated_us"}
NUMERIC = MILLISECONDS | {"experiment_id", "id"}
STATUSES = {"RUNNING": "running", "SCHEDULED": "scheduled", "FINISHED": "finished", "FAILED": "failed"}
MODEL_STATUSES = {"PENDING": "pending", "READY": "ready", "FAILED": "failed"}


def run_filter(text: str) -> Expr | None:
    """The tree of a filter on runs."""
    return _Parser(text, RUN_ATTRIBUTES, STATUSES).filter()


def model_filter(text: str) -> Expr | None:
    """The tree of a filter on logged models."""
    return _Parser(text, MODEL_ATTRIBUTES, MODEL_STATUSES).filter()


def experiment_filter(text: str) -> Expr | None:
    """The tree of a filter on experiments."""
    return _Parser(text, EXPERIMENT_ATTRIBUTES, {}).filter()


def run_order(items: Sequence[str]) -> list[Order]:
    """The sort keys of a search on runs."""
    return _orders(items, RUN_ATTRIBUTES)


def experiment_order(items: Sequence[str]) -> list[Order]:
    """The sort keys of a search on experiments."""
    return _orders(items, EXPERIMENT_ATTRIBUTES)


def model_order(name: str, *, ascending: bool) -> Order:
    """The sort key of a search on logged models."""
    parser = _Parser(name, MODEL_ATTRIBUTES, {})
    field = parser.field()
    parser.expect_end("order_by")
    return Order(field, descending=not ascending)


def _orders(items: Sequence[str], attributes: dict[str, str]) -> list[Order]:
    orders: list[Order] = []
    for item in items:
        parser = _Parser(item, attributes, {})
        field = parser.field()
        direction = parser.peek().word()
        if direction in ("ASC", "DESC"):
            parser.next()
        if parser.peek().kind != "end":
            raise InvalidInput(f"Invalid order_by clause '{item}'", field="order_by", remedy="write: KEY [ASC | DESC]")
        if any(order.field == field for order in orders):
            raise InvalidInput(f"`order_by` contains duplicate fields: {list(items)}", field="order_by")
        orders.append(Order(field, descending=direction == "DESC"))
    return orders


class _Parser:
    def __init__(self, text: str, attributes: dict[str, str], statuses: dict[str, str]) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._attributes = attributes
        self._statuses = statuses

    def peek(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def fail(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"Invalid clause(s) in filter string: {self._text!r}: {why}",
            field="filter",
            remedy="join comparisons such as metrics.acc > 0.9 by AND",
        )

    def expect_end(self, field: str) -> None:
        if self.peek().kind != "end":
            raise InvalidInput(f"Invalid {field} clause '{self._text}'", field=field)

    def filter(self) -> Expr | None:
        if self.peek().kind == "end":
            return None
        items = [self.comparison()]
        while self.peek().word() == "AND":
            self.next()
            items.append(self.comparison())
            if len(items) > PREDICATE_BOUND:
                raise self.fail(f"more than {PREDICATE_BOUND} comparisons")
        if self.peek().kind != "end":
            raise self.fail(f"unexpected {self.peek().text!r} at position {self.peek().at}")
        return conjunction(items)

    def field(self) -> Field:
        token = self.next()
        if token.kind not in ("word", "quoted", "double"):
            raise InvalidInput(
                f"Invalid identifier {token.text!r} in {self._text!r}", field="filter", remedy="start with metrics.KEY"
            )
        entity = ENTITIES.get(token.text.lower()) if token.kind == "word" else None
        if entity is None or self.peek().text != "." or self.peek().kind != "mark":
            return self._attribute(token.text)
        self.next()
        key = self._key()
        if entity == "attribute":
            return self._attribute(key)
        if entity == "dataset":
            if key not in ("name", "digest", "context"):
                raise InvalidInput(
                    f"Invalid dataset attribute key '{key}' specified. Valid keys are name, digest, context",
                    field="filter",
                )
            return DatasetField(key)
        makers: dict[str, Callable[[str], Field]] = {"metric": Metric, "param": Param, "tag": Tag}
        return makers[entity](key)

    def _key(self) -> str:
        token = self.next()
        if token.kind in ("quoted", "double"):
            return token.text
        parts: list[str] = []
        while token.kind in ("word", "number"):
            parts.append(token.text)
            following = self.peek()
            joined = following.at == token.at + len(token.text)
            if not (joined and following.text == "." and following.kind == "mark"):
                return "".join(parts)
            parts.append(self.next().text)
            token = self.next()
        raise self.fail("a key is missing after the dot; quote keys that hold signs with `")

    def _attribute(self, name: str) -> Attribute:
        column = self._attributes.get(name) or self._attributes.get(name.lower())
        if column is None:
            valid = ", ".join(sorted(self._attributes))
            raise InvalidInput(f"Invalid attribute key '{name}' specified. Valid keys are '{valid}'", field="filter")
        return Attribute(column)

    def comparison(self) -> Expr:
        field = self.field()
        token = self.next()
        word = token.word()
        if word == "IS":
            negated = self.peek().word() == "NOT"
            if negated:
                self.next()
            if self.next().word() != "NULL" or not isinstance(field, (Param, Tag)):
                raise self.fail("IS NULL and IS NOT NULL are for params and tags")
            return Not(IsNull(field)) if negated else IsNull(field)
        if word == "NOT" and self.peek().word() == "IN":
            self.next()
            return Not(In(field, self._list(field)))
        if word == "IN":
            return In(field, self._list(field))
        if word in ("LIKE", "ILIKE"):
            if self._numeric(field):
                raise InvalidInput(f"Invalid comparator '{token.text}' for a number in {self._text!r}", field="filter")
            return Like(field, self._string(), case_sensitive=word == "LIKE")
        if token.kind != "op" or token.text == "<>":
            raise self.fail(f"expected a comparator, found {token.text!r}")
        op: Operator = token.text  # type: ignore[assignment]
        if self._numeric(field):
            return Comparison(field, op, self._number(field))
        if op not in ("=", "!="):
            raise InvalidInput(f"Invalid comparator '{op}' for text in {self._text!r}", field="filter")
        value = self._string()
        if isinstance(field, Attribute) and field.name == "status" and value.upper() == "KILLED":
            killed = In(field, ("interrupted", "stopped"))
            return killed if op == "=" else Not(killed)
        return Comparison(field, op, self._status(field, value))

    def _numeric(self, field: Field) -> bool:
        return isinstance(field, Metric) or (isinstance(field, Attribute) and field.name in NUMERIC)

    def _status(self, field: Field, value: str) -> Value:
        if isinstance(field, Attribute) and field.name == "status":
            return self._statuses.get(value.upper(), value)
        return value

    def _string(self) -> str:
        token = self.next()
        if token.kind not in ("string", "double"):
            raise InvalidInput(
                f"Expected a quoted string value in {self._text!r}, found {token.text!r}",
                field="filter",
                remedy="put the value between single quotes",
            )
        return token.text

    def _number(self, field: Field) -> Value:
        token = self.next()
        text = token.text
        if isinstance(field, Attribute) and token.kind in ("string", "double"):
            token = Token("number", text, token.at)
        if token.kind != "number":
            raise InvalidInput(
                f"Expected a numeric value in {self._text!r}, found {text!r}",
                field="filter",
                remedy="write the number without quotes",
            )
        try:
            number: int | float = float(text) if isinstance(field, Metric) else int(float(text))
        except (ValueError, OverflowError):
            raise InvalidInput(f"{text!r} is not a number that can be compared", field="filter") from None
        if isinstance(field, Attribute) and field.name in MILLISECONDS:
            number = int(number) * 1_000
        return max(min(number, 2**63 - 1), -(2**63)) if isinstance(number, int) else number

    def _list(self, field: Field) -> tuple[Value, ...]:
        allowed = isinstance(field, DatasetField) or (isinstance(field, Attribute) and field.name not in NUMERIC)
        if not allowed:
            raise InvalidInput(
                f"Only attributes such as 'run_id' support IN and NOT IN, in {self._text!r}", field="filter"
            )
        if self.next().text != "(":
            raise self.fail("IN needs a list in parentheses")
        values = [self._status(field, self._string())]
        while self.peek().text == ",":
            self.next()
            values.append(self._status(field, self._string()))
        if self.next().text != ")":
            raise self.fail("the list after IN is not closed")
        return tuple(values)
