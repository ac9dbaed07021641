"""What every store promises of experiments that are closed to somebody, or in which he may only look.

Subclass, and give a fixture `house`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assay.core.roles import Grant, Role, SubjectKind, standing
from assay.core.scope import Actor, How, Scope, made
from assay.core.search.ast import Attribute
from assay.core.statistics import KeyKind
from assay.core.tracking import Dataset, DatasetInput, Logged, LoggedValue, ModelPoint, ModelUse, View
from assay.services.bulk import Act as BulkAct
from assay.services.changes import ChangesService
from assay.testing.house import House, writer
from assay.wire.errors import NotFound, PermissionDenied

Act = Callable[[House, Scope, str, str], Any]  # the house, who acts, a run and a model

READS: dict[str, Act] = {
    "run": lambda h, s, uid, model: h.runs.get(s, uid),
    "head": lambda h, s, uid, model: h.runs.head(s, uid),
    "history": lambda h, s, uid, model: h.history.history(s, uid, "loss"),
    "rows": lambda h, s, uid, model: h.history.rows(s, uid),
    "values": lambda h, s, uid, model: h.history.values(s, uid),
    "config": lambda h, s, uid, model: h.configs.get(s, uid),
    "groups": lambda h, s, uid, model: h.groups.of_run(s, uid),
    "console": lambda h, s, uid, model: h.console.read(s, uid),
    "tail": lambda h, s, uid, model: h.console.tail(s, uid),
    "experiment": lambda h, s, uid, model: h.experiments.get(s, h.experiment_id),
    "by name": lambda h, s, uid, model: h.experiments.by_name(s, "experiment"),
    "model": lambda h, s, uid, model: h.models.get(s, model),
    "view": lambda h, s, uid, model: h.views.get(s, h.views.search(h.scope).items[0].uid),
}
WRITES: dict[str, Act] = {
    "update": lambda h, s, uid, model: h.runs.update(s, uid, name="stolen"),
    "delete": lambda h, s, uid, model: h.runs.delete(s, uid),
    "restore": lambda h, s, uid, model: h.runs.restore(s, uid),
    "log": lambda h, s, uid, model: h.runs.log(s, Logged(uid, ["loss"], [1.0], [0], [0])).result(),
    "numbered": lambda h, s, uid, model: h.runs.log(
        s, Logged(uid, ["loss"], [1.0], [0], [0], writer=writer(0))
    ).result(),
    "tag": lambda h, s, uid, model: h.runs.log(s, Logged(uid, tags={"team": "theirs"})).result(),
    "value": lambda h, s, uid, model: h.runs.log(
        s, Logged(uid, logged_values=[LoggedValue("t", 0, 0, 0, "text", '"x"')])
    ).result(),
    "delete tag": lambda h, s, uid, model: h.runs.delete_tag(s, uid, "team"),
    "change tag": lambda h, s, uid, model: h.runs.change_tag(s, uid, "team", lambda _: "theirs"),
    "writer": lambda h, s, uid, model: h.runs.open_writer(s, uid, "w", "points"),
    "heartbeat": lambda h, s, uid, model: h.runs.heartbeat(s, uid, "w"),
    "inputs": lambda h, s, uid, model: h.runs.add_inputs(s, uid, []),
    "outputs": lambda h, s, uid, model: h.runs.add_outputs(s, uid, []),
    "stop": lambda h, s, uid, model: h.runs.stop(s, uid),
    "merge": lambda h, s, uid, model: h.configs.merge(s, uid, {"lr": 1}),
    "fill": lambda h, s, uid, model: h.configs.fill(s, uid, {"lr": 1}),
    "rewind": lambda h, s, uid, model: h.branches.rewind(s, uid, 0),
    "print": lambda h, s, uid, model: h.console.append(s, uid, writer(0), []),
    "join": lambda h, s, uid, model: h.groups.join(s, h.experiment_id, "group", uid),
    "leave": lambda h, s, uid, model: h.groups.leave(s, h.experiment_id, "group", uid),
    "rename": lambda h, s, uid, model: h.experiments.rename(s, h.experiment_id, "stolen"),
    "tags": lambda h, s, uid, model: h.experiments.set_tags(s, h.experiment_id, {"a": "b"}),
    "tag of experiment": lambda h, s, uid, model: h.experiments.delete_tag(s, h.experiment_id, "a"),
    "archive": lambda h, s, uid, model: h.experiments.set_archived(s, h.experiment_id, archived=True),
    "delete experiment": lambda h, s, uid, model: h.experiments.delete(s, h.experiment_id),
    "restore experiment": lambda h, s, uid, model: h.experiments.restore(s, h.experiment_id),
    "create": lambda h, s, uid, model: h.runs.create(s, h.experiment_id, name="intruder"),
    "create model": lambda h, s, uid, model: h.models.create(s, h.experiment_id, name="intruder"),
    "tags of model": lambda h, s, uid, model: h.models.set_tags(s, model, {"a": "b"}),
    "params of model": lambda h, s, uid, model: h.models.log_params(s, model, {"a": "b"}),
    "comment": lambda h, s, uid, model: h.comments.add(s, uid, "theirs"),
    "edit": lambda h, s, uid, model: h.comments.edit(s, h.comments.search(h.scope).items[0].uid, "theirs"),
    "unsay": lambda h, s, uid, model: h.comments.remove(s, h.comments.search(h.scope).items[0].uid),
    "save": lambda h, s, uid, model: h.views.create(s, "runs", "theirs", {}, experiment_id=h.experiment_id),
    "save again": lambda h, s, uid, model: h.views.change(s, h.views.search(h.scope).items[0].uid, 1, name="theirs"),
    "forget": lambda h, s, uid, model: h.views.remove(s, h.views.search(h.scope).items[0].uid),
    "delete model": lambda h, s, uid, model: h.models.delete(s, model),
}


def someone(house: House, whole: Role, here: Role | None = None) -> Scope:
    """An actor with this role in the house's workspace, and at most that one in its experiment."""
    grants = [Grant(house.scope.workspace_id, None, SubjectKind.USER, 6, whole)]
    if here is not None:
        grants.append(Grant(house.scope.workspace_id, house.experiment_id, SubjectKind.USER, 6, here))
    return Scope(house.scope.workspace_id, made("mallory", How.TOKEN, 6, standing(grants)))


