"""One call of an mlflow client: its fields, the services, and how its handlers are registered."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from assay.core.scope import Scope
from assay.core.tracking import Experiment
from assay.dialects.mlflow import encode
from assay.dialects.rules import Rule
from assay.services.house import Services
from assay.wire.errors import InvalidInput

BOUND = 2**63
Pieces = Generator[bytes, None, None]  # an answer that is encoded piece by piece: what a heavy read is
Handler = Callable[["Call"], dict[str, Any] | Response | Pieces]


@dataclass(slots=True)
class House:
    """What all calls share: the services, a source of names, and where experiments keep their files."""

    services: Services
    new_name: Callable[[], str]
    locations: dict[int, str]

    def location(self, scope: Scope, experiment_id: int, read: Callable[[int], Experiment] | None = None) -> str:
        """Where the experiment's files lie; it never changes. `read`: how who holds a snapshot reads it."""
        found = self.locations.get(experiment_id)
        if found is None:
            experiment = read(experiment_id) if read else self.services.experiments.get(scope, experiment_id)
            found = encode.location(experiment).rstrip("/")
            self.locations[experiment_id] = found
        return found


@dataclass(slots=True)
class Call:
    """A request after decoding."""

    house: House
    scope: Scope
    fields: dict[str, Any]

    @property
    def services(self) -> Services:
        """The use cases."""
        return self.house.services


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path below /mlflow, the function that answers, and who may ask."""

    method: str
    path: str
    handler: Handler
    rule: Rule


ROUTES: list[Route] = []


def route(method: str, path: str, rule: Rule) -> Callable[[Handler], Handler]:
    """Registers a handler that runs in a thread."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, path, handler, rule))
        return handler

    return register


def experiment_id(value: object) -> int:
    """MLflow's experiment id: an integer in a string."""
    try:
        id = int(value) if isinstance(value, (str, int)) and len(str(value)) < 30 else None
    except ValueError:
        id = None
    if id is None or not -BOUND <= id < BOUND:
        shown = str(value)[:100]
        raise InvalidInput(
            f"Invalid experiment ID '{shown}'. Experiment ID must be a valid integer.", field="experiment_id"
        )
    return id
