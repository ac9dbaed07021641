"""What runs own, read beside a search, against plain dicts: whatever was changed before, and in whatever order."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.config import fill, index, merge
from assay.core.tracking import NAME_TAG, PARENT_TAG, Dataset, DatasetInput, Logged, ModelUse, RunRecord, View
from assay.services import records
from assay.stores import latest, lineage, owned
from assay.testing import inside
from assay.testing.house import House
from assay.wire.errors import NotFound, ParamChanged

KEYS = ["a", "b", "B", "a.x", "é", "🦊", "", "z" * 250]
KEY = st.sampled_from([key for key in KEYS if key.strip()])
TEXT = st.sampled_from(["", "0.10", "ten", "🦊", "x" * 201])
PAIRS = st.dictionaries(KEY, TEXT, min_size=1, max_size=4)
CONTEXTS: list[dict[str, str] | None] = [None, {"dataset": "test"}, {"rank": "1"}]
POINT = st.tuples(
    KEY, st.sampled_from([0, 0, 1, 2]), st.integers(0, 5), st.sampled_from([1.0, -2.5, math.inf, math.nan])
)
DOCUMENT = st.dictionaries(
    st.sampled_from(["a", "b", "n"]), st.sampled_from([1, "x", {"x": 2}, {"y": None}]), max_size=3
)
MODEL = st.tuples(st.sampled_from(["uses", "makes"]), st.integers(0, 1), st.integers(0, 3))
RUN = st.integers(0, 5)
CHANGE = st.one_of(
    st.tuples(st.just("params"), RUN, PAIRS),
    st.tuples(st.just("tags"), RUN, PAIRS),
    st.tuples(st.just("parent"), RUN, st.sampled_from(["", "p"])),
    st.tuples(st.just("untag"), RUN, KEY),
    st.tuples(st.just("rename"), RUN, st.sampled_from(["new", "newer"])),
    st.tuples(st.just("merge"), RUN, DOCUMENT),
    st.tuples(st.just("replace"), RUN, DOCUMENT),
    st.tuples(st.just("fill"), RUN, DOCUMENT),
    st.tuples(st.just("points"), RUN, st.lists(POINT, min_size=1, max_size=5)),
    st.tuples(st.just("rest"), RUN, st.none()),
    st.tuples(st.just("dataset"), RUN, st.tuples(st.integers(0, 2), TEXT)),
    st.tuples(st.just("model"), RUN, MODEL),
    st.tuples(st.just("delete"), RUN, st.none()),
    st.tuples(st.just("begin"), RUN, PAIRS),
    st.tuples(st.just("fork"), RUN, st.none()),
)  # fmt: skip


@dataclass
class Twin:
    """A run of the store, and the same as dicts."""

    uid: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    defaulted: set[str] = field(default_factory=set)
    points: dict[tuple[str, int], list[tuple[int, float]]] = field(default_factory=dict)
    datasets: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    made: set[tuple[int, str]] = field(default_factory=set)

    def metrics(self) -> list[Any]:
        """The latest values by key and context, NaN as None."""
        found = []
        for (key, context), points in self.points.items():
            step, value = max(points, key=lambda item: (item[0], 0.0 if math.isnan(item[1]) else item[1]))
            real = [value for _, value in points if not math.isnan(value)]
            found.append(
                (key, _plain(value), step, min(real, default=None), max(real, default=None), CONTEXTS[context])
            )
        return found


@dataclass
class World:
    """Runs of an experiment and their twins."""

    house: House
    twins: list[Twin] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.models = []
        for name in ("one", "two"):
            self.models.append(self.house.model(name).uid)
            time.sleep(0.002)  # models of one millisecond are in no order
        self.begin({"b": "of creation"})

    def begin(self, tags: dict[str, str]) -> None:
        """Another run."""
        uid = self.house.run("begun", tags=tags)
        self.twins.append(Twin(uid, tags={**tags, NAME_TAG: "begun"}))

    def change(self, what: str, twin: Twin, value: Any) -> None:
        """The same change to both."""
        house, scope, uid = self.house, self.house.scope, twin.uid
        match what:
            case "params":
                with suppress(ParamChanged):
                    house.note(uid, value)
                    twin.params.update(value)
            case "tags":
                house.note(uid, None, value)
                twin.tags.update(value)
            case "parent":
                house.note(uid, None, {PARENT_TAG: value})
                twin.tags[PARENT_TAG] = value
            case "untag":
                with suppress(NotFound):
                    house.runs.delete_tag(scope, uid, value)
                twin.tags.pop(value, None)
            case "rename":
                house.runs.update(scope, uid, name=value)
                twin.tags[NAME_TAG] = value
            case "merge" | "replace":
                before = index(twin.document)
                twin.document = merge(twin.document, value) if what == "merge" else value
                getattr(house.configs, what)(scope, uid, value)
                after = index(twin.document)
                twin.params = {key: text for key, text in twin.params.items() if key not in before}
                twin.params |= {key: leaf.text for key, leaf in after.items()}
                twin.defaulted = twin.defaulted & after.keys() - index(value).keys()
            case "fill":
                before = index(twin.document)
                twin.document = fill(twin.document, value, twin.params)
                house.configs.fill(scope, uid, value)
                after = index(twin.document)
                twin.params |= {key: leaf.text for key, leaf in after.items() if key not in before}
                twin.defaulted |= after.keys() - before.keys()
            case "points":
                for key, context, step, number in value:
                    one = Logged(uid, [key], [number], [step], [0], contexts=[CONTEXTS[context]])
                    house.runs.log(scope, one).result()
                    twin.points.setdefault((key, context), []).append((step, number))
            case "rest":
                inside.settle(house.store)
            case "dataset":
                number, tag = value
                house.runs.add_inputs(scope, uid, [DatasetInput(_dataset(number), {"t": tag})])
                twin.datasets.setdefault(number, tag)
            case "model":
                verb, number, step = value
                model = self.models[number]
                if verb == "uses":
                    house.runs.add_inputs(scope, uid, [], [ModelUse(model)])
                    twin.used.add(model)
                else:
                    house.runs.add_outputs(scope, uid, [ModelUse(model, step)])
                    twin.made.add((step, model))
            case "delete":
                house.runs.delete(scope, uid)
                house.runs.restore(scope, uid)
            case "begin":
                self.begin(value)
            case "fork":
                fork = house.branches.fork(scope, uid, name="fork").run.uid
                tags = {**twin.tags, NAME_TAG: "fork"}
                points = {series: list(items) for series, items in twin.points.items()}
                self.twins.append(Twin(fork, dict(twin.params), tags, dict(twin.document), set(twin.defaulted), points))

    def check(self) -> None:
        """Both say the same, run by run and in a search."""
        house = self.house
        found = house.runs.search(house.scope, [house.experiment_id], view=View.ALL).items
        assert {record.run.uid for record in found} == {twin.uid for twin in self.twins}
        by_uid = {record.run.uid: record for record in found}
        for twin in self.twins:
            self._same(by_uid[twin.uid], twin)
            self._same(house.runs.get(house.scope, twin.uid), twin)

    def _same(self, record: RunRecord, twin: Twin) -> None:
        assert record.params == twin.params
        assert record.defaulted == sorted(twin.defaulted)
        assert record.tags == twin.tags
        assert list(record.params) == sorted(twin.params)
        assert list(record.tags) == sorted(twin.tags)
        shown = [(item.key, _plain(item.value), item.step, item.min, item.max, item.context) for item in record.metrics]
        assert sorted(shown, key=repr) == sorted(twin.metrics(), key=repr)
        assert [item.key for item in record.metrics] == sorted(key for key, _ in twin.points)
        assert {int(item.dataset.name): item.tags["t"] for item in record.datasets} == twin.datasets
        assert all(item.dataset == _dataset(int(item.dataset.name)) for item in record.datasets)
        assert [use.model_uid for use in record.model_inputs] == [uid for uid in self.models if uid in twin.used]
        made = [(use.step, use.model_uid) for use in record.model_outputs]
        assert made == sorted(twin.made, key=lambda item: (item[0], self.models.index(item[1])))


def _dataset(number: int) -> Dataset:
    return Dataset(str(number), f"digest {number}", "local", "x", schema=None if number else "{}", profile="p")


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


@pytest.fixture(params=["few", "many"])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs a statement and three in memory, or all of them."""
    if request.param == "few":
        monkeypatch.setattr(records, "ROWS", 5)
        for module, count in ((records, 3), (owned, 2), (latest, 2), (lineage, 2)):
            monkeypatch.setattr(module, "AT_ONCE", count)


