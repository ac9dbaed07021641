"""What MLflow's filters on runs, experiments and logged models may name, and stock's words for what they may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

METRICS = dict.fromkeys(("metric", "metrics"), "metric")
PARAMS = dict.fromkeys(("param", "params", "parameter", "parameters"), "parameter")
TAGS = dict.fromkeys(("tag", "tags"), "tag")
ATTRIBUTES = dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute")
DATASETS = dict.fromkeys(("dataset", "datasets"), "dataset")
DATASET_KEYS = ("context", "digest", "name")

NUMBERS = ("!=", "<", "<=", "=", ">", ">=")
NULLABLE = ("!=", "=", "ILIKE", "IS NOT NULL", "IS NULL", "LIKE")
TEXTS = ("!=", "=", "ILIKE", "IN", "LIKE", "NOT IN")
COMPARATORS = {"metric": NUMBERS, "parameter": NULLABLE, "tag": NULLABLE, "attribute": TEXTS, "dataset": TEXTS}
UNCLOSED = {"metric", "tag", "dataset"}  # stock forgets the last quote of these sentences

ADDRESS = "artifact_uri"  # no column: it follows from the experiment's place and the run's uid
# MLflow's attribute -> our column
RUN_ORDERS = {
    "Created": "start_us",
    "artifact_uri": ADDRESS,
    "created": "start_us",
    "end_time": "end_us",
    "run_id": "uid",
    "run_name": "name",
    "start_time": "start_us",
    "status": "status",
    "user_id": "user_name",
}
EXPERIMENT_ATTRIBUTES = {
    "creation_time": "created_us",
    "experiment_id": "id",
    "last_update_time": "updated_us",
    "name": "name",
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
MILLISECONDS = {"start_us", "end_us", "created_us", "updated_us"}
IDS = {"id", "experiment_id"}  # integers that MLflow writes as text


@dataclass(frozen=True, slots=True)
class Grammar:
    """One kind of filter.

    Attributes:
        entities: What may stand before the dot, and what it means.
        attributes: MLflow's attribute -> our column, where a filter names it.
        orders: The same where order_by names it.
        statuses: MLflow's status -> ours; several of ours may be one of theirs.
        entity_words: Stock's refusal of another entity; `{}` is its name.
        clause_words: Stock's refusal of what is no comparison; `{}` is the filter.
        comparator_first: Whether stock looks at the comparator before the value, if both are wrong.
    """

    entities: Mapping[str, str]
    attributes: Mapping[str, str]
    orders: Mapping[str, str]
    statuses: Mapping[str, tuple[str, ...]]
    entity_words: str
    clause_words: str
    comparator_first: ClassVar[bool] = False

    def comparator_words(self, kind: str, key: str, op: str) -> str:
        """Stock's refusal of a comparator."""
        return f"Invalid comparator '{op}' not one of '{shown(COMPARATORS[kind])}" + "'" * (kind not in UNCLOSED)

    def null_words(self, kind: str, key: str) -> str:
        """Stock's refusal of IS NULL."""
        return f"IS NULL / IS NOT NULL is only supported for tags and params, not for '{kind}' '{key}'"

    def key_words(self, key: str, *, ordering: bool = False) -> str:
        """Stock's refusal of an attribute."""
        known = self.orders if ordering else self.attributes
        return f"Invalid attribute key '{key}' specified. Valid keys are '{shown(known)}'"


class ModelGrammar(Grammar):
    """The filter on logged models, which stock reads and refuses by code of its own."""

    comparator_first = True

    def comparator_words(self, kind: str, key: str, op: str) -> str:
        """Stock's refusal of a comparator."""
        names = {"metric": "metrics", "parameter": "params", "tag": "tags", "attribute": "attributes"}
        return (
            f"Invalid comparison operator for {names[kind]}.{key}: '{op}'. "
            "Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')."
        )


def shown(names: Iterable[str]) -> str:
    """Names as Python shows a set of them."""
    return "{" + ", ".join(f"'{name}'" for name in sorted(names)) + "}"


RUNS = Grammar(
    METRICS | PARAMS | TAGS | ATTRIBUTES | DATASETS,
    RUN_ORDERS | dict.fromkeys(("run name", "Run name", "Run Name"), "name"),
    RUN_ORDERS,
    {
        "RUNNING": ("running",),
        "SCHEDULED": ("scheduled",),
        "FINISHED": ("finished",),
        "FAILED": ("failed",),
        "KILLED": ("interrupted", "stopped"),
    },
    "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    "Invalid clause(s) in filter string: {}",
)
EXPERIMENTS = Grammar(
    TAGS | {"attribute": "attribute"},
    EXPERIMENT_ATTRIBUTES,
    EXPERIMENT_ATTRIBUTES,
    {},
    "Invalid entity type '{}'. Valid entity types are ('attribute', 'tag', 'tags')",
    "Invalid clause(s) in filter string: {}",
)
MODELS = ModelGrammar(
    {"metrics": "metric", "params": "parameter", "tags": "tag", "attributes": "attribute"},
    MODEL_ATTRIBUTES,
    MODEL_ATTRIBUTES,
    {"PENDING": ("pending",), "READY": ("ready",), "FAILED": ("failed",)},
    "Invalid entity type: '{}'. Expected one of ['attributes', 'metrics', 'params', 'tags'].",
    "Invalid filter string: {!r}. Expected a list of comparisons separated by 'AND' "
    "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
)
