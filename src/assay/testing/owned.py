"""What every store promises of params, configs, tags, texts and writers. Subclass, and give a fixture `house`."""

from __future__ import annotations

from typing import Any

import pytest

from assay.core.search.ast import Comparison, Param, Tag
from assay.core.tracking import Logged, LoggedValue, ModelPoint, Writer
from assay.testing import inside
from assay.testing.house import House, writer
from assay.wire.errors import Conflict, InvalidInput, NotFound, ParamChanged, SequenceGap

LONG = "ä🦊" * 3_000  # 6,000 characters, 18,000 bytes: no index of PostgreSQL would take it whole
ODD = [
    "",
    " ",
    "a\nb\tc",
    "'\"`%_\\",
    "🦊",
    "\u0130\u0131\u017f\u212a",
    "\u200f\ufeff",
    "x" * 200,
    "x" * 201,
    LONG[:-1],
]


def found(house: House, expr: Any) -> set[str]:
    """The names of the runs that a filter finds."""
    return {item.run.name for item in house.runs.search(house.scope, [house.experiment_id], where=expr).items}


class ParamContract:
    """Params have three writes: insert-only, merge and replace."""

    def test_an_inserted_param_never_changes(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"lr": "0.10", "depth": "3"})
        house.note(uid, {"lr": "0.10"})  # the same again is fine
        with pytest.raises(ParamChanged) as refused:
            house.note(uid, {"lr": "0.1", "new": "x"})
        assert refused.value.details == {"changes": [{"key": "lr", "old_value": "0.10", "new_value": "0.1"}]}
        assert house.params(uid) == {"lr": "0.10", "depth": "3"}

    def test_all_differences_are_told(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"a": "1", "b": "2", "c": "3"})
        with pytest.raises(ParamChanged) as refused:
            house.note(uid, {"a": "1", "b": "x", "c": "y"})
        assert [change["key"] for change in refused.value.details["changes"]] == ["b", "c"]

    def test_the_text_stays_and_the_number_is_beside_it(self, house: House) -> None:
        for text in ("0.10", "0.1", "1e-1", "ten"):
            house.note(house.run(text), {"lr": text})
        assert found(house, Comparison(Param("lr"), "=", "0.10")) == {"0.10"}
        assert found(house, Comparison(Param("lr"), "=", 0.1)) == {"0.10", "0.1", "1e-1"}
        assert found(house, Comparison(Param("lr"), "!=", 0.2)) == {"0.10", "0.1", "1e-1"}

    def test_a_refused_call_leaves_nothing_of_itself(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"lr": "1"})
        call = Logged(
            uid,
            ["loss"],
            [1.0],
            [0],
            [0],
            params={"lr": "2"},
            tags={"t": "x"},
            logged_values=[LoggedValue("text", 0, 0, 0, "text", '"x"')],
        )
        with pytest.raises(ParamChanged):
            house.runs.log(house.scope, call).result()
        assert house.values(uid, "loss") == []
        assert house.tags(uid) == {}
        assert house.history.rows(house.scope, uid) == []

    def test_models_own_params_alike(self, house: House) -> None:
        model = house.model()
        house.models.log_params(house.scope, model.uid, {"lr": "0.10"})
        with pytest.raises(ParamChanged):
            house.models.log_params(house.scope, model.uid, {"lr": "0.1"})
        assert dict(house.models.get(house.scope, model.uid).params) == {"lr": "0.10"}

    def test_the_document_is_kept_as_sent_and_params_are_its_index(self, house: House) -> None:
        uid = house.run()
        document = {"opt": {"lr": 0.10, "betas": [0.9, 0.99]}, "name": "é", "none": None, "on": True, "empty": {}}
        assert house.configs.replace(house.scope, uid, document) == 1
        assert house.configs.get(house.scope, uid) == (1, document)
        assert house.params(uid) == {
            "opt.lr": "0.1",
            "opt.betas": "[0.9, 0.99]",
            "name": "é",
            "none": "null",
            "on": "true",
            "empty": "{}",
        }

    def test_merge_lays_over_and_replace_takes_the_place(self, house: House) -> None:
        uid = house.run()
        house.configs.replace(house.scope, uid, {"a": {"x": 1, "y": 2}, "b": 3})
        assert house.configs.merge(house.scope, uid, {"a": {"y": 5, "z": 6}, "b": {"c": 7}}) == 2
        assert house.params(uid) == {"a.x": "1", "a.y": "5", "a.z": "6", "b.c": "7"}
        assert house.configs.replace(house.scope, uid, {"n": 1}) == 3
        assert house.configs.get(house.scope, uid) == (3, {"n": 1})
        assert house.params(uid) == {"n": "1"}

    def test_defaults_fill_what_is_not_set_and_are_told_apart(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"seed": "7"})
        house.configs.replace(house.scope, uid, {"a": {"x": 1}, "b": 3})
        defaults = {"a": {"x": 9, "y": 2}, "b": {"c": 9}, "z": {}, "seed": 9, "Z": None}
        assert house.configs.fill(house.scope, uid, defaults) == 2
        assert house.configs.get(house.scope, uid) == (2, {"a": {"x": 1, "y": 2}, "b": 3, "z": {}, "Z": None})
        assert house.params(uid) == {"a.x": "1", "a.y": "2", "b": "3", "z": "{}", "seed": "7", "Z": "null"}
        assert house.defaulted(uid) == ["Z", "a.y", "z"]
        assert house.configs.fill(house.scope, uid, {"Z": 1, "a": {}}) == 2  # nothing was missing

    def test_a_default_that_is_set_is_one_no_more(self, house: House) -> None:
        uid = house.run()
        house.configs.fill(house.scope, uid, {"a": {"x": 1, "y": 2}, "b": 3, "c": 4})
        house.configs.merge(house.scope, uid, {"a": {"x": 1}, "b": {"d": 5}})  # also if it is the same
        assert house.defaulted(uid) == ["a.y", "c"]
        house.configs.fill(house.scope, uid, {"a": {"x": 9}, "c": 9})
        assert (house.defaulted(uid), house.params(uid)["c"]) == (["a.y", "c"], "4")
        house.configs.replace(house.scope, uid, {"a": {"y": 2}})
        assert house.defaulted(uid) == []

    def test_a_fork_has_the_same_defaults(self, house: House) -> None:
        uid = house.run()
        house.configs.replace(house.scope, uid, {"lr": 1})
        house.configs.fill(house.scope, uid, {"seed": 7})
        assert house.defaulted(house.branches.fork(house.scope, uid, name="fork").run.uid) == ["seed"]

    def test_each_of_many_runs_tells_its_own_defaults(self, house: House) -> None:
        uids = [house.run(str(at)) for at in range(3)]
        for at, uid in enumerate(uids[:2]):
            house.configs.replace(house.scope, uid, {f"k{at}": 1})
            house.configs.fill(house.scope, uid, {"k0": 0, "k1": 0})
        found = {
            item.run.uid: list(item.defaulted) for item in house.runs.search(house.scope, [house.experiment_id]).items
        }
        assert [found[uid] for uid in uids] == [["k1"], ["k0"], []]