def test_any_changes_are_read_as_they_were_made(store: Any, at_once: None, examples: int) -> None:
    house = House(store)

    @settings(
        max_examples=examples // 2,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(CHANGE, max_size=14))
    def run(changes: list[tuple[str, int, Any]]) -> None:
        house.experiment_id = house.experiments.create(house.scope, str(house.experiment_id + 1)).id
        world = World(house)
        for what, which, value in changes:
            world.change(what, world.twins[which % len(world.twins)], value)
        world.check()

    run()


def test_runs_that_own_much_are_read_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand runs of three thousand metrics each would be more than memory holds."""
    sizes: list[int] = []
    whole = records.records

    def watched(unit: Any, runs: Any) -> list[RunRecord]:
        sizes.append(len(runs))
        return whole(unit, runs)

    uids = [house.run(f"run {at}", start_us=at) for at in range(11)]
    for uid in uids[4:]:
        house.note(uid, dict.fromkeys("abcd", "1"))
    monkeypatch.setattr(records, "records", watched)
    monkeypatch.setattr(records, "FIRST", 2)
    monkeypatch.setattr(records, "ROWS", 10)
    with house.runs.found(house.scope, [house.experiment_id]) as found:
        assert [record.run.uid for record in found.runs] == uids[::-1]
    assert sizes == [2, 2, 2, 2, 3]
