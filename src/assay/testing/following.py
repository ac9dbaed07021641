"""What every store promises of lists of values and imports, and to who follows changes. Give a fixture `house`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from assay.core.scope import Scope
from assay.core.tracking import Dataset, DatasetInput, LoggedValue, Status
from assay.services import changes, history, imports
from assay.testing import inside
from assay.testing.house import House
from assay.wire.errors import InvalidInput, NotFound

LONG_AGO = "1.0"  # a position before everything


class ValueContract:
    """Logged values are read page by page."""

    def fill(self, house: House) -> tuple[str, list[LoggedValue]]:
        """A run, and its values in the order of keys, contexts, steps and rows."""
        uid = house.run()
        values = [
            LoggedValue(key, step, row, 5, "json", f'{{"{key}": {step}}}', context)
            for key in ("b", "a")  # first seen, first told
            for context in (None, {"rank": "1"})
            for step in (-3, 0, 7)
            for row in (-1, 2)
        ]
        for value in values:
            house.note(uid, logged_values=[value])
        return uid, values

    @pytest.mark.parametrize("limit", [1, 5, 24, 1_000])
    def test_pages_are_all_values(self, house: House, limit: int) -> None:
        uid, expected = self.fill(house)
        for key in (None, "a", "b", "absent"):
            found: list[LoggedValue] = []
            after: str | None = None
            while True:
                page = house.history.values(house.scope, uid, key, after=after, limit=limit)
                assert len(page.items) <= limit
                found += page.items
                after = page.next_token
                if after is None:
                    break
            assert found == [value for value in expected if key in (None, value.key)]

    def test_keys_kinds_and_steps_are_told(self, house: House) -> None:
        uid, _ = self.fill(house)
        house.note(uid, logged_values=[LoggedValue("a", 7, 5, 5, "text", '"x"')])
        keys, rank = house.history.value_keys(house.scope, uid), {"rank": "1"}
        assert [(item.key, item.context, item.kind, item.count) for item in keys] == [
            ("a", None, "json", 6), ("a", None, "text", 1), ("a", rank, "json", 6),
            ("b", None, "json", 6), ("b", rank, "json", 6),
        ]  # fmt: skip
        assert {(item.first_step, item.last_step) for item in keys} == {(-3, 7), (7, 7)}
        steps = house.history.value_steps
        assert steps(house.scope, uid, "a") == ([-3, 0, 7], None)
        assert steps(house.scope, uid, "a", limit=2) == ([-3, 0], 7)
        assert steps(house.scope, uid, "a", low=1) == ([7], None)
        assert steps(house.scope, uid, "absent") == ([], None)
        at = house.history.values(house.scope, uid, "b", steps=(0, 0)).items
        assert [(item.key, item.step) for item in at] == [("b", 0)] * 4
        other = House(house.store).scope
        for ask in (lambda: house.history.value_keys(other, uid), lambda: steps(other, uid, "a")):
            with pytest.raises(NotFound):
                ask()

    def test_a_page_ends_where_its_documents_are_long(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        uid, expected = self.fill(house)
        monkeypatch.setattr(history, "DOCUMENTS_BOUND", 3 * len(expected[0].document))
        monkeypatch.setattr(history, "VALUES_AT_ONCE", 2)
        page = house.history.values(house.scope, uid)
        assert list(page.items) == expected[:3]
        monkeypatch.setattr(history, "DOCUMENTS_BOUND", 1)  # one is given, however long
        assert len(house.history.values(house.scope, uid, after=page.next_token).items) == 1

    @pytest.mark.parametrize("token", ["", "1", "1.2.3", "1.2.3.x", "1.2.3.9223372036854775808", "-1.0.0.0", "٣.1.1.1"])
    def test_a_forged_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            house.history.values(house.scope, house.run(), after=token)
        assert (refused.value.field, bool(refused.value.remedy)) == ("after", True)

    @pytest.mark.parametrize(
        "wrong",
        [
            LoggedValue("k" * 251, 0, 0, 0, "json", "1"),
            LoggedValue("k", 0, 0, 0, "", "1"),
            LoggedValue("k", 0, 0, 0, "json", '"' + "x" * (1 << 20) + '"'),
            LoggedValue("k", 0, 0, 0, "json", '"\0"'),
        ],
        ids=range(4),
    )
    def test_what_is_out_of_bounds_is_refused(self, house: House, wrong: LoggedValue) -> None:
        uid = house.run()
        with pytest.raises(InvalidInput):
            house.note(uid, logged_values=[LoggedValue("fine", 0, 0, 0, "json", "1"), wrong])
        assert house.history.values(house.scope, uid).items == []


class ImportContract:
    """Rows of a foreign registry are kept by kind, source and name."""

    def test_a_row_is_kept_and_replaced(self, house: House) -> None:
        assert house.imports.put(house.scope, "model version", "mlflow", "clf/1", {"run": "r", "stage": "Production"})
        (first,) = house.imports.search(house.scope).items
        assert not house.imports.put(house.scope, "model version", "mlflow", "clf/1", {"é": None})
        (row,) = house.imports.search(house.scope).items
        assert (row.kind, row.source, row.name, row.document) == ("model version", "mlflow", "clf/1", '{"é": null}')
        assert row.created_us == first.created_us > 0
        assert house.imports.search(Scope(house.scope.workspace_id + 1_000_000)).items == []

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_rows_are_listed_page_by_page(self, house: House, limit: int) -> None:
        places = [(kind, source, name) for kind in "ab" for source in ("s", "S", "é") for name in ("1", "10", "2")]
        for place in reversed(places):
            house.imports.put(house.scope, *place, {})
        wanted: list[tuple[dict[str, str], Callable[[tuple[str, ...]], bool]]] = [
            ({}, lambda place: True),
            ({"kind": "a"}, lambda place: place[0] == "a"),
            ({"source": "é"}, lambda place: place[1] == "é"),
            ({"kind": "b", "source": "absent"}, lambda place: False),
        ]
        for given, keep in wanted:
            found: list[tuple[str, str, str]] = []
            after: str | None = None
            while True:
                page = house.imports.search(house.scope, **given, after=after, limit=limit)
                assert len(page.items) <= limit
                found += [(row.kind, row.source, row.name) for row in page.items]
                after = page.next_token
                if after is None:
                    break
            assert found == sorted(filter(keep, places))

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            (("", "s", "n", {}), "kind"),
            (("k" * 51, "s", "n", {}), "kind"),
            (("k", "é" * 501, "n", {}), "source"),
            (("k", "s", "x" * 1_501, {}), "name"),
            (("k", "s", "a\0b", {}), "name"),
            (("k", "s", "n", {"x": "y" * (64 << 10)}), "document"),
            (("k", "s", "n", {"x": "\ud800"}), "document"),
        ],
        ids=range(7),
    )
    def test_what_is_out_of_bounds_is_refused(self, house: House, given: Any, field: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            house.imports.put(house.scope, *given)
        assert refused.value.field == field
        assert house.imports.search(house.scope).items == []

    def test_the_longest_names_are_kept(self, house: House) -> None:
        place = ("k" * imports.KIND_BOUND, "é" * (imports.SOURCE_BOUND // 2), "🦊" * (imports.NAME_BOUND // 4))
        house.imports.put(house.scope, *place, {})
        assert [(row.kind, row.source, row.name) for row in house.imports.search(house.scope).items] == [place]

    @pytest.mark.parametrize("token", ["", "1", "[]", '["a", "b"]', '["a", "b", 3]', '{"a": 1, "b": 2, "c": 3}x'])
    def test_a_forged_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            house.imports.search(house.scope, after=token)
        assert refused.value.field == "after"


def value_of(uid: str) -> Sequence[LoggedValue]:
    """A value to log."""
    return [LoggedValue("note", 0, 0, 0, "text", '"x"')]


class ChangeContract:
    """Who follows changes misses none."""

    @pytest.fixture(autouse=True)
    def no_overlap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only what is new is told: the millisecond at hand may be told again."""
        monkeypatch.setattr(changes, "OVERLAP_US", 0)

    def told(self, house: House, position: str | None, limit: int = 1_000) -> tuple[set[str], str]:
        """The runs of one answer, and the next position."""
        found, position = house.changes.since(house.scope, position, limit)
        assert [change.at_us for change in found] == sorted(change.at_us for change in found)
        return {change.run_uid for change in found}, position

    def now(self, house: House) -> str:
        """The position after all that was done."""
        time.sleep(0.002)  # the clock goes in milliseconds
        return house.changes.since(house.scope, None)[1]

    def test_a_follower_begins_now(self, house: House) -> None:
        house.run()
        position = self.now(house)
        assert self.told(house, position)[0] == set()
        uid = house.run()
        assert self.told(house, position)[0] == {uid}
        assert house.changes.since(house.scope, None)[0] == []

    @pytest.mark.parametrize(
        "act",
        [
            lambda h, uid: h.log(uid, "loss", [2.0], [5]),
            lambda h, uid: h.note(uid, logged_values=value_of(uid)),
            lambda h, uid: h.runs.update(h.scope, uid, name="x"),
            lambda h, uid: h.runs.update(h.scope, uid, status=Status.FINISHED),
            lambda h, uid: h.runs.stop(h.scope, uid),
            lambda h, uid: h.runs.delete(h.scope, uid),
            lambda h, uid: h.runs.change_tag(h.scope, uid, "note", lambda _: "x"),
            lambda h, uid: h.runs.delete_tag(h.scope, uid, "team"),
            lambda h, uid: h.runs.add_inputs(h.scope, uid, [DatasetInput(Dataset("d", "1", "local", "x"))]),
            lambda h, uid: h.configs.merge(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.configs.replace(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.configs.fill(h.scope, uid, {"lr": 1}),
            lambda h, uid: h.branches.rewind(h.scope, uid, 0),
            lambda h, uid: h.experiments.delete(h.scope, h.experiment_id),
        ],
        ids=range(14),
    )
    def test_every_change_of_a_run_is_told(self, house: House, act: Callable[[House, str], Any]) -> None:
        uid = house.run(tags={"team": "risk"})
        house.log(uid, "loss", [1.0])
        other = House(house.store)
        other_uid = other.run()
        position, others = self.now(house), self.now(other)
        act(house, uid)
        assert self.told(house, position)[0] == {uid}
        assert self.told(other, others)[0] == set()
        other.runs.update(other.scope, other_uid, name="y")
        assert self.told(other, others)[0] == {other_uid}

    def test_points_that_came_to_rest_are_told_still(self, house: House) -> None:
        uid = house.run()
        position = self.now(house)
        house.log(uid, "loss", [1.0])
        assert self.told(house, position)[0] == {uid}
        inside.settle(house.store)
        assert not inside.layout(house.store, house.head(uid).id).in_motion
        assert self.told(house, position)[0] == {uid}
        assert self.told(house, self.now(house))[0] == set()

    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_many_changes_come_in_several_answers(self, house: House, limit: int) -> None:
        uids = [house.run() for _ in range(6)]
        for uid in uids[:3]:
            house.log(uid, "loss", [1.0])
        found: set[str] = set()
        position, answers = LONG_AGO, 0
        while found != set(uids) or answers < 9 // limit:
            some, position = self.told(house, position, limit)
            found |= some
            answers += 1
            assert answers < 20
        assert found == set(uids)

    def test_what_was_slow_is_told(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """A change that carries an earlier time than the last answer's is not missed."""
        uid = house.run()
        position = self.now(house)
        inside.ahead(house.store, "run", house.head(uid).id, -3_000_000)  # as if its commit had taken so long
        assert self.told(house, position)[0] == set()
        monkeypatch.setattr(changes, "OVERLAP_US", 10_000_000)
        inside.ahead(house.store, "run", house.head(uid).id, 3_000_000)
        _, position = house.changes.since(house.scope, None)
        inside.ahead(house.store, "run", house.head(uid).id, -3_000_000)
        assert self.told(house, position)[0] == {uid}

    @pytest.mark.parametrize("position", ["", "1", "x.y", "1.2.3", "-1.0", "1." + "9" * 19, "٣.0"])
    def test_a_forged_position_is_refused(self, house: House, position: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            house.changes.since(house.scope, position)
        assert (refused.value.field, bool(refused.value.remedy)) == ("position", True)
