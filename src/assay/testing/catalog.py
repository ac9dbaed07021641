"""What every store promises of scopes, ids, names, times and states. Subclass, and give a fixture `house`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from assay.core.ids import Kind, kind_of
from assay.core.scope import Scope
from assay.core.tracking import (
    ENDED,
    Dataset,
    DatasetInput,
    Lifecycle,
    Logged,
    LoggedValue,
    ModelPoint,
    ModelUse,
    Status,
    View,
)
from assay.testing import inside
from assay.testing.house import House, new_uid, writer
from assay.wire.errors import AlreadyExists, InvalidState, NotActive, NotFound, RuleViolation

MINUTE_US = 60_000_000


class ScopeContract:
    """Another workspace sees nothing, and its names are its own."""

    @pytest.fixture
    def other(self, house: House) -> Scope:
        return House(house.store).scope

    def test_names_are_unique_in_a_workspace_only(self, house: House, other: Scope) -> None:
        mine = house.experiments.create(house.scope, "fraud")
        theirs = house.experiments.create(other, "fraud")
        assert mine.id != theirs.id
        assert house.experiments.by_name(house.scope, "fraud").id == mine.id
        assert house.experiments.by_name(other, "fraud").id == theirs.id
        with pytest.raises(AlreadyExists):
            house.experiments.create(house.scope, "fraud")

    @pytest.mark.parametrize(
        "act",
        [
            lambda h, s, uid: h.runs.get(s, uid),
            lambda h, s, uid: h.runs.update(s, uid, name="stolen"),
            lambda h, s, uid: h.runs.delete(s, uid),
            lambda h, s, uid: h.runs.restore(s, uid),
            lambda h, s, uid: h.runs.log(s, Logged(uid, ["loss"], [1.0], [0], [0])).result(),
            lambda h, s, uid: h.runs.log(s, Logged(uid, tags={"team": "theirs"})).result(),
            lambda h, s, uid: h.runs.delete_tag(s, uid, "team"),
            lambda h, s, uid: h.runs.open_writer(s, uid, "w", "points"),
            lambda h, s, uid: h.runs.heartbeat(s, uid, "w"),
            lambda h, s, uid: h.runs.add_outputs(s, uid, []),
            lambda h, s, uid: h.history.history(s, uid, "loss"),
            lambda h, s, uid: h.history.rows(s, uid),
            lambda h, s, uid: h.history.values(s, uid),
            lambda h, s, uid: h.configs.get(s, uid),
            lambda h, s, uid: h.configs.merge(s, uid, {"lr": 1}),
            lambda h, s, uid: h.configs.fill(s, uid, {"lr": 1}),
            lambda h, s, uid: h.branches.rewind(s, uid, 0),
            lambda h, s, uid: h.branches.fork(s, uid, name="stolen"),
            lambda h, s, uid: h.groups.of_run(s, uid),
            lambda h, s, uid: h.runs.stop(s, uid),
            lambda h, s, uid: h.console.append(s, uid, writer(0), []),
            lambda h, s, uid: h.console.read(s, uid),
            lambda h, s, uid: h.console.tail(s, uid),
            lambda h, s, uid: h.experiments.get(s, h.experiment_id),
            lambda h, s, uid: h.experiments.rename(s, h.experiment_id, "stolen"),
            lambda h, s, uid: h.experiments.set_tags(s, h.experiment_id, {"a": "b"}),
            lambda h, s, uid: h.experiments.delete(s, h.experiment_id),
            lambda h, s, uid: h.runs.create(s, h.experiment_id, name="intruder"),
            lambda h, s, uid: h.models.create(s, h.experiment_id, name="intruder"),
            lambda h, s, uid: h.groups.join(s, h.experiment_id, "group", uid),
        ],
    )
    def test_nothing_of_another_workspace_can_be_named(
        self, house: House, other: Scope, act: Callable[[House, Scope, str], Any]
    ) -> None:
        uid = house.run(tags={"team": "mine"})
        house.log(uid, "loss", [0.5])
        with pytest.raises(NotFound):
            act(house, other, uid)
        head = house.head(uid)
        assert (head.name, head.lifecycle) == ("run", Lifecycle.ACTIVE)
        assert house.tags(uid) == {"team": "mine"}
        assert house.values(uid, "loss") == [0.5]
        assert house.experiments.get(house.scope, house.experiment_id).name == "experiment"

    def test_lists_show_their_own_workspace_only(self, house: House, other: Scope) -> None:
        uid = house.run()
        house.groups.join(house.scope, house.experiment_id, "group", uid)
        item = DatasetInput(Dataset("iris", "d1", "local", "x"))
        house.runs.add_inputs(house.scope, uid, [item])
        assert house.runs.search(other, [house.experiment_id], view=View.ALL).items == []
        assert house.experiment_id not in [e.id for e in house.experiments.search(other, view=View.ALL).items]
        assert house.models.search(other, [house.experiment_id]).items == []
        assert house.groups.members(other, house.experiment_id, "group") == []
        house.log(uid, "seen", [1.0])
        assert [len(house.series.charts(scope, [uid], ["seen"], count=2)) for scope in (house.scope, other)] == [1, 0]
        assert house.runs.datasets(other, [house.experiment_id]) == []
        assert house.groups.members(house.scope, house.experiment_id, "group") == [uid]
        assert len(house.runs.datasets(house.scope, [house.experiment_id])) == 1

    def test_models_of_another_workspace_cannot_be_named(self, house: House, other: Scope) -> None:
        model = house.model()
        with pytest.raises(NotFound):
            house.models.get(other, model.uid)
        with pytest.raises(NotFound):
            house.models.set_tags(other, model.uid, {"a": "b"})
        theirs = House(house.store)
        uid = theirs.run()
        with pytest.raises(NotFound):
            theirs.runs.log(theirs.scope, Logged(uid, model_points=[ModelPoint(model.uid, "acc", 1.0, 0, 0)])).result()
        with pytest.raises(NotFound):
            theirs.runs.add_outputs(theirs.scope, uid, [ModelUse(model.uid)])
        assert house.models.get(house.scope, model.uid).metrics == []

    def test_foreign_names_are_found_in_their_workspace_only(self, house: House, other: Scope) -> None:
        house.write(lambda unit: unit.names.bind(house.scope, "run", "d", "p", "Trial", 7, fold=True))
        with house.store.read() as unit, pytest.raises(NotFound):
            unit.names.find(other, "run", "d", "p", "Trial", fold=True)
        house.write(lambda unit: unit.names.bind(other, "run", "d", "p", "trial", 8, fold=True))
        with house.store.read() as unit:
            assert unit.names.find(house.scope, "run", "d", "p", "TRIAL", fold=True) == 7
            assert unit.names.find(other, "run", "d", "p", "TRIAL", fold=True) == 8


class IdContract:
    """Ids are ours, and nothing is confused by deleting, renaming and making anew."""

    def test_experiments_are_numbered_without_a_gap_across_workspaces(self, house: House) -> None:
        first = house.experiments.create(house.scope, "first").id
        with pytest.raises(AlreadyExists):
            house.experiments.create(house.scope, "first")
        elsewhere = House(house.store).experiment_id
        house.experiments.delete(house.scope, first)
        last = house.experiments.create(house.scope, "last").id
        assert [elsewhere - first, last - first] == [1, 2]

    def test_a_refused_transaction_gives_its_number_back(self, house: House) -> None:
        def work(unit: Any) -> None:
            unit.experiments.add(house.scope, "never", artifact_location=None, tags={})
            raise InvalidState("no")

        with pytest.raises(InvalidState):
            house.write(work)
        assert house.experiments.create(house.scope, "next").id == house.experiment_id + 1
        with pytest.raises(NotFound):
            house.experiments.by_name(house.scope, "never")

    def test_a_deleted_experiment_keeps_its_name(self, house: House) -> None:
        house.experiments.delete(house.scope, house.experiment_id)
        with pytest.raises(AlreadyExists):
            house.experiments.create(house.scope, "experiment")
        house.experiments.restore(house.scope, house.experiment_id)
        house.experiments.rename(house.scope, house.experiment_id, "renamed")
        again = house.experiments.create(house.scope, "experiment")
        assert again.id != house.experiment_id
        assert house.experiments.get(house.scope, house.experiment_id).name == "renamed"

    def test_ids_carry_their_kind_and_fit_63_bits(self, house: House) -> None:
        runs = [house.head(house.run()) for _ in range(3)]
        assert {kind_of(run.id) for run in runs} == {Kind.RUN}
        assert kind_of(house.model().id) is Kind.MODEL
        assert len({run.id for run in runs}) == 3
        for run in runs:
            assert 0 < run.id < 1 << 63

    def test_a_taken_uid_is_refused(self, house: House) -> None:
        uid = new_uid()
        assert house.run("first", uid=uid) == uid
        with pytest.raises(AlreadyExists):
            house.run("second", uid=uid)
        assert house.head(uid).name == "first"

    def test_a_foreign_name_means_one_thing(self, house: House) -> None:
        def bind(container: str, name: str, id: int, *, fold: bool) -> None:
            house.write(lambda unit: unit.names.bind(house.scope, "run", "d", container, name, id, fold=fold))

        bind("project-a", "abc", 1, fold=False)
        bind("project-b", "abc", 2, fold=False)  # ids of some dialects are unique in a project only
        bind("project-a", "ABC", 3, fold=False)
        bind("project-a", "abc", 1, fold=False)  # again
        with pytest.raises(AlreadyExists):
            bind("project-a", "abc", 9, fold=False)
        with house.store.read() as unit:
            found = [
                unit.names.find(house.scope, "run", "d", *place, fold=False)
                for place in (("project-a", "abc"), ("project-b", "abc"), ("project-a", "ABC"))
            ]
        assert found == [1, 2, 3]

    def test_a_foreign_location_comes_back_verbatim(self, house: House) -> None:
        place = "s3://theirs/a b/%20/../x?y=z#w/"
        made = house.experiments.create(house.scope, "elsewhere", artifact_location=place)
        assert house.experiments.get(house.scope, made.id).artifact_location == place


class TimeContract:
    """Time is the database's, and never goes back."""

    def test_times_come_from_the_database(self, house: House) -> None:
        with house.store.read() as unit:
            before = unit.now_us()
        run = house.head(house.run(start_us=5))
        with house.store.read() as unit:
            after = unit.now_us()
        assert before <= run.created_us <= after
        assert run.created_us == run.updated_us
        assert run.start_us == 5

    def test_it_is_one_time_throughout_a_unit(self, house: House) -> None:
        def work(unit: Any) -> tuple[int, int]:
            began = unit.now_us()
            time.sleep(0.005)  # long enough for a clock of milliseconds to go on
            return began, unit.now_us()

        began, ended = house.write(work)
        assert began == ended

    @pytest.mark.parametrize("kind", ["run", "experiment", "logged_model"])
    def test_a_change_is_never_earlier_than_the_one_before(self, house: House, kind: str) -> None:
        uid, model = house.run(), house.model()
        ids = {"run": house.head(uid).id, "experiment": house.experiment_id, "logged_model": model.id}
        future = inside.ahead(house.store, kind, ids[kind], 3600 * 1_000_000)
        house.runs.update(house.scope, uid, name="renamed")
        house.runs.delete(house.scope, uid)
        house.models.finish(house.scope, model.uid, model.status)
        house.experiments.rename(house.scope, house.experiment_id, "renamed")
        found = {
            "run": house.head(uid).updated_us,
            "experiment": house.experiments.get(house.scope, house.experiment_id).updated_us,
            "logged_model": house.models.get(house.scope, model.uid).updated_us,
        }
        assert found.pop(kind) == future
        assert all(time_us < future for time_us in found.values())


