"""MLflow's filter and order_by grammar, compiled to the house's syntax tree.

A filter is comparisons joined by AND. What stock refuses is refused here, as InvalidInput in stock's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assay.core.search.ast import (
    Address,
    And,
    Attribute,
    Comparison,
    DatasetField,
    Expr,
    Field,
    In,
    IsNull,
    Like,
    MeasuredOn,
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
from assay.dialects.mlflow.encode import ROOT
from assay.dialects.mlflow.grammars import (
    ADDRESS,
    COMPARATORS,
    DATASET_KEYS,
    EXPERIMENTS,
    IDS,
    MILLISECONDS,
    MODELS,
    NUMBERS,
    RUNS,
    TEXTS,
    Grammar,
    shown,
)
from assay.wire.errors import InvalidInput

PREDICATE_BOUND = 200
NOTHING = "?"  # a status that nothing has
MAKERS: dict[str, Callable[[str], Field]] = {"metric": Metric, "parameter": Param, "tag": Tag}


def run_filter(text: str) -> Expr | None:
    """The tree of a filter on runs."""
    return _Parser(text, RUNS).filter()


def model_filter(text: str, on: tuple[MeasuredOn, ...] = ()) -> Expr | None:
    """The tree of a filter on logged models; with datasets, metrics count only as measured on one of them."""
    tree = _Parser(text, MODELS).filter()
    if not on:
        return tree
    items = [] if tree is None else list(tree.items) if isinstance(tree, And) else [tree]
    narrowed: list[Expr] = []
    for item in items:
        if isinstance(item, Comparison) and isinstance(item.field, Metric):
            narrowed.append(replace(item, field=replace(item.field, on=on)))
        else:
            narrowed.append(item)
    if narrowed == items:  # no metric is compared: any that was measured there will do
        narrowed.append(Not(IsNull(Metric(None, on=on))))
    return conjunction(narrowed)


def experiment_filter(text: str) -> Expr | None:
    """The tree of a filter on experiments."""
    return _Parser(text, EXPERIMENTS).filter()


def run_order(items: Sequence[str]) -> list[Order]:
    """The sort keys of a search on runs. Raises InvalidInput if one comes twice."""
    orders = [_order(item, RUNS) for item in items]
    if len({order.field for order in orders}) < len(orders):
        raise InvalidInput(f"`order_by` contains duplicate fields: {list(items)}", field="order_by")
    return orders


def experiment_order(items: Sequence[str]) -> list[Order]:
    """The sort keys of a search on experiments."""
    orders = {order.field: order for order in reversed([_order(item, EXPERIMENTS) for item in items])}
    if any(isinstance(field, Tag) for field in orders):
        raise InvalidInput("Invalid order_by entity: tag", field="order_by")
    return list(reversed(orders.values()))


def model_order(name: str, on: MeasuredOn, *, ascending: bool) -> Order:
    """The sort key of a search on logged models; a metric's may be that on one dataset."""
    entity, dot, key = name.partition(".")
    if dot and entity != "metrics":
        raise InvalidInput(f"Invalid order by field name: {name[:500]}. Only metrics are supported.", field="order_by")
    column = MODELS.orders.get(name)
    if column is None and not key:
        raise InvalidInput(f"Invalid order by field name: {name[:500]}", field="order_by")
    measured = (on,) if on != MeasuredOn(None) else ()
    return Order(Metric(key, on=measured) if column is None else Attribute(column), descending=not ascending)


def _order(item: str, grammar: Grammar) -> Order:
    parser = _Parser(item, grammar, ordering=True)
    if parser.peek().kind not in ("word", "quoted", "double"):
        raise _unparsed(item)
    name = parser.name()
    direction = parser.next() if parser.peek().kind == "word" else None
    if parser.peek().kind != "end":
        raise _unparsed(item)
    if direction is not None and direction.word() not in ("ASC", "DESC"):
        raise InvalidInput(f"Invalid ordering key in order_by clause '{item}'.", field="order_by")
    if name.kind == "dataset":
        raise InvalidInput("Invalid identifier type 'dataset'", field="order_by")
    return Order(name.field, descending=direction is not None and direction.word() == "DESC")


def _unparsed(item: str) -> InvalidInput:
    return InvalidInput(f"Invalid order_by clause '{item}'. Could not be parsed.", field="order_by")


@dataclass(frozen=True, slots=True)
class _Name:
    """What stands left of a comparator: its kind, its key as it was written, and the field that it means."""

    kind: str
    key: str
    field: Field

    @property
    def column(self) -> str:
        """Our column, if it is an attribute."""
        return self.field.name if isinstance(self.field, Attribute) else ""

    @property
    def numeric(self) -> bool:
        """Whether it compares with numbers."""
        return self.kind == "metric" or self.column in MILLISECONDS