class TextContract:
    """Text is any Unicode, compared in binary, indexed by its beginning and compared again on the whole."""

    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    def test_any_text_comes_back_as_it_was_sent_and_is_found(self, house: House, text: str) -> None:
        house.note(house.run("it"), {"p": text}, {"t": text})
        house.note(house.run("other"), {"p": text + "."}, {"t": text + "."})
        uid = house.runs.search(house.scope, [house.experiment_id], where=Comparison(Param("p"), "=", text)).items
        assert [dict(item.params) for item in uid] == [{"p": text}]
        assert found(house, Comparison(Tag("t"), "=", text)) == {"it"}
        assert found(house, Comparison(Tag("t"), "!=", text)) == {"other"}

    def test_long_texts_that_begin_alike_are_told_apart(self, house: House) -> None:
        for end in "abc":
            house.note(house.run(end), {"p": LONG[:5_900] + end}, {"t": LONG[:5_900] + end})
        for field in (Param("p"), Tag("t")):
            assert found(house, Comparison(field, "=", LONG[:5_900] + "b")) == {"b"}
            assert found(house, Comparison(field, "=", LONG[:5_900])) == set()
            assert found(house, Comparison(field, ">", LONG[:5_900] + "a")) == {"b", "c"}

    def test_keys_differ_by_case_and_by_every_sign(self, house: House) -> None:
        uid = house.run()
        keys = ["a", "A", "a ", "á", "a\u0301", "a.b", "a/b", 'a"b', "a'b"]
        house.note(uid, {key: key for key in keys}, {key: key for key in keys})
        assert house.params(uid) == {key: key for key in keys}
        assert list(house.params(uid)) == sorted(keys)
        for key in keys:
            assert found(house, Comparison(Param(key), "=", key)) == {"run"}
        house.runs.delete_tag(house.scope, uid, "a ")
        assert house.tags(uid) == {key: key for key in keys if key != "a "}

    def test_a_tag_is_set_again_and_deleted_once(self, house: House) -> None:
        uid = house.run()
        house.note(uid, tags={"t": "1", "u": "1"})
        house.note(uid, tags={"t": LONG})
        assert house.tags(uid) == {"t": LONG, "u": "1"}
        assert found(house, Comparison(Tag("t"), "=", "1")) == set()
        house.runs.delete_tag(house.scope, uid, "t")
        with pytest.raises(NotFound):
            house.runs.delete_tag(house.scope, uid, "t")
        assert house.tags(uid) == {"u": "1"}