class StateContract:
    """States, the deleted and the lost."""

    def test_an_archived_experiment_is_out_of_the_way_and_works(self, house: House) -> None:
        uid, id = house.run(), house.experiment_id
        house.experiments.set_archived(house.scope, id, archived=True)
        found = house.experiments.get(house.scope, id)
        assert found.lifecycle is Lifecycle.ARCHIVED
        assert id in {item.id for item in house.experiments.search(house.scope).items}
        house.log(uid, "loss", [1.0])
        house.experiments.set_tags(house.scope, id, {"team": "risk"})
        assert house.values(house.run(), "loss") == []
        house.experiments.set_archived(house.scope, id, archived=False)
        assert house.experiments.get(house.scope, id).lifecycle is Lifecycle.ACTIVE
        house.experiments.delete(house.scope, id)
        with pytest.raises(InvalidState, match="is deleted"):
            house.experiments.set_archived(house.scope, id, archived=True)
        assert house.experiments.get(house.scope, id).lifecycle is Lifecycle.DELETED

    @pytest.mark.parametrize("status", list(Status))
    def test_every_state_is_kept(self, house: House, status: Status) -> None:
        uid = house.run()
        house.runs.update(house.scope, uid, status=status, end_us=7)
        assert (house.head(uid).status, house.head(uid).end_us) == (status, 7)

    @pytest.mark.parametrize(
        "act",
        [
            lambda h, uid: h.log(uid, "loss", [1.0]),
            lambda h, uid: h.note(uid, {"lr": "1"}),
            lambda h, uid: h.note(uid, tags={"a": "b"}),
            lambda h, uid: h.note(uid, logged_values=[LoggedValue("t", 0, 0, 0, "text", '"x"')]),
            lambda h, uid: h.log(uid, "loss", [1.0], writer=writer(0)),
            lambda h, uid: h.runs.update(h.scope, uid, name="x"),
            lambda h, uid: h.runs.delete_tag(h.scope, uid, "team"),
            lambda h, uid: h.runs.open_writer(h.scope, uid, "w", "points"),
            lambda h, uid: h.runs.add_outputs(h.scope, uid, []),
            lambda h, uid: h.runs.stop(h.scope, uid),
            lambda h, uid: h.console.append(h.scope, uid, writer(0), []),
            lambda h, uid: h.configs.merge(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.configs.replace(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.configs.fill(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.branches.rewind(h.scope, uid, 0),
            lambda h, uid: h.branches.fork(h.scope, uid, name="x"),
        ],
    )
    def test_a_deleted_run_refuses_every_change(self, house: House, act: Callable[[House, str], Any]) -> None:
        uid = house.run(tags={"team": "risk"})
        house.log(uid, "loss", [0.5])
        house.runs.delete(house.scope, uid)
        before = house.runs.get(house.scope, uid)
        with pytest.raises(NotActive):
            act(house, uid)
        assert house.runs.get(house.scope, uid) == before
        house.runs.restore(house.scope, uid)
        act(house, uid)

    def test_deleting_an_experiment_deletes_its_runs_and_restoring_brings_them_back(self, house: House) -> None:
        uid = house.run()
        house.experiments.delete(house.scope, house.experiment_id)
        assert house.head(uid).lifecycle is Lifecycle.DELETED
        with pytest.raises(NotActive):
            house.run("late")
        house.experiments.restore(house.scope, house.experiment_id)
        assert house.head(uid).lifecycle is Lifecycle.ACTIVE

    def test_a_running_run_is_lost_when_all_its_heartbeating_writers_are_silent(self, house: House) -> None:
        uid = house.run()
        assert not house.head(uid).lost  # without writers nobody is missed
        house.runs.open_writer(house.scope, uid, "quiet", "points", heartbeats=False)
        house.runs.open_writer(house.scope, uid, "a", "points")
        house.runs.open_writer(house.scope, uid, "b", "system")
        inside.silence(house.store, house.head(uid).id, 4 * MINUTE_US)
        assert not house.head(uid).lost
        inside.silence(house.store, house.head(uid).id, 2 * MINUTE_US)
        assert house.head(uid).lost
        assert [item.run.lost for item in house.runs.search(house.scope, [house.experiment_id]).items] == [True]
        house.runs.heartbeat(house.scope, uid, "b")  # one of them is enough
        assert not house.head(uid).lost

    def test_a_run_that_ended_is_not_lost(self, house: House) -> None:
        uid = house.run()
        house.runs.open_writer(house.scope, uid, "w", "points")
        inside.silence(house.store, house.head(uid).id, 6 * MINUTE_US)
        assert house.head(uid).lost
        house.runs.update(house.scope, uid, status=Status.FINISHED)
        assert not house.head(uid).lost

    @pytest.mark.parametrize("status", [Status.SCHEDULED, Status.RUNNING])
    def test_a_run_is_asked_to_stop_once(self, house: House, status: Status) -> None:
        uid = house.run(status=status)
        assert house.head(uid).stop_us is None
        asked = house.runs.stop(house.scope, uid)
        assert asked == house.head(uid)
        assert asked.status is status
        assert asked.stop_us is not None
        assert asked.stop_us == asked.updated_us
        assert house.runs.stop(house.scope, uid).stop_us == asked.stop_us
        assert house.runs.get(house.scope, uid).run.stop_us == asked.stop_us
        house.log(uid, "loss", [1.0])  # it goes on until it has read that
        house.runs.update(house.scope, uid, status=Status.STOPPED)
        assert house.runs.stop(house.scope, uid).stop_us == asked.stop_us
        assert house.branches.fork(house.scope, uid, name="again").run.stop_us is None

    @pytest.mark.parametrize("status", sorted(ENDED))
    def test_a_run_that_ended_cannot_be_stopped(self, house: House, status: Status) -> None:
        uid = house.run()
        house.runs.update(house.scope, uid, status=status)
        with pytest.raises(RuleViolation, match=status):
            house.runs.stop(house.scope, uid)
        assert house.head(uid).stop_us is None

    def test_a_run_that_goes_on_after_its_end_is_not_asked_to_stop_any_more(self, house: House) -> None:
        uid = house.run()
        house.runs.stop(house.scope, uid)
        assert house.runs.update(house.scope, uid, status=Status.RUNNING).stop_us is not None  # it had not ended
        assert house.head(uid).stop_us is not None
        house.runs.update(house.scope, uid, status=Status.STOPPED)
        assert house.runs.update(house.scope, uid, status=Status.RUNNING).stop_us is None
        assert house.head(uid).stop_us is None

    def test_a_run_is_in_many_groups(self, house: House) -> None:
        uid, other = house.run(), house.run()
        for name in ("b", "a", "a"):
            house.groups.join(house.scope, house.experiment_id, name, uid)
        house.groups.join(house.scope, house.experiment_id, "a", other)
        assert house.groups.of_run(house.scope, uid) == ["a", "b"]
        assert house.groups.members(house.scope, house.experiment_id, "a") == [uid, other]
        house.groups.leave(house.scope, house.experiment_id, "a", uid)
        assert house.groups.of_run(house.scope, uid) == ["b"]