@dataclass(frozen=True, slots=True)
class _Operand:
    """What stands right of a comparator: its tokens, and its text as it was written."""

    tokens: Sequence[Token]
    raw: str

    @property
    def kind(self) -> str:
        """`string`, `number`, `word`, `list`, or `end` if there is none."""
        kind = self.tokens[0].kind
        return {"double": "string", "mark": "list"}.get(kind, kind)


class _Parser:
    def __init__(self, text: str, grammar: Grammar, *, ordering: bool = False) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._grammar = grammar
        self._ordering = ordering

    def peek(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def fail(self, why: str) -> InvalidInput:
        return InvalidInput(
            self._grammar.clause_words.format(self._text),
            field="filter",
            remedy=f"{why}; join comparisons such as metrics.acc > 0.9 by AND",
        )

    def filter(self) -> Expr | None:
        if not self._text:
            return None
        if self.peek().kind == "end":
            raise InvalidInput(f"Invalid filter '{self._text}'. Could not be parsed.", field="filter")
        items = [self.comparison()]
        while self.peek().word() == "AND":
            self.next()
            items.append(self.comparison())
            if len(items) > PREDICATE_BOUND:
                raise self.fail(f"use at most {PREDICATE_BOUND} comparisons")
        if self.peek().kind != "end":
            raise self.fail(f"{self.peek().text!r} at position {self.peek().at} is unexpected")
        return conjunction(items)

    def name(self) -> _Name:
        token = self.next()
        if token.kind in ("string", "number"):
            raw = self._raw(token)
            raise InvalidInput(f"Invalid comparison clause. Expected 'Identifier' found '{raw}'", field="filter")
        if token.kind not in ("word", "quoted", "double"):
            raise self.fail("start with metrics.KEY")
        if token.kind != "word" or not self.peek().is_mark("."):
            return self._attribute(token.text)
        kind = self._grammar.entities.get(token.text)
        if kind is None:
            raise InvalidInput(self._grammar.entity_words.format(token.text), field="filter")
        self.next()
        key = self._key()
        if kind == "attribute":
            return self._attribute(key)
        if kind == "dataset":
            if key not in DATASET_KEYS:
                raise InvalidInput(
                    f"Invalid dataset key '{key}' specified. Valid keys are '{shown(DATASET_KEYS)}'", field="filter"
                )
            return _Name(kind, key, DatasetField(key))
        return _Name(kind, key, MAKERS[kind](key))

    def _key(self) -> str:
        token = self.next()
        if token.kind in ("quoted", "double"):
            return token.text
        parts: list[str] = []
        while token.kind in ("word", "number"):
            parts.append(token.text)
            following = self.peek()
            if following.at != token.at + len(token.text) or not following.is_mark("."):
                return "".join(parts)
            parts.append(self.next().text)
            token = self.next()
        raise self.fail("write a key after the dot, between ` if it holds signs")

    def _attribute(self, key: str) -> _Name:
        column = (self._grammar.orders if self._ordering else self._grammar.attributes).get(key)
        if column is None:
            raise InvalidInput(self._grammar.key_words(key, ordering=self._ordering), field="filter")
        return _Name("attribute", key, Address(ROOT, "/artifacts") if column == ADDRESS else Attribute(column))

    def comparison(self) -> Expr:
        name = self.name()
        op = self._comparator()
        if op in ("IS NULL", "IS NOT NULL"):
            if name.kind not in ("parameter", "tag"):
                raise InvalidInput(self._grammar.null_words(name.kind, name.key), field="filter")
            return IsNull(name.field) if op == "IS NULL" else Not(IsNull(name.field))
        operand = self._operand()
        if self._grammar.comparator_first:
            self._check_comparator(name, op)
        values = self._values(name, operand)
        self._check_comparator(name, op)
        if (operand.kind == "list") != (op in ("IN", "NOT IN")):
            raise self.fail("write a list in parentheses after IN, and nowhere else")
        if name.column == "status":
            return self._status(op, [str(value) for value in values])
        if op == "NOT IN" and name.kind == "dataset":  # of a run that has datasets
            return And(tuple(Comparison(name.field, "!=", value) for value in values))
        if op in ("IN", "NOT IN"):
            return In(name.field, values) if op == "IN" else Not(In(name.field, values))
        if op in ("LIKE", "ILIKE"):
            if name.column in IDS:
                raise InvalidInput(f"{name.key} is a number and matches no pattern", field="filter")
            return Like(name.field, str(values[0]), case_sensitive=op == "LIKE")
        known: Operator = op  # type: ignore[assignment]
        return Comparison(name.field, known, values[0])

    def _check_comparator(self, name: _Name, op: str) -> None:
        if op not in (NUMBERS if name.numeric else COMPARATORS[name.kind]):
            raise InvalidInput(self._grammar.comparator_words(name.kind, name.key, op), field="filter")

    def _comparator(self) -> str:
        token = self.next()
        if token.kind == "op":
            twice = token.text == "=" and self.peek().kind == "op" and self.peek().at == token.at + 1
            return token.text + self.next().text if twice else token.text
        word = token.word()
        if word in ("IS", "NOT"):
            negation = " NOT" if word == "IS" and self.peek().word() == "NOT" and self.next() else ""
            word = f"{word}{negation} {self.next().word()}"
        if word not in (*TEXTS, "IS NULL", "IS NOT NULL", "NOT LIKE", "NOT ILIKE"):
            raise self.fail("write a comparator after the field")
        return word

    def _operand(self) -> _Operand:
        tokens = [self.next()]
        if tokens[0].is_mark("("):
            while not tokens[-1].is_mark(")"):
                if tokens[-1].kind == "end":
                    raise self.fail("close the list with )")
                tokens.append(self.next())
        elif tokens[0].kind == "word":
            while self.peek().is_mark("."):
                tokens += [self.next(), self.next()]
        elif tokens[0].kind not in ("string", "double", "number"):
            raise self.fail("write a value after the comparator")
        return _Operand(tokens, self._raw(tokens[0]))

    def _raw(self, first: Token) -> str:
        return self._text[first.at : self.peek().at].strip()

    def _values(self, name: _Name, operand: _Operand) -> tuple[Value, ...]:
        kind, raw = operand.kind, operand.raw
        if name.numeric:
            if kind != "number":
                what = "metric" if name.kind == "metric" else f"numeric attribute: {name.key}"
                raise InvalidInput(f"Expected numeric value type for {what}. Found {raw}", field="filter")
            return (self._number(name, raw),)
        if kind == "word":
            raise InvalidInput(
                "Parameter value is either not quoted or unidentified quote types used for string value "
                f"{raw}. Use either single or double quotes.",
                field="filter",
            )
        if kind == "string":
            return (self._text_value(name, operand.tokens[0].text),)
        if kind == "list" and name.kind in ("attribute", "dataset"):
            return tuple(self._text_value(name, text) for text in _listed(operand))
        what = {"attribute": "attributes", "dataset": "dataset attributes"}.get(
            name.kind, f"{name.kind} (e.g. 'my-value')"
        )
        raise InvalidInput(f"Expected a quoted string value for {what}. Got value {raw}", field="filter")

    def _text_value(self, name: _Name, text: str) -> Value:
        return self._number(name, text) if name.column in IDS else text

    def _number(self, name: _Name, text: str) -> int | float:
        try:
            number: int | float = float(text) if name.kind == "metric" else int(float(text))
        except (ValueError, OverflowError):
            raise InvalidInput(f"{text!r} is not a number that can be compared", field="filter") from None
        if name.column in MILLISECONDS:
            number = int(number) * 1_000
        return max(min(number, 2**63 - 1), -(2**63)) if isinstance(number, int) else number

    def _status(self, op: str, given: Sequence[str]) -> Expr:
        """One status of stock may be several of ours, so every comparison becomes a list."""
        names = self._grammar.statuses
        if op in ("LIKE", "ILIKE"):
            pattern = re.escape(given[0]).replace("%", ".*").replace("_", ".")
            flags = re.DOTALL | (re.IGNORECASE if op == "ILIKE" else 0)
            given = [name for name in names if re.fullmatch(pattern, name, flags)]
        found = In(Attribute("status"), tuple(status for name in given for status in names.get(name, ())) or (NOTHING,))
        return Not(found) if op in ("!=", "NOT IN") else found


def _listed(operand: _Operand) -> list[str]:
    inner = operand.tokens[1:-1]
    where = "While parsing a list in the query, expected"
    if not inner:
        raise InvalidInput(f"{where} a non-empty list of string values, but got empty list", field="filter")
    if any(token.kind not in ("string", "double") and not token.is_mark(",") for token in inner):
        raise InvalidInput(
            f"{where} string value, punctuation, or whitespace, but got different type in list: {operand.raw}",
            field="filter",
        )
    return [token.text for token in inner if token.kind != "mark"]
