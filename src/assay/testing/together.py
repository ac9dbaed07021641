"""What every store promises of many runs together: groups, acts on many, activity, finding. Give a fixture `house`."""

from __future__ import annotations

import math
from typing import Any

import pytest

from assay.core.grouping import Group
from assay.core.search.ast import Attribute, Comparison, DatasetField, Field, Metric, Param, Tag
from assay.core.statistics import KeyKind
from assay.core.tracking import Lifecycle, Status, View
from assay.services import bulk, grouping, statistics
from assay.services.bulk import Act
from assay.services.statistics import DAY_US
from assay.testing import inside
from assay.testing.house import House, new_uid
from assay.wire.errors import AssayError, InvalidInput

LONG = "x" * 5_000
LONG_US = 6 * 60 * 1_000_000


def groups(house: House, *by: Field, **given: Any) -> list[Group]:
    """The groups of the house's experiment."""
    return list(house.grouping.group(house.scope, [house.experiment_id], by, **given).groups)


class GroupContract:
    """Groups count and measure all of their runs."""

    @pytest.fixture
    def runs(self, house: House) -> House:
        """Runs by model and team, some at rest and some in motion, beside a deleted one and one that has nothing."""
        having = [("a", 1.0), ("a", 3.0), ("b", math.nan), (LONG + "1", 5.0), (LONG + "2", 7.0)]
        for at, (model, loss) in enumerate(having):
            uid = house.run(f"run {at}", user_name="ann" if at < 2 else "bob", start_us=1_000 * at)
            house.note(uid, {"model": model}, {"team": "risk"} if at else {})
            house.log(uid, "loss", [9.0, loss])
            if at == 2:
                inside.settle(house.store)
        house.run("bare", status=Status.FINISHED, start_us=7)
        gone = house.run("gone")
        house.note(gone, {"model": "a"})
        house.runs.delete(house.scope, gone)
        return house

    def test_by_param_with_measures(self, runs: House) -> None:
        found = groups(runs, Param("model"), measures=[Metric("loss"), Metric("loss", "max"), Metric("none")], uids=10)
        assert [(group.values, group.runs) for group in found] == [
            (("a",), 2), (("b",), 1), ((LONG + "1",), 1), ((LONG + "2",), 1), ((None,), 1)
        ]  # fmt: skip
        loss, most, none = found[0].measures
        assert (loss.runs, loss.finite, loss.mean, loss.min, loss.max, loss.deviation) == (2, 2, 2.0, 1.0, 3.0, 1.0)
        assert (most.mean, most.min) == (9.0, 9.0)
        assert (none.runs, none.finite, none.deviation) == (0, 0, None)
        odd = found[1].measures[0]
        assert (odd.runs, odd.finite, odd.min) == (1, 0, None)
        assert found[0].last_us == 1_000
        assert [runs.head(uid).name for uid in found[0].uids] == ["run 1", "run 0"]

    def test_by_several_fields(self, runs: House) -> None:
        found = groups(runs, Tag("team"), Attribute("user_name"), Attribute("status"))
        counts = {group.values: group.runs for group in found}
        assert counts == {
            ("risk", "bob", "running"): 3, ("risk", "ann", "running"): 1,
            (None, "ann", "running"): 1, (None, "", "finished"): 1,
        }  # fmt: skip
        (whole,) = groups(runs, Attribute("experiment_id"))
        assert (whole.values, whole.statuses) == ((str(runs.experiment_id),), {"running": 5, "finished": 1})
        assert whole.uids == []

    def test_only_what_is_asked_for_counts(self, runs: House) -> None:
        where = Comparison(Metric("loss"), "<", 4.0)
        assert [group.runs for group in groups(runs, Param("model"), where=where)] == [2]
        assert [group.runs for group in groups(runs, Param("model"), view=View.DELETED)] == [1]
        assert groups(House(runs.store), Param("model")) == []
        found = runs.grouping.group(runs.scope, [runs.experiment_id], [Param("model")], limit=2, uids=1)
        assert ([group.runs for group in found.groups], found.left_out) == ([2, 1], 3)
        assert len(found.groups[0].uids) == 1
        assert (found.seen.runs, found.seen.complete) == (6, True)

    def test_lost_runs_are_told_apart(self, house: House) -> None:
        uid = house.run()
        house.runs.open_writer(house.scope, uid, "w", "points")
        inside.silence(house.store, house.head(uid).id, LONG_US)
        (group,) = groups(house, Attribute("status"))
        assert (group.values, group.statuses) == (("lost",), {"lost": 1})

    @pytest.mark.parametrize(
        ("by", "measures", "field"),
        [
            ([], [], "by"),
            ([Param("a")] * 4, [], "by"),
            ([Metric("loss")], [], "by"),
            ([Attribute("start_us")], [], "by"),
            ([DatasetField("name")], [], "by"),
            ([Param("a")], [Metric("m")] * 21, "measure"),
        ],
    )
    def test_what_is_no_group_is_refused(
        self, house: House, by: list[Field], measures: list[Metric], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            groups(house, *by, measures=measures)
        assert (refused.value.field, bool(refused.value.remedy)) == (field, True)

    def test_it_says_of_how_many_runs_it_speaks(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(3):
            house.run()
        monkeypatch.setattr(grouping, "RUNS_BOUND", 2)
        monkeypatch.setattr(statistics, "RUNS_BOUND", 2)
        found = house.grouping.group(house.scope, [house.experiment_id], [Attribute("status")])
        assert (found.seen.runs, found.seen.complete, found.groups[0].runs) == (2, False, 2)


class BulkContract:
    """An act on many runs is done to each by itself."""

    def codes(self, house: House, uids: list[str], act: Act, tags: Any = None) -> list[str | None]:
        """What came of each."""
        outcomes = house.bulk.apply(house.scope, uids, act, tags)
        assert [item.uid for item in outcomes] == list(dict.fromkeys(uids))
        return [None if item.error is None else item.error.code for item in outcomes]

    def test_each_run_has_its_own_result(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk, "BATCH", 2)
        fine, gone, ended, absent = house.run(), house.run(), house.run(), new_uid()
        house.runs.delete(house.scope, gone)
        house.runs.update(house.scope, ended, status=Status.FINISHED)
        uids = [absent, ended, gone, fine, fine]
        assert self.codes(house, uids, Act.TAG, {"a": "b"}) == ["not_found", None, "not_active", None]
        assert (house.tags(fine), house.tags(gone)) == ({"a": "b"}, {})
        for _ in range(2):
            assert self.codes(house, uids, Act.STOP) == ["not_found", "rule_violation", "not_active", None]
        assert house.head(fine).stop_us is not None
        assert house.head(ended).stop_us is None
        for _ in range(2):
            assert self.codes(house, uids, Act.DELETE) == ["not_found", None, None, None]
        assert {house.head(uid).lifecycle for uid in uids[1:]} == {Lifecycle.DELETED}
        assert self.codes(house, uids, Act.RESTORE) == ["not_found", None, None, None]
        assert {house.head(uid).lifecycle for uid in uids[1:]} == {Lifecycle.ACTIVE}

    def test_tags_are_set_and_taken_away(self, house: House) -> None:
        uid, parent = house.run(tags={"old": "1", "stays": "2"}), house.run()
        before = inside.ahead(house.store, "run", house.head(uid).id, -1_000_000)
        tags = {"old": None, "never": None, "new": "é", "mlflow.runName": "named", "mlflow.parentRunId": parent}
        assert self.codes(house, [uid], Act.TAG, tags) == [None]
        head = house.head(uid)
        assert (house.tags(uid), head.name, head.parent_uid) == ({"stays": "2", "new": "é"}, "named", parent)
        assert head.updated_us > before
        house.bulk.apply(house.scope, [uid], Act.TAG, {"mlflow.parentRunId": None})
        assert house.head(uid).parent_uid is None

    def test_another_workspace_is_left_alone(self, house: House) -> None:
        uid = house.run()
        other = House(house.store)
        for act in Act:
            outcomes = other.bulk.apply(other.scope, [uid], act, {"a": "b"} if act is Act.TAG else None)
            assert [item.error and item.error.code for item in outcomes] == ["not_found"]
        head = house.head(uid)
        assert (head.lifecycle, head.stop_us, house.tags(uid)) == (Lifecycle.ACTIVE, None, {})

    @pytest.mark.parametrize(
        ("count", "act", "tags", "field"),
        [
            (0, Act.DELETE, None, "ids"),
            (1_001, Act.DELETE, None, "ids"),
            (1, Act.TAG, None, "tags"),
            (1, Act.STOP, {"a": "b"}, "tags"),
            (1, Act.TAG, {f"{at}": "" for at in range(101)}, "tags"),
            (1, Act.TAG, {"": "b"}, "tags key"),
            (1, Act.TAG, {"a": "x" * 8_001}, "tags value"),
            (1, Act.TAG, {"a": "\0"}, "tags value"),
            (1, Act.TAG, {"mlflow.runName": None}, "tags"),
        ],
    )
    def test_what_is_out_of_bounds_changes_nothing(
        self, house: House, count: int, act: Act, tags: Any, field: str
    ) -> None:
        uid = house.run()
        with pytest.raises(InvalidInput) as refused:
            house.bulk.apply(house.scope, [uid, *(new_uid() for _ in range(count - 1))][:count], act, tags)
        assert (refused.value.field, bool(refused.value.remedy)) == (field, True)
        assert (house.tags(uid), house.head(uid).lifecycle) == ({}, Lifecycle.ACTIVE)


class ActivityContract:
    """What goes on in experiments, in one read."""

    def test_runs_are_counted_by_day(self, house: House) -> None:
        now = 100 * DAY_US
        for start in (now - 1, now - DAY_US, now - DAY_US - 1, now - 3 * DAY_US, now - 3 * DAY_US - 1, now):
            house.run(start_us=start)
        ended, lost, gone = house.run(start_us=1), house.run(start_us=1), house.run(start_us=now - 1)
        house.runs.update(house.scope, ended, status=Status.FAILED)
        house.runs.open_writer(house.scope, lost, "w", "points")
        inside.silence(house.store, house.head(lost).id, LONG_US)
        house.runs.delete(house.scope, gone)
        empty = house.experiments.create(house.scope, "empty").id
        found = house.statistics.activity(house.scope, [house.experiment_id, empty], now, 3)
        assert found.keys() == {house.experiment_id}
        of = found[house.experiment_id]
        assert (of.runs, of.running, of.lost, of.last_us, list(of.begun)) == (8, 6, 1, now, [1, 1, 2])
        assert house.statistics.activity(House(house.store).scope, [house.experiment_id], now, 3) == {}


class FindingContract:
    """Whatever has a text in its name is found, in its workspace."""

    def test_each_kind_is_found(self, house: House) -> None:
        uid, settled = house.run("Fraud baseline"), house.run("other")
        house.note(settled, {"fraud_rate": "1"}, {"fraud": "x"})
        house.log(settled, "eval/FRAUD", [1.0])
        inside.settle(house.store)
        house.log(uid, "live_fraud", [1.0])
        place = house.experiments.create(house.scope, "fraud 2026").id
        view, _ = house.views.create(house.scope, "runs", "my fraud view", {})
        gone = house.run("fraud gone")
        house.runs.delete(house.scope, gone)
        found = house.finding.find(house.scope, " fRaud ")
        assert [run.uid for run in found.runs] == [uid]
        assert [item.id for item in found.experiments] == [place]
        assert found.keys == [
            (KeyKind.METRIC, "eval/FRAUD"), (KeyKind.TAG, "fraud"),
            (KeyKind.PARAM, "fraud_rate"), (KeyKind.METRIC, "live_fraud"),
        ]  # fmt: skip
        assert [item.uid for item in found.views] == [view.uid]
        nothing = house.finding.find(House(house.store).scope, "fraud")
        assert not any((nothing.runs, nothing.experiments, nothing.keys, nothing.views))

    def test_a_run_is_found_by_the_beginning_of_its_id(self, house: House) -> None:
        uid = house.run()
        assert [run.uid for run in house.finding.find(house.scope, uid[:8].upper()).runs] == [uid]
        assert house.finding.find(house.scope, uid[1:9]).runs == []

    def test_no_more_than_asked_for(self, house: House) -> None:
        for at in range(4):
            house.run(f"same {at}")
        assert len(house.finding.find(house.scope, "same", 3).runs) == 3

    @pytest.mark.parametrize("text", ["", "  ", "x" * 201, "\0"])
    def test_what_is_no_text_is_refused(self, house: House, text: str) -> None:
        with pytest.raises(AssayError) as refused:
            house.finding.find(house.scope, text)
        assert isinstance(refused.value, InvalidInput)
        assert refused.value.field == "text"
