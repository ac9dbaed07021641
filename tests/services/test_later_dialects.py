"""The schema is general: what the later dialects need can be written and read back today."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from services.conftest import House

from assay.core.scope import Scope
from assay.core.tracking import Logged, LoggedValue, Writer
from assay.wire.errors import Conflict, InvalidInput, NotActive, SequenceGap

SCOPE = Scope()


def new_run(house: House, name: str = "run") -> str:
    return house.runs.create(SCOPE, 0, name=name).run.uid


def log_row(house: House, uid: str, row: int, step: int, sent: dict[str, Any], writer: Writer | None = None) -> None:
    """A W&B history row: numbers become points, the rest logged values, all under one ordinal."""
    numbers = {k: v for k, v in sent.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    others = [
        LoggedValue(k, step, row, 1_000 * row, "null" if v is None else "json", json.dumps(v))
        for k, v in sent.items()
        if k not in numbers
    ]
    n = len(numbers)
    house.runs.log(
        SCOPE,
        Logged(
            uid,
            list(numbers),
            [float(v) for v in numbers.values()],
            [step] * n,
            [1_000 * row] * n,
            rows=[row] * n,
            logged_values=others,
            writer=writer,
        ),
    ).result()


def test_history_rows_of_mixed_types_come_back_as_they_were_logged(house: House) -> None:
    uid = new_run(house)
    sent = [
        (0, {"loss": 1.5, "note": "warm up", "best": None}),
        (0, {"loss": 1.25, "flag": True}),  # a second row of the same step
        (1, {"loss": math.nan, "tags": ["a", "b"], "nested": {"x": 1}}),
        (5, {"acc": 0.5}),
    ]
    for row, (step, values) in enumerate(sent):
        log_row(house, uid, row, step, values)
    house.store.settle(-1)  # compacted or not, the rows are the same
    log_row(house, uid, 4, 6, {"acc": 0.75, "note": ""})
    found = house.history.rows(SCOPE, uid)
    assert [row.row for row in found] == [0, 1, 2, 3, 4]
    assert [row.step for row in found] == [0, 0, 1, 5, 6]
    assert math.isnan(found[2].values.pop("loss"))
    assert [row.values for row in found] == [
        {"loss": 1.5, "note": "warm up", "best": None},
        {"loss": 1.25, "flag": True},
        {"tags": ["a", "b"], "nested": {"x": 1}},
        {"acc": 0.5},
        {"acc": 0.75, "note": ""},
    ]


def test_rewind_drops_what_came_after_the_step_and_refuses_what_was_sent_before_it(house: House) -> None:
    uid = new_run(house)
    for step in range(40):  # more than a tail: some of it is compacted
        log_row(house, uid, step, step, {"loss": 100.0 - step, "text": f"t{step}"}, Writer("w", "points", 0, 2 * step))
    house.branches.rewind(SCOPE, uid, 9)
    points = house.history.history(SCOPE, uid, "loss")
    assert points.step.tolist() == list(range(10))
    assert [row.values["text"] for row in house.history.rows(SCOPE, uid)] == [f"t{step}" for step in range(10)]
    (latest,) = house.runs.get(SCOPE, uid).metrics
    assert (latest.value, latest.min, latest.max, latest.step) == (91.0, 91.0, 100.0, 9)
    with pytest.raises(Conflict) as refused:
        log_row(house, uid, 40, 40, {"loss": 0.0}, Writer("w", "points", 0, 80))
    assert refused.value.details == {"epoch": 1, "expected": 0}
    log_row(house, uid, 10, 10, {"loss": 5.0}, Writer("w", "points", 1, 0))
    assert house.history.history(SCOPE, uid, "loss").value.tolist()[-1] == 5.0


def test_fork_has_the_history_up_to_the_step_and_lives_on_its_own(house: House) -> None:
    uid = new_run(house)
    house.configs.replace(SCOPE, uid, {"lr": 0.1, "model": {"depth": 3}})
    n = 20_000  # several chunks, one of them cut
    house.runs.log(
        SCOPE, Logged(uid, ["loss"] * n, [float(i) for i in range(n)], list(range(n)), list(range(n)))
    ).result()
    house.store.settle(-1)
    house.runs.log(SCOPE, Logged(uid, ["loss", "rare"], [-1.0, 7.0], [n, 3], [n, 3])).result()
    fork = house.branches.fork(SCOPE, uid, name="fork", step=10_000).run.uid
    points = house.history.history(SCOPE, fork, "loss")
    assert points.value.tolist() == [float(i) for i in range(10_001)]
    assert house.history.history(SCOPE, fork, "rare").value.tolist() == [7.0]
    record = house.runs.get(SCOPE, fork)
    assert dict(record.params) == {"lr": "0.1", "model.depth": "3"}
    assert {item.key: (item.value, item.min, item.max) for item in record.metrics} == {
        "loss": (10_000.0, 0.0, 10_000.0),
        "rare": (7.0, 7.0, 7.0),
    }
    house.runs.log(SCOPE, Logged(fork, ["loss"], [9.0], [10_001], [1])).result()
    assert len(house.history.history(SCOPE, fork, "loss")) == 10_002
    assert len(house.history.history(SCOPE, uid, "loss")) == n + 1
    whole = house.branches.fork(SCOPE, uid, name="whole").run.uid
    assert len(house.history.history(SCOPE, whole, "loss")) == n + 1


def test_a_deleted_run_is_neither_rewound_nor_forked(house: House) -> None:
    uid = new_run(house)
    house.runs.delete(SCOPE, uid)
    with pytest.raises(NotActive):
        house.branches.rewind(SCOPE, uid, 0)
    with pytest.raises(NotActive):
        house.branches.fork(SCOPE, uid, name="x")


def test_two_writers_write_one_run_each_exactly_once(house: House) -> None:
    uid = new_run(house)

    def send(name: str, first: int, values: list[float]) -> None:
        steps = list(range(first, first + len(values)))
        keys = [f"{name}/loss"] * len(values)
        house.runs.log(SCOPE, Logged(uid, keys, values, steps, steps, writer=Writer(name, "points", 0, first))).result()

    send("rank0", 0, [1.0, 2.0, 3.0])
    send("rank1", 0, [10.0])
    send("rank0", 0, [1.0, 2.0, 3.0])  # sent again
    house.store.settle(-1)
    send("rank0", 2, [3.0, 4.0])  # sent again in part, after compaction
    send("rank1", 1, [20.0])
    assert house.history.history(SCOPE, uid, "rank0/loss").value.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert house.history.history(SCOPE, uid, "rank1/loss").value.tolist() == [10.0, 20.0]
    with pytest.raises(SequenceGap) as refused:
        send("rank1", 5, [50.0])
    assert refused.value.details == {"expected": 2}
    assert house.runs.open_writer(SCOPE, uid, "rank0", "points").next_seq == 4


def test_a_nested_config_is_replaced_and_merged(house: House) -> None:
    uid = new_run(house)
    assert house.configs.get(SCOPE, uid) == (0, {})
    assert house.configs.replace(SCOPE, uid, {"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}, "n": None}) == 1
    assert dict(house.runs.get(SCOPE, uid).params) == {
        "lr": "0.1",
        "n": "null",
        "opt.betas": "[0.9, 0.99]",
        "opt.name": "adam",
    }
    assert house.configs.merge(SCOPE, uid, {"opt": {"name": "sgd", "momentum": 0.5}, "lr": 0.2}) == 2
    document = {"lr": 0.2, "opt": {"name": "sgd", "betas": [0.9, 0.99], "momentum": 0.5}, "n": None}
    assert house.configs.get(SCOPE, uid) == (2, document)
    assert house.runs.get(SCOPE, uid).params["opt.momentum"] == "0.5"
    house.runs.log(SCOPE, Logged(uid, params={"by_string": "0.10"})).result()
    assert house.configs.replace(SCOPE, uid, {"opt": {}}) == 3
    assert dict(house.runs.get(SCOPE, uid).params) == {"by_string": "0.10", "opt": "{}"}


def test_what_nobody_chose_is_told_apart_until_somebody_does(house: House) -> None:
    uid = new_run(house)
    house.runs.log(SCOPE, Logged(uid, params={"by_string": "0.10"})).result()
    house.configs.replace(SCOPE, uid, {"lr": 0.1, "opt": {"name": "adam"}})
    assert house.configs.fill(SCOPE, uid, {"lr": 9, "by_string": 9, "opt": {"beta": 0.9, "eps": 1e-8}}) == 2
    record = house.runs.get(SCOPE, uid)
    assert (record.params["lr"], record.params["by_string"]) == ("0.1", "0.10")
    assert record.defaulted == ["opt.beta", "opt.eps"]
    house.runs.log(SCOPE, Logged(uid, params={"late": "1"})).result()
    house.configs.merge(SCOPE, uid, {"opt": {"beta": 0.9}, "new": 1})
    assert house.runs.get(SCOPE, uid).defaulted == ["opt.eps"]
    with pytest.raises(InvalidInput, match=r"defaults\.k") as refused:
        house.configs.fill(SCOPE, uid, {"k": "v" * 6_001})
    assert refused.value.field == "defaults.k"
    assert house.configs.get(SCOPE, uid)[0] == 3


def test_a_component_belongs_to_two_trials_of_two_experiments(house: House) -> None:
    uid, other = new_run(house, "component"), new_run(house, "other")
    house.groups.join(SCOPE, 0, "trial-a", uid)
    house.groups.join(SCOPE, 0, "trial-b", uid)
    house.groups.join(SCOPE, 0, "trial-b", uid)  # again
    house.groups.join(SCOPE, 0, "trial-b", other)
    assert house.groups.of_run(SCOPE, uid) == ["trial-a", "trial-b"]
    assert set(house.groups.members(SCOPE, 0, "trial-b")) == {uid, other}
    house.groups.leave(SCOPE, 0, "trial-a", uid)
    assert house.groups.members(SCOPE, 0, "trial-a") == []
    assert house.groups.members(SCOPE, 0, "never") == []


def test_metrics_with_a_dataset_dimension_are_series_of_their_own(house: House) -> None:
    uid = new_run(house)
    train, test = {"dataset": "train"}, {"dataset": "test"}
    house.runs.log(
        SCOPE, Logged(uid, ["auc"] * 3, [0.9, 0.8, 0.7], [1, 1, 1], [1, 1, 1], contexts=[train, test, None])
    ).result()
    for context, value in ((train, 0.9), (test, 0.8), (None, 0.7)):
        assert house.history.history(SCOPE, uid, "auc", context=context).value.tolist() == [value]
    assert len(house.history.history(SCOPE, uid, "auc", context={"dataset": "none"})) == 0
    house.store.settle(-1)
    found = {json.dumps(item.context): item.value for item in house.runs.get(SCOPE, uid).metrics}
    assert found == {'{"dataset": "train"}': 0.9, '{"dataset": "test"}': 0.8, "null": 0.7}


def test_foreign_names_fold_as_their_dialect_does(house: House) -> None:
    def bind(name: str, id: int, *, fold: bool) -> None:
        house.store.write(lambda unit: unit.names.bind(SCOPE, "run", "d", "project", name, id, fold=fold))

    def find(name: str, *, fold: bool) -> int:
        with house.store.read() as unit:
            return int(unit.names.find(SCOPE, "run", "d", "project", name, fold=fold))

    bind("My-Trial", 7, fold=True)
    assert find("my-trial", fold=True) == 7
    with pytest.raises(Exception, match="exists already"):
        bind("MY-TRIAL", 8, fold=True)


def test_a_running_run_whose_writers_fell_silent_is_lost(house: House) -> None:
    uid = new_run(house)
    assert not house.runs.head(SCOPE, uid).lost
    house.runs.open_writer(SCOPE, uid, "quiet", "points", heartbeats=False)
    house.runs.open_writer(SCOPE, uid, "w", "points")
    assert not house.runs.head(SCOPE, uid).lost

    def age(unit: Any) -> None:
        unit.connection.exec_driver_sql("UPDATE writer SET seen_us = seen_us - 301000000")

    house.store.write(age)
    assert house.runs.head(SCOPE, uid).lost
    assert house.runs.search(SCOPE, [0]).items[0].run.lost
    house.runs.heartbeat(SCOPE, uid, "w")
    assert not house.runs.head(SCOPE, uid).lost
