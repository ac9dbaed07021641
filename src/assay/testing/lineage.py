"""What every store promises of datasets, and of the models a run used or made. Subclass, and give a fixture `house`."""

from __future__ import annotations

import pytest

from assay.core.tracking import Dataset, DatasetInput, ModelUse, RunRecord
from assay.testing.house import House
from assay.wire.errors import NotActive, NotFound

IRIS = Dataset("iris", "d1", "local", "/data/iris.csv", schema='{"x": "long"}', profile='{"rows": 150}')
TRAINING = {"mlflow.data.context": "training"}


def of(house: House, uid: str) -> RunRecord:
    """The run with all it owns."""
    return house.runs.get(house.scope, uid)


class LineageContract:
    """What a run used and made is told as it was said, once, and by every way of reading the run."""

    def test_a_dataset_comes_back_as_it_was_described(self, house: House) -> None:
        uid = house.run()
        used = DatasetInput(IRIS, TRAINING)
        house.runs.add_inputs(house.scope, uid, [used])
        assert of(house, uid).datasets == [used]
        (found,) = house.runs.search(house.scope, [house.experiment_id]).items
        assert found.datasets == [used]
        assert house.runs.datasets(house.scope, [house.experiment_id]) == [(house.experiment_id, IRIS, "training")]

    def test_a_dataset_is_one_by_name_and_digest_in_an_experiment(self, house: House) -> None:
        """Two runs share it; another digest, and another experiment, are another."""
        other = house.experiments.create(house.scope, "other").id
        newer = Dataset("iris", "d2", "local", "/data/iris.csv")
        for uid in (house.run(), house.run()):
            house.runs.add_inputs(house.scope, uid, [DatasetInput(IRIS)])
        house.runs.add_inputs(house.scope, house.run(), [DatasetInput(newer)])
        elsewhere = house.runs.create(house.scope, other, name="run").run.uid
        house.runs.add_inputs(house.scope, elsewhere, [DatasetInput(IRIS)])
        told = house.runs.datasets(house.scope, [house.experiment_id, other])
        assert sorted((place, item.digest) for place, item, _ in told) == sorted(
            [(house.experiment_id, "d1"), (house.experiment_id, "d2"), (other, "d1")]
        )

    def test_the_same_again_changes_nothing(self, house: House) -> None:
        """As a client that sends again after a lost answer."""
        uid, model = house.run(), house.model()
        for tags in (TRAINING, {"mlflow.data.context": "other"}):
            house.runs.add_inputs(house.scope, uid, [DatasetInput(IRIS, tags)], [ModelUse(model.uid)])
            house.runs.add_outputs(house.scope, uid, [ModelUse(model.uid, step=3)])
        record = of(house, uid)
        assert record.datasets == [DatasetInput(IRIS, TRAINING)]
        assert record.model_inputs == [ModelUse(model.uid)]
        assert record.model_outputs == [ModelUse(model.uid, step=3)]

    def test_a_model_is_used_and_made_apart(self, house: House) -> None:
        """One run's output is the next one's input; steps tell the outputs of one run apart."""
        first, second = house.run("first"), house.run("second")
        one, two = house.model("one"), house.model("two")
        made = [ModelUse(one.uid, step=0), ModelUse(one.uid, step=5), ModelUse(two.uid, step=7)]
        house.runs.add_outputs(house.scope, first, list(reversed(made)))
        house.runs.add_inputs(house.scope, second, [], [ModelUse(two.uid)])
        assert (of(house, first).model_inputs, of(house, first).model_outputs) == ([], made)
        assert (of(house, second).model_inputs, of(house, second).model_outputs) == ([ModelUse(two.uid)], [])

    def test_a_refused_call_leaves_nothing_of_itself(self, house: House) -> None:
        uid, model = house.run(), house.model()
        with pytest.raises(NotFound):
            house.runs.add_inputs(house.scope, uid, [DatasetInput(IRIS)], [ModelUse(model.uid), ModelUse("m-none")])
        with pytest.raises(NotFound):
            house.runs.add_outputs(house.scope, uid, [ModelUse(model.uid), ModelUse("m-none")])
        record = of(house, uid)
        assert (record.datasets, record.model_inputs, record.model_outputs) == ([], [], [])
        assert house.runs.datasets(house.scope, [house.experiment_id]) == []

    def test_a_deleted_run_uses_nothing_more_and_shows_what_it_used(self, house: House) -> None:
        uid = house.run()
        house.runs.add_inputs(house.scope, uid, [DatasetInput(IRIS)])
        house.runs.delete(house.scope, uid)
        with pytest.raises(NotActive):
            house.runs.add_inputs(house.scope, uid, [DatasetInput(Dataset("late", "d", "local", "x"))])
        assert of(house, uid).datasets == [DatasetInput(IRIS)]
