"""The search tree compiled to SQL, and keyset paging that stays right while rows are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

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
    Or,
    Order,
    Param,
    Tag,
)
from assay.core.tracking import View
from assay.stores import schema
from assay.stores.delta import Delta
from assay.stores.tokens import digest_of, read_token, write_token
from assay.wire.errors import InvalidInput

INDEXED = 200  # characters of a text that its index holds
PATTERN_BOUND = 10_000  # characters; SQLite refuses a pattern of more than 50,000 bytes


class Asked(NamedTuple):
    """A page of runs that is searched for.

    Attributes:
        workspace_id: Whose runs.
        experiment_ids: Those of them that may be read.
        view: Which lifecycles.
        where: What the runs meet.
        order: The sort keys.
        limit: Runs a page.
        token: Where the last page ended.
        what: All but the last two in words: a token is good for the same words only.
    """

    workspace_id: int
    experiment_ids: Sequence[int]
    view: View
    where: Expr | None
    order: Sequence[Order]
    limit: int
    token: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Target:
    """What is searched: its table, where its tags lie, and the columns that break ties."""

    table: Table
    workspace_id: int
    tie_us: ColumnElement[Any]  # newest first
    tie: ColumnElement[Any]  # then ascending
    tags: Table | None = None  # a table of plain keys; None: the interned ones
    contexts: bool = False  # metrics count in whatever context they were measured, not only in none


class Compiler:
    """Turns a tree into a WHERE clause for one target."""

    def __init__(self, connection: Connection, delta: Delta, target: Target) -> None:
        self._connection = connection
        self._delta = delta
        self._target = target
        self._ids: dict[str, int | None] = {}

    def key_id(self, name: str) -> int | None:
        """The id of an interned key, if anything was ever logged under it."""
        if name not in self._ids:
            key = schema.key
            self._ids[name] = self._connection.execute(
                select(key.c.id).where(key.c.workspace_id == self._target.workspace_id, key.c.name == name)
            ).scalar_one_or_none()
        return self._ids[name]

    def where(self, expr: Expr) -> ColumnElement[bool]:
        """The clause that holds for exactly the rows that the tree asks for."""
        match expr:
            case And(items):
                return and_(true(), *(self.where(item) for item in items))
            case Or(items):
                return or_(false(), *(self.where(item) for item in items))
            case Not(inner):
                return ~self.where(inner)
            case IsNull(field):
                return ~self._holds(field, lambda _: true())
            case Comparison(field, op, value):
                numeric = not isinstance(value, str)
                return self._holds(field, lambda column: _compare(column, op, value), (op, value), numeric=numeric)
            case In(field, values):
                texts = [value for value in values if isinstance(value, str)]
                numbers = [value for value in values if not isinstance(value, str)]
                parts = [
                    self._holds(field, lambda column, some=some: column.in_(some), numeric=some is numbers)
                    for some in (texts, numbers)
                    if some
                ]
                return or_(false(), *parts)
            case Like(field, pattern, case_sensitive):
                check_pattern(pattern)
                return self._holds(field, lambda column: self._delta.like(column, pattern, case_sensitive))

    def _holds(
        self, field: Field, test: Any, equals: tuple[str, Any] | None = None, *, numeric: bool = False
    ) -> ColumnElement[bool]:
        """`numeric`: a param is compared by the number it stands for; what stands for none does not hold."""
        table = self._target.table
        match field:
            case Attribute(name):
                return and_(table.c[name].is_not(None), test(table.c[name]))
            case Address():
                clause: ColumnElement[bool] = test(self._address(field))
                return clause
            case DatasetField(name):
                return self._uses_dataset(name, test)
            case Tag(key) if self._target.tags is not None:
                tags = self._target.tags
                return table.c.id.in_(select(tags.c.experiment_id).where(tags.c.key == key, test(tags.c.value)))
            case Param(key) | Tag(key):
                owned = schema.param if isinstance(field, Param) else schema.tag
                key_id = self.key_id(key)
                if key_id is None:
                    return false()
                column = owned.c.number if numeric and owned is schema.param else owned.c.value
                rows = select(owned.c.owner_id).where(owned.c.key_id == key_id, test(column))
                if equals is not None and equals[0] == "=" and not numeric:
                    rows = rows.where(owned.c.value_key == str(equals[1])[:INDEXED])
                return table.c.id.in_(rows)
            case Metric(key, aggregate, on):
                key_id = None if key is None else self.key_id(key)
                if key is not None and key_id is None:
                    return false()
                name = {"last": "value", "min": "min_value", "max": "max_value"}[aggregate]
                parts = []
                for latest in (schema.metric_latest, schema.metric_live):
                    clause = test(latest.c[name])
                    if equals is not None and equals[0] == "!=":
                        clause = or_(latest.c[name].is_(None), clause)  # NaN, or an extreme of nothing but NaN
                    of_key = true() if key is None else latest.c.key_id == key_id
                    parts.append(select(latest.c.owner_id).where(of_key, self._in_context(latest, on), clause))
                return table.c.id.in_(union_all(*parts))

    def _address(self, field: Address) -> ColumnElement[str]:
        table, experiment = self._target.table, schema.experiment
        place = func.coalesce(experiment.c.artifact_location, literal(field.root) + cast(experiment.c.id, Text))
        of_run = select(func.rtrim(place, "/", type_=Text)).where(experiment.c.id == table.c.experiment_id)
        return of_run.scalar_subquery() + "/" + table.c.uid + field.end

    def _in_context(self, latest: Table, on: Sequence[MeasuredOn]) -> ColumnElement[bool]:
        if not on:
            return true() if self._target.contexts else latest.c.context_id == 0
        context = schema.context
        named = select(context.c.id).where(context.c.workspace_id == self._target.workspace_id)
        return latest.c.context_id.in_(named.where(or_(false(), *map(self._names, on))))

    def _names(self, dataset: MeasuredOn) -> ColumnElement[bool]:
        asked = {"dataset_name": dataset.name, "dataset_digest": dataset.digest}
        document = schema.context.c.document
        return and_(true(), *(self._delta.json_text(document, k) == v for k, v in asked.items() if v is not None))

    def _uses_dataset(self, name: str, test: Any) -> ColumnElement[bool]:
        edge, dataset = schema.edge, schema.dataset
        column = self._delta.json_text(edge.c.detail, "mlflow.data.context") if name == "context" else dataset.c[name]
        uses = select(edge.c.subject_id).join(dataset, dataset.c.id == edge.c.object_id)
        return self._target.table.c.id.in_(uses.where(edge.c.verb == "uses", test(column)))

    def page(
        self, query: Select[Any], orders: Sequence[Order], limit: int, token: str | None, what: str
    ) -> tuple[list[Any], str | None]:
        """The rows of one page and the token of the next.

        Args:
            query: Selects the rows, unordered.
            orders: The sort keys; ties break by the target's own columns.
            limit: Rows a page.
            token: Where the last page ended.
            what: The query in words: a token is good for the same words only.

        Raises:
            InvalidInput: The token is not one of this query.
        """
        digest = digest_of(what)
        keys: list[tuple[ColumnElement[Any], bool]] = []
        for order in orders:
            query, columns = self._sort_keys(query, order)
            keys.extend(columns)
        keys.append((func.coalesce(self._target.tie_us, 0), True))
        keys.append((self._target.tie, False))
        if token is not None:
            kinds = [column.type.python_type for column, _ in keys]
            query = query.where(_after(keys, read_token(token, digest, kinds)))
        query = query.add_columns(*(column.label(f"sort_{i}") for i, (column, _) in enumerate(keys)))
        query = query.order_by(*(column.desc() if down else column.asc() for column, down in keys)).limit(limit + 1)
        rows = list(self._connection.execute(query))
        if len(rows) <= limit:
            return rows, None
        rows = rows[:limit]
        last = [getattr(rows[-1], f"sort_{i}") for i in range(len(keys))]
        return rows, write_token(digest, last)

    def _sort_keys(self, query: Select[Any], order: Order) -> tuple[Select[Any], list[tuple[ColumnElement[Any], bool]]]:
        table, field, down = self._target.table, order.field, order.descending
        if isinstance(field, Attribute):
            column = table.c[field.name]
            empty: Any = 0 if column.type.python_type is int else ""
            return query, [(case((column.is_(None), 1), else_=0), False), (func.coalesce(column, empty), down)]
        if isinstance(field, Address):
            return query, [(self._address(field), down)]
        if isinstance(field, DatasetField):
            raise InvalidInput("Runs cannot be ordered by a dataset", field="order_by")
        if isinstance(field, Tag) and self._target.tags is not None:
            tags = self._target.tags.alias()
            query = query.outerjoin(tags, and_(tags.c.experiment_id == table.c.id, tags.c.key == field.key))
            return query, [
                (case((tags.c.value.is_(None), 1), else_=0), False),
                (func.coalesce(tags.c.value, ""), down),
            ]
        key_id = None if field.key is None else self.key_id(field.key)
        if key_id is None:  # nobody has it now, but somebody may before the next page
            empty = "" if isinstance(field, (Param, Tag)) else 0.0
            missing = 1 if isinstance(field, (Param, Tag)) else 2
            return query, [(literal(missing), False), (literal(empty), down)]
        if isinstance(field, (Param, Tag)):
            owned = (schema.param if isinstance(field, Param) else schema.tag).alias()
            query = query.outerjoin(owned, and_(owned.c.owner_id == table.c.id, owned.c.key_id == key_id))
            return query, [
                (case((owned.c.value.is_(None), 1), else_=0), False),
                (func.coalesce(owned.c.value, ""), down),
            ]
        column_name = {"last": "value", "min": "min_value", "max": "max_value"}[field.aggregate]
        values = union_all(
            *(
                select(latest.c.owner_id, func.max(latest.c[column_name]).label("v"))
                .where(latest.c.key_id == key_id, self._in_context(latest, field.on))
                .group_by(latest.c.owner_id)
                for latest in (schema.metric_latest, schema.metric_live)
            )
        ).subquery()
        query = query.outerjoin(values, values.c.owner_id == table.c.id)
        kind = case((values.c.owner_id.is_(None), 2), (values.c.v.is_(None), 1), else_=0)
        return query, [(kind, False), (func.coalesce(values.c.v, 0.0), down)]


def check_pattern(pattern: str) -> None:
    """Raises InvalidInput for a pattern that no engine takes."""
    if len(pattern) > PATTERN_BOUND:
        raise InvalidInput(
            f"A pattern has {len(pattern)} characters, more than {PATTERN_BOUND}",
            field="filter",
            bound=PATTERN_BOUND,
            remedy="shorten it",
        )


def _compare(column: ColumnElement[Any], op: str, value: Any) -> ColumnElement[bool]:
    bound = literal(value)
    return {
        "=": column == bound,
        "!=": column != bound,
        "<": column < bound,
        "<=": column <= bound,
        ">": column > bound,
        ">=": column >= bound,
    }[op]


def _after(keys: Sequence[tuple[ColumnElement[Any], bool]], last: Sequence[Any]) -> ColumnElement[bool]:
    clause: ColumnElement[bool] = false()
    for (column, down), value in reversed(list(zip(keys, last, strict=True))):
        beyond = column < literal(value) if down else column > literal(value)
        clause = or_(beyond, and_(column == literal(value), clause))
    return clause