class WriterContract:
    """What a writer sends is stored exactly once."""

    def send(self, house: House, uid: str, sender: Writer, *values: float, **given: Any) -> None:
        """Logs values at the steps of their numbers."""
        steps = list(range(sender.first_seq, sender.first_seq + len(values)))
        house.log(uid, sender.name, list(values), steps, writer=sender, **given)

    @pytest.mark.parametrize("compacted", [False, True])
    def test_a_resend_is_dropped(self, house: House, compacted: bool) -> None:
        uid = house.run()
        self.send(house, uid, writer(0), 1.0, 2.0)
        if compacted:
            inside.settle(house.store)
        self.send(house, uid, writer(0), 8.0, 9.0)  # other values under the same numbers: they were stored before
        assert house.values(uid, "w") == [1.0, 2.0]
        self.send(house, uid, writer(1), 2.0, 3.0)  # only what lies above is new
        assert house.values(uid, "w") == [1.0, 2.0, 3.0]
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 3

    def test_a_gap_is_refused_with_the_number_expected(self, house: House) -> None:
        uid = house.run()
        self.send(house, uid, writer(0), 1.0)
        with pytest.raises(SequenceGap) as refused:
            self.send(house, uid, writer(2), 3.0)
        assert refused.value.details == {"expected": 1}
        with pytest.raises(SequenceGap) as refused:
            self.send(house, uid, writer(1, name="never seen"), 3.0)
        assert refused.value.details == {"expected": 0}
        assert house.values(uid, "w") == [1.0]

    def test_what_is_no_point_counts_as_one_record(self, house: House) -> None:
        uid = house.run()
        value = LoggedValue("text", 0, 0, 0, "text", '"first"')
        self.send(house, uid, writer(0), 1.0, tags={"t": "first"}, params={"p": "1"}, logged_values=[value])
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 2
        value = LoggedValue("text", 0, 0, 0, "text", '"second"')
        self.send(house, uid, writer(0), 1.0, tags={"t": "second"}, params={"p": "2"}, logged_values=[value])
        assert house.tags(uid) == {"t": "first"}
        assert house.params(uid) == {"p": "1"}
        assert [row.values for row in house.history.rows(house.scope, uid)] == [{"text": "first"}]

    def test_logged_values_can_count_one_by_one(self, house: House) -> None:
        def send(first_seq: int, *texts: str, **given: Any) -> None:
            values = [LoggedValue(text, 0, 0, 0, "text", f'"{text}"') for text in texts]
            call = Logged(uid, logged_values=values, writer=writer(first_seq), rest_count=len(values), **given)
            house.runs.log(house.scope, call).result()

        uid = house.run()
        send(0, "a", "b")
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 2
        send(1, "not b", "c")  # only what lies above is new
        send(0, "not a")
        self.send(house, uid, writer(3), 1.0)  # points and values are numbered together
        with pytest.raises(SequenceGap):
            send(5, "d")
        send(4, "d")
        assert {row.key for row in self.all_values(house, uid)} == {"a", "b", "c", "d"}
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 5
        for wrong in ({"tags": {"a": "b"}}, {"params": {"a": "b"}}):
            with pytest.raises(InvalidInput):
                send(5, "e", **wrong)
        with pytest.raises(InvalidInput):
            house.runs.log(house.scope, Logged(uid, writer=writer(5), rest_count=3))
        house.branches.rewind(house.scope, uid, 0)
        with pytest.raises(Conflict):
            send(5, "e")

    def all_values(self, house: House, uid: str) -> list[LoggedValue]:
        """What the run has logged that is no number."""
        with house.store.read() as unit:
            return unit.values.all(unit.runs.get(house.scope, uid).id)

    def test_points_of_models_are_stored_once_too(self, house: House) -> None:
        uid, model = house.run(), house.model()
        for value in (0.5, 0.75):
            call = Logged(uid, model_points=[ModelPoint(model.uid, "acc", value, 0, 0)], writer=writer(0))
            house.runs.log(house.scope, call).result()
        assert [item.value for item in house.models.get(house.scope, model.uid).metrics] == [0.5]

    def test_writers_streams_and_runs_count_for_themselves(self, house: House) -> None:
        uid, other = house.run(), house.run()
        self.send(house, uid, writer(0), 1.0, 2.0)
        for run, sender in ((uid, writer(0, name="v")), (uid, writer(0, stream="system")), (other, writer(0))):
            self.send(house, run, sender, 5.0)
            assert house.runs.open_writer(house.scope, run, sender.name, sender.stream).next_seq == 1
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 2

    def test_a_refused_batch_can_be_sent_again_mended(self, house: House) -> None:
        uid = house.run()
        house.note(uid, {"lr": "1"})
        with pytest.raises(ParamChanged):
            self.send(house, uid, writer(0), 1.0, 2.0, params={"lr": "2"})
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 0
        self.send(house, uid, writer(0), 1.0, 2.0)
        assert house.values(uid, "w") == [1.0, 2.0]

    def test_a_rewind_raises_the_epoch(self, house: House) -> None:
        uid = house.run()
        self.send(house, uid, writer(0), 1.0, 2.0, 3.0)
        house.branches.rewind(house.scope, uid, 1)
        with pytest.raises(Conflict) as refused:
            self.send(house, uid, writer(3), 4.0)
        assert refused.value.details == {"epoch": 1, "expected": 0}
        with pytest.raises(Conflict):
            self.send(house, uid, writer(0, epoch=2), 4.0)
        progress = house.runs.open_writer(house.scope, uid, "w", "points")
        assert (progress.epoch, progress.next_seq) == (1, 0)
        house.log(uid, "w", [9.0], [2], writer=writer(0, epoch=1))
        assert house.values(uid, "w") == [1.0, 2.0, 9.0]

    def test_a_rewind_refuses_writers_that_it_has_not_met(self, house: House) -> None:
        uid = house.run()
        self.send(house, uid, writer(0), 1.0, 2.0, 3.0)
        house.branches.rewind(house.scope, uid, 1)
        with pytest.raises(Conflict, match="rewound"):
            self.send(house, uid, writer(0, name="late"), 9.0)
        assert house.runs.open_writer(house.scope, uid, "later", "points").epoch == 1
        self.send(house, uid, writer(0, name="late", epoch=1), 4.0)
        assert 9.0 not in house.values(uid, "w")
        house.branches.rewind(house.scope, house.run(), 1)  # one without any writer

    def test_batches_of_one_group_follow_each_other(self, house: House) -> None:
        uid = house.run()
        sent = [house.send(uid, "loss", [float(i)], [i], writer=writer(i)) for i in range(100)]
        sent += [house.send(uid, "loss", [float(i)], [i], writer=writer(i)) for i in range(50)]
        for future in sent:
            future.result()
        assert house.values(uid, "loss") == [float(i) for i in range(100)]
