"""PATCH /api/v1/runs/{id}: everything that may be said of a run after it has begun."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from assay.core.config import fill, index, merge
from assay.core.scope import Scope
from assay.core.tracking import NOTE_TAG, PARENT_TAG, Dataset, DatasetInput, Logged, ModelUse, Status
from assay.services.base import check_text
from assay.services.groups import NAME_BOUND as GROUP_BOUND
from assay.services.house import Services
from assay.services.runs import KEY_BOUND, NAME_BOUND, PARAM_BOUND, TAG_BOUND, active
from assay.wire.errors import NotFound

Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # microseconds since 1970
Step = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=65_535)]
GROUPS_BOUND = 100
USES_BOUND = 1_000
Uses = Annotated[list["Use"], msgspec.Meta(max_length=USES_BOUND)]


class GivenDataset(msgspec.Struct, forbid_unknown_fields=True):
    """A dataset that a run used, as its logger describes it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    digest: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    source_type: Text
    source: Text
    schema: Annotated[str, msgspec.Meta(max_length=1_048_575)] | None = None
    profile: Annotated[str, msgspec.Meta(max_length=1_048_575)] | None = None
    tags: dict[str, str] = {}


class Use(msgspec.Struct, forbid_unknown_fields=True):
    """A logged model that a run used or made, and at which step."""

    id: Annotated[str, msgspec.Meta(pattern="^m-[0-9a-f]{32}$")]
    step: Step = 0


class RunChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a run; what is absent stays."""

    name: str | None = None
    status: Status | None = None
    end_us: Time | None = None
    config: dict[str, Any] | None = None  # merged
    config_replaced: dict[str, Any] | None = None  # stands instead of what was there
    defaults: dict[str, Any] | None = None  # nobody chose it: it fills what is not set
    params: dict[str, str] = {}  # as they are sent; they never change
    tags: dict[str, str | None] = {}
    note: str | UnsetType | None = UNSET
    parent: str | UnsetType | None = UNSET
    groups: Annotated[list[str], msgspec.Meta(max_length=GROUPS_BOUND)] = []  # joined
    datasets: Annotated[list[GivenDataset], msgspec.Meta(max_length=USES_BOUND)] = []
    models_used: Uses = []
    models_made: Uses = []


def check(
    params: Mapping[str, str],
    config: Mapping[str, Any] | None,
    *groups: str | None,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Returns if these may be a run's, whatever it has. Raises InvalidInput."""
    for key, value in params.items():
        check_text("param key", key, KEY_BOUND)
        check_text("param value", value, PARAM_BOUND, blank=True)
    for field, document in (("config", config), ("defaults", defaults)):
        for key, leaf in index(document or {}, field).items():
            check_text(f"{field} key", key, KEY_BOUND)
            check_text(f"{field}.{key}", leaf.text, PARAM_BOUND, blank=True)
    if config and defaults:  # together they may be too much
        index(fill(config, defaults, index(config)))
    for name in groups:
        if name is not None:
            check_text("group", name, GROUP_BOUND)


def change(services: Services, scope: Scope, uid: str, given: RunChange) -> None:
    """The run is as it was told to be. What can be refused is refused before anything is changed.

    Raises:
        NotFound: There is no such run, or no such model.
        NotActive: The run is deleted.
        InvalidInput: A field is out of bounds.
        ParamChanged: A param has another value.
    """
    sets, gone = _tags(given)
    datasets = list(map(_dataset, given.datasets))
    check(given.params, given.config, *given.groups, defaults=given.defaults)
    check({}, given.config_replaced)
    if given.config or given.defaults:  # together with what is there it may be too much, or say one key twice
        before = services.configs.get(scope, uid)[1] if given.config_replaced is None else given.config_replaced
        config = merge(before, given.config or {})
        check({}, fill(config, given.defaults or {}, index(config)))
    if given.name is not None:
        check_text("run_name", given.name, NAME_BOUND, blank=True)
    run = active(services.runs.head(scope, uid))
    for use in (*given.models_used, *given.models_made):
        services.models.get(scope, use.id)
    if given.params or sets:
        services.runs.log(scope, Logged(uid, params=given.params, tags=sets)).result()
    if (given.name, given.status, given.end_us) != (None, None, None):
        services.runs.update(scope, uid, name=given.name, status=given.status, end_us=given.end_us)
    if given.config_replaced is not None:
        services.configs.replace(scope, uid, given.config_replaced)
    if given.config is not None:
        services.configs.merge(scope, uid, given.config)
    if given.defaults:
        services.configs.fill(scope, uid, given.defaults)
    for key in gone:
        with suppress(NotFound):  # it is gone
            services.runs.delete_tag(scope, uid, key)
    for name in given.groups:
        services.groups.join(scope, run.experiment_id, name, uid)
    if datasets or given.models_used:
        services.runs.add_inputs(scope, uid, datasets, _uses(given.models_used))
    if given.models_made:
        services.runs.add_outputs(scope, uid, _uses(given.models_made))


def _tags(given: RunChange) -> tuple[dict[str, str], list[str]]:
    """The tags that are set, and the keys of those that are taken away."""
    said = ((NOTE_TAG, given.note), (PARENT_TAG, given.parent))
    asked = given.tags | {key: value for key, value in said if not isinstance(value, UnsetType)}
    for key, text in asked.items():
        check_text("tag key", key, KEY_BOUND)
        check_text("tag value", text or "", TAG_BOUND, blank=True)
    sets = {key: text for key, text in asked.items() if text is not None}
    return sets, [key for key, text in asked.items() if text is None]


def _dataset(item: GivenDataset) -> DatasetInput:
    for field, text, bound in (
        ("datasets.name", item.name, 500),
        ("datasets.digest", item.digest, 36),
        ("datasets.source_type", item.source_type, 65_535),
        ("datasets.source", item.source, 65_535),
        ("datasets.schema", item.schema or "", 1_048_575),
        ("datasets.profile", item.profile or "", 1_048_575),
    ):
        check_text(field, text, bound, blank=field != "datasets.name")
    for key, value in item.tags.items():
        check_text("datasets.tags key", key, KEY_BOUND)
        check_text("datasets.tags value", value, TAG_BOUND, blank=True)
    dataset = Dataset(item.name, item.digest, item.source_type, item.source, item.schema, item.profile)
    return DatasetInput(dataset, item.tags)


def _uses(given: list[Use]) -> list[ModelUse]:
    return [ModelUse(use.id, use.step) for use in given]
