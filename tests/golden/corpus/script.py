"""The language of the script: routes, and the cases that are asked of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

API = "/api/2.0/mlflow/"
Pairs = Sequence[tuple[str, object]]
ODD = {"run_id": "${odd}"}  # a run for what only one of the servers keeps; nothing reads it back


@dataclass(frozen=True, slots=True)
class Case:
    """One request to a route: fields go into the query of a GET and into the JSON body otherwise.

    Attributes:
        raw: The body as bytes, sent as it is.
        capture: Variables for later steps, each with the dotted path to its value in the answer.
        base: What stands before the route.
        tail: What is added to the route, such as an artifact's path.
        by_run: The answer's metrics come in the order of run ids, which are drawn anew each time.
    """

    name: str
    fields: Mapping[str, Any] | Pairs | None = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    capture: Mapping[str, str] = field(default_factory=dict)
    base: str = API
    tail: str = ""
    by_run: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A request of the script; `${name}` in path, fields and body stands for what an earlier step captured."""

    id: str
    method: str
    path: str
    case: Case


def case(name: str, fields: Mapping[str, Any] | Pairs | None = None, **given: Any) -> Case:
    """A case with its fields."""
    return Case(name, fields, **given)


def named(names: str, fields: str, *values: Any, **others: Any) -> list[Case]:
    """One case a value, of a single field; the value is part of the case's name."""
    return [Case(f"{names} {_shown(value)}", {**others, fields: value}) for value in values]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:40]}…{len(text)}"


def on(method: str, route: str, *cases: Case | list[Case]) -> Iterator[Step]:
    """The cases of one route, in this order."""
    for item in cases:
        for one in item if isinstance(item, list) else [item]:
            base = "" if route.startswith("/") else one.base
            label = f"{'' if one.base == API else one.base + ' '}{method} {route} | {one.name}"
            yield Step(label, method, f"{base}{route}{one.tail}", one)


def raw(name: str, body: bytes | str, kind: str | None = "application/json", **given: Any) -> Case:
    """A case whose body is sent as it is."""
    data = body.encode() if isinstance(body, str) else body
    return Case(name, raw=data, headers={"Content-Type": kind} if kind else {}, **given)