class NarrowContract:
    """A role in an experiment is never more than it says, whatever the workspace gives."""

    def fill(self, house: House) -> tuple[str, str]:
        """A run with something of everything, and a model."""
        uid, model = house.run(tags={"team": "mine"}), house.model()
        house.log(uid, "loss", [0.5])
        house.groups.join(house.scope, house.experiment_id, "group", uid)
        house.comments.add(house.scope, uid, "mine")
        house.views.create(house.scope, "runs", "mine", {}, experiment_id=house.experiment_id)
        house.runs.add_inputs(house.scope, uid, [DatasetInput(Dataset("iris", "d1", "local", "x"))])
        return uid, model.uid

    def check_untouched(self, house: House, uid: str, model: str) -> None:
        """Everything is as it was filled."""
        assert house.head(uid).name == "run"
        assert house.tags(uid) == {"team": "mine"}
        assert house.values(uid, "loss") == [0.5]
        assert house.experiments.get(house.scope, house.experiment_id).name == "experiment"
        assert len(house.runs.search(house.scope, [house.experiment_id], view=View.ALL).items) == 1
        assert len(house.models.search(house.scope, [house.experiment_id]).items) == 1
        assert house.groups.of_run(house.scope, uid) == ["group"]
        assert [item.text for item in house.comments.search(house.scope).items] == ["mine"]
        assert [item.name for item in house.views.search(house.scope).items] == ["mine"]

    def test_a_closed_experiment_is_not_there(self, house: House) -> None:
        uid, model = self.fill(house)
        closed = someone(house, Role.EDITOR, Role.NONE)
        for name, act in (READS | WRITES).items():
            with pytest.raises(NotFound):
                assert act(house, closed, uid, model) is name  # nothing is told
        self.check_untouched(house, uid, model)

    def test_who_may_look_may_not_touch(self, house: House) -> None:
        uid, model = self.fill(house)
        for looks in (someone(house, Role.ADMIN, Role.VIEWER), someone(house, Role.VIEWER)):
            for act in READS.values():
                act(house, looks, uid, model)
            for name, act in WRITES.items():
                with pytest.raises(PermissionDenied):
                    assert act(house, looks, uid, model) is name
        with pytest.raises(PermissionDenied):
            house.branches.fork(someone(house, Role.ADMIN, Role.VIEWER), uid, name="copy")
        self.check_untouched(house, uid, model)

    def test_an_act_on_many_is_refused_where_he_may_not(self, house: House) -> None:
        uid, model = self.fill(house)
        other = house.experiments.create(house.scope, "open").id
        free = house.runs.create(house.scope, other, name="free").run.uid
        for here, code in ((Role.NONE, "not_found"), (Role.VIEWER, "permission_denied")):
            scope = someone(house, Role.EDITOR, here)
            for act in BulkAct:
                tags = {"a": "b"} if act is BulkAct.TAG else None
                refused, done = house.bulk.apply(scope, [uid, free], act, tags)
                assert refused.error is not None
                assert (refused.error.code, done.error) == (code, None)
                assert house.head(uid).stop_us is None
        self.check_untouched(house, uid, model)

    def test_who_has_no_role_may_nothing(self, house: House) -> None:
        uid, model = self.fill(house)
        stranger = Scope(house.scope.workspace_id, Actor("mallory", How.TOKEN, 6))
        for name, act in (READS | WRITES).items():
            with pytest.raises(PermissionDenied):
                assert act(house, stranger, uid, model) is name
        self.check_untouched(house, uid, model)

    def test_who_may_write_writes_though_he_is_narrowed_elsewhere(self, house: House) -> None:
        uid, model = self.fill(house)
        other = house.experiments.create(house.scope, "other").id
        grants = [
            Grant(house.scope.workspace_id, None, SubjectKind.USER, 6, Role.EDITOR),
            Grant(house.scope.workspace_id, other, SubjectKind.USER, 6, Role.NONE),
        ]
        writes = Scope(house.scope.workspace_id, made("ada", How.TOKEN, 6, standing(grants)))
        house.runs.log(writes, Logged(uid, ["loss"], [1.5], [1], [1])).result()
        house.runs.log(writes, Logged(uid, ["loss"], [2.5], [2], [2])).result()  # when the run is in motion
        point = ModelPoint(model, "acc", 1.0, 0, 0)
        house.runs.log(writes, Logged(uid, model_points=[point])).result()
        assert house.values(uid, "loss") == [0.5, 1.5, 2.5]
        assert [item.id for item in house.experiments.search(writes, view=View.ALL).items] == [house.experiment_id]

    def test_what_is_closed_or_elsewhere_is_in_no_list(self, house: House) -> None:
        uid, _ = self.fill(house)
        ids = [house.experiment_id]
        foreign = House(house.store).scope
        house.experiments.delete(foreign, house.experiments.by_name(foreign, "experiment").id)
        for scope, count in ((house.scope, 1), (someone(house, Role.ADMIN, Role.NONE), 0), (foreign, 0)):
            changes = ChangesService(house.store)
            with house.store.read() as unit:
                assert len({row[2] for row in unit.runs.changed(scope, 0, 0, 10)}) == count
                assert len(unit.runs.beginnings(scope, [uid])) == count
            assert len({change.run_uid for change in changes.since(scope, "1.0")[0]}) == count
            assert len(house.experiments.search(scope).items) == count
            assert len(house.runs.search(scope, ids, view=View.ALL).items) == count
            assert len(house.models.search(scope, ids).items) == count
            assert len(house.runs.datasets(scope, ids)) == count
            assert len(house.groups.members(scope, house.experiment_id, "group")) == count
            assert len(house.series.charts(scope, [uid], ["loss"], count=2)) == count
            assert house.statistics.count(scope, ids).runs == count
            assert len(house.statistics.keys(scope, ids, kinds=[KeyKind.METRIC]).items) == count
            assert house.statistics.spread(scope, ids, "loss")[0].runs == count
            assert len(house.statistics.values(scope, ids, KeyKind.TAG, "team").items) == count
            assert len(house.comments.search(scope).items) == len(house.comments.search(scope, [uid]).items) == count
            assert len(house.views.search(scope).items) == count
            assert len(house.grouping.group(scope, ids, [Attribute("status")]).groups) == count
            assert len(house.statistics.activity(scope, ids, 1, 1)) == count
            for text in ("mine", uid, "experiment", "loss", "team"):
                found = house.finding.find(scope, text)
                assert len([*found.runs, *found.experiments, *found.keys, *found.views]) == count, text

    def test_models_of_a_closed_experiment_cannot_be_used(self, house: House) -> None:
        _, model = self.fill(house)
        closed = someone(house, Role.EDITOR, Role.NONE)
        mine = house.experiments.create(house.scope, "mine").id
        uid = house.runs.create(closed, mine, name="mine").run.uid
        with pytest.raises(NotFound):
            house.runs.log(closed, Logged(uid, model_points=[ModelPoint(model, "acc", 1.0, 0, 0)])).result()
        with pytest.raises(NotFound):
            house.runs.add_outputs(closed, uid, [ModelUse(model)])
        with pytest.raises(NotFound):
            house.groups.join(closed, house.experiment_id, "group", uid)
        assert house.models.get(house.scope, model).metrics == []

    def test_views_comments_and_findings_of_a_closed_experiment_are_its_own(self, house: House) -> None:
        uid, _ = self.fill(house)
        kept, _new = house.views.create(house.scope, "runs", "everywhere loss", {})
        mine, _new = house.views.create(house.scope, "runs", "here loss", {}, experiment_id=house.experiment_id)
        house.comments.add(house.scope, uid, "a secret")
        closed, looks = someone(house, Role.EDITOR, Role.NONE), someone(house, Role.EDITOR, Role.VIEWER)
        assert [view.uid for view in house.views.search(closed).items] == [kept.uid]
        assert [view.uid for view in house.finding.find(closed, "loss").views] == [kept.uid]
        assert house.comments.search(closed, [uid]).items == []
        for text in ("experiment", "run", "loss"):
            found = house.finding.find(closed, text)
            assert (found.runs, found.experiments, found.keys) == ([], [], [])
        with pytest.raises(NotFound):
            house.views.change(closed, mine.uid, mine.revision, name="stolen")
        with pytest.raises(NotFound):
            house.comments.add(closed, uid, "mine")
        for change in (
            lambda: house.views.change(looks, mine.uid, mine.revision, name="stolen"),
            lambda: house.views.remove(looks, mine.uid),
            lambda: house.comments.add(looks, uid, "mine"),
        ):
            with pytest.raises(PermissionDenied):
                change()
        assert house.views.get(looks, mine.uid).name == "here loss"
        house.views.remove(closed, kept.uid)
