"""What every store promises of metric points. Subclass, and give a fixture `house`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from assay.core.search.ast import Comparison, Expr, IsNull, MeasuredOn, Metric, Not, Order
from assay.core.tracking import Latest, Logged, LoggedValue, ModelPoint
from assay.testing import inside
from assay.testing.house import House

NAN, INF = math.nan, math.inf
TINY, HUGE = 5e-324, 1.7976931348623157e308


def shown(latest: Latest) -> tuple[float | str, int, int, float | None, float | None]:
    """A latest value that can be compared: NaN is a word."""
    value = "nan" if math.isnan(latest.value) else latest.value
    return value, latest.step, latest.time_us, latest.min, latest.max


class PointContract:
    """What is logged is read back, each point once and in the one order."""

    @pytest.mark.parametrize("compacted", [False, True])
    def test_every_number_comes_back_exactly(self, house: House, compacted: bool) -> None:
        uid = house.run()
        values = [0.0, 1.5, -1.5, 0.1, 1 / 3, TINY, -TINY, HUGE, -HUGE, INF, -INF, 2.0**53, 16777217.0]
        house.log(uid, "loss", values)
        if compacted:
            inside.settle(house.store)
        assert house.values(uid, "loss") == values

    @pytest.mark.parametrize("compacted", [False, True])
    def test_integers_reach_their_bounds(self, house: House, compacted: bool) -> None:
        uid = house.run()
        steps = [-(1 << 63), -1, 0, 1, (1 << 63) - 1]
        house.log(uid, "loss", [1.0] * 5, steps, steps)
        if compacted:
            inside.settle(house.store)
        points = house.points(uid, "loss")
        assert points.step.tolist() == points.time_us.tolist() == steps

    @pytest.mark.parametrize("compacted", [False, True])
    def test_a_point_sent_again_collapses(self, house: House, compacted: bool) -> None:
        uid = house.run()
        for _ in range(3):
            house.log(uid, "loss", [1.0, NAN, INF, 0.0, -0.0, NAN], [0, 1, 2, 3, 3, 1], [0] * 6)
            if compacted:
                inside.settle(house.store)
        values = house.values(uid, "loss")
        assert math.isnan(values.pop(1))
        assert values == [1.0, INF, 0.0]

    def test_points_differ_by_each_of_their_six_columns(self, house: House) -> None:
        uid = house.run()
        call = Logged(
            uid,
            ["a", "b", "a", "a", "a", "a", "a"],
            [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0],
            [0, 0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 1, 0, 0],
            rows=[0, 0, 0, 0, 0, 1, 0],
            contexts=[None, None, None, None, None, None, {"dataset": "test"}],
        )
        for _ in range(2):
            house.runs.log(house.scope, call).result()
        assert len(house.points(uid, "a")) == 5
        assert len(house.points(uid, "b")) == 1
        assert len(house.points(uid, "a", {"dataset": "test"})) == 1

    @pytest.mark.parametrize("compacted", [False, True])
    def test_history_is_in_the_order_of_step_time_row_and_value(self, house: House, compacted: bool) -> None:
        uid = house.run()
        sent = [
            (step, time_us, row, value)
            for step in (2, 0, 1)
            for time_us in (5, 3)
            for row in (1, 0)
            for value in (2.0, -1.0, 0.0)
        ]
        for at in range(0, len(sent), 5):
            step, time_us, row, value = zip(*sent[at : at + 5], strict=True)
            house.log(uid, "loss", value, step, time_us, rows=row)
        if compacted:
            inside.settle(house.store)
        points = house.points(uid, "loss")
        columns = (points.step.tolist(), points.time_us.tolist(), points.row.tolist(), points.value.tolist())
        assert list(zip(*columns, strict=True)) == sorted(sent)

    def test_nan_orders_as_zero_and_after_it(self, house: House) -> None:
        uid = house.run()
        house.log(uid, "loss", [1.0, NAN, 0.0, -1.0, -INF, INF], [0] * 6, [0] * 6)
        assert str(house.values(uid, "loss")) == str([-INF, -1.0, 0.0, NAN, 1.0, INF])

    def test_rows_are_read_back_as_they_were_logged(self, house: House) -> None:
        uid = house.run()
        value = LoggedValue("note", 0, 1, 10, "text", '"é"')
        call = Logged(
            uid, ["a", "b", "a"], [1.0, 2.0, 3.0], [0, 0, 0], [9, 9, 10], rows=[0, 0, 1], logged_values=[value]
        )
        house.runs.log(house.scope, call).result()
        house.log(uid, "a", [9.0])  # without a row, so in none
        rows = [(row.row, row.step, row.values) for row in house.history.rows(house.scope, uid)]
        assert rows == [(0, 0, {"a": 1.0, "b": 2.0}), (1, 0, {"a": 3.0, "note": "é"})]

    def test_what_was_never_logged_is_empty(self, house: House) -> None:
        uid = house.run()
        assert house.values(uid, "never") == []
        house.log(uid, "loss", [1.0])
        assert house.values(uid, "loss", {"dataset": "none"}) == []
        assert house.series.charts(house.scope, [uid, "unknown"], ["never"], count=2) == []

    def test_models_own_points_in_the_context_of_their_run(self, house: House) -> None:
        uid, model = house.run(), house.model()
        sent = [ModelPoint(model.uid, "acc", 0.5, 0, 0), ModelPoint(model.uid, "acc", 0.25, 0, 0, "iris", "d1")]
        house.runs.log(house.scope, Logged(uid, model_points=sent)).result()
        found = {str(item.context): item.value for item in house.models.get(house.scope, model.uid).metrics}
        assert found == {
            str({"run": uid}): 0.5,
            str({"dataset_digest": "d1", "dataset_name": "iris", "run": uid}): 0.25,
        }
        assert house.runs.get(house.scope, uid).metrics == []

    def test_models_are_found_by_what_was_measured_on_a_dataset(self, house: House) -> None:
        uid = house.run()
        for name, values in {"good": (0.1, 0.9), "bad": (0.9, 0.1), "other": (0.9, None)}.items():
            model = house.model(name).uid
            sent = [ModelPoint(model, "acc", values[0], 0, 0)]
            if values[1] is not None:
                sent.append(ModelPoint(model, "acc", values[1], 0, 0, "iris", "d1"))
            house.runs.log(house.scope, Logged(uid, model_points=sent)).result()

        def names(where: Expr, order: Sequence[Order] = ()) -> list[str]:
            ids = [house.experiment_id]
            return [item.name for item in house.models.search(house.scope, ids, where=where, order=order).items]

        iris, other = MeasuredOn("iris"), MeasuredOn("iris", "d2")
        any_on_iris = Not(IsNull(Metric(None, on=(iris,))))
        assert names(Comparison(Metric("acc", on=(iris,)), ">", 0.5)) == ["good"]
        assert names(Comparison(Metric("acc", on=(other, MeasuredOn(None, "d1"))), "<", 0.5)) == ["bad"]
        assert names(Not(IsNull(Metric("acc", on=(other,))))) == []
        assert sorted(names(any_on_iris)) == ["bad", "good"]
        assert names(any_on_iris, [Order(Metric("acc", on=(iris,)))]) == ["bad", "good"]
        assert names(any_on_iris, [Order(Metric("acc", on=(iris,)), descending=True)]) == ["good", "bad"]


class LatestContract:
    """The latest value is that of the greatest (step, time, value), however it came."""

    @pytest.mark.parametrize("apart", [False, True], ids=["one batch", "batches"])
    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ([(0, 9, 5.0), (1, 0, 1.0)], (1.0, 1, 0, 1.0, 5.0)),
            ([(1, 8, 5.0), (1, 9, 1.0)], (1.0, 1, 9, 1.0, 5.0)),
            ([(1, 9, 1.0), (1, 9, 5.0), (0, 99, 7.0)], (5.0, 1, 9, 1.0, 7.0)),
            ([(1, 9, -1.0), (1, 9, NAN)], ("nan", 1, 9, -1.0, -1.0)),
            ([(1, 9, 1.0), (1, 9, NAN)], (1.0, 1, 9, 1.0, 1.0)),
            ([(1, 9, 0.0), (1, 9, NAN)], (0.0, 1, 9, 0.0, 0.0)),
            ([(0, 0, NAN), (1, 0, NAN)], ("nan", 1, 0, None, None)),
            ([(0, 0, INF), (1, 0, -INF)], (-INF, 1, 0, -INF, INF)),
            ([(0, 0, -INF), (0, 0, INF), (0, 0, NAN)], (INF, 0, 0, -INF, INF)),
            ([(-5, 0, 1.0), (-6, 9, 2.0)], (1.0, -5, 0, 1.0, 2.0)),
        ],
    )
    def test_latest(
        self,
        house: House,
        sent: list[tuple[int, int, float]],
        expected: tuple[float | str, int, int, float | None, float | None],
        apart: bool,
        backwards: bool,
    ) -> None:
        uid = house.run()
        sent = sent[::-1] if backwards else sent
        for calls in [[point] for point in sent] if apart else [sent]:
            steps, times_us, values = zip(*calls, strict=True)
            house.log(uid, "loss", values, steps, times_us)
        assert shown(house.latest(uid, "loss")) == expected
        inside.settle(house.store)
        assert shown(house.latest(uid, "loss")) == expected
        house.branches.rewind(house.scope, uid, 10)
        assert shown(house.latest(uid, "loss")) == expected

    def test_a_resend_changes_nothing(self, house: House) -> None:
        uid = house.run()
        house.log(uid, "loss", [3.0, 1.0, 2.0])
        before = house.latest(uid, "loss")
        house.log(uid, "loss", [3.0, 1.0, 2.0])
        assert house.latest(uid, "loss") == before

    def test_a_run_that_rested_and_goes_on_keeps_its_extremes(self, house: House) -> None:
        uid = house.run()
        house.log(uid, "loss", [3.0, 1.0])
        house.log(uid, "other", [7.0])
        inside.settle(house.store)
        house.log(uid, "loss", [2.0], [5])
        assert shown(house.latest(uid, "loss")) == (2.0, 5, 5, 1.0, 3.0)
        assert shown(house.latest(uid, "other")) == (7.0, 0, 0, 7.0, 7.0)
        house.log(uid, "loss", [0.0], [1])  # late: an extreme, but not the last
        assert shown(house.latest(uid, "loss")) == (2.0, 5, 5, 0.0, 3.0)


class BranchContract:
    """A fork copies up to the step; a rewind leaves what lies up to it."""

    def test_a_rewind_cuts_chunks_and_pages_and_recomputes_the_latest(self, house: House) -> None:
        uid = house.run()
        n = 9_000
        values = np.arange(n, 0, -1, dtype=float)
        house.log(uid, "large", values.tolist())
        house.log(uid, "small", [1.0, 5.0, 3.0], [10, 20, 30])
        house.log(uid, "late", [1.0], [n])
        inside.settle(house.store)
        house.log(uid, "tail", [4.0, 8.0], [20, 30])
        house.branches.rewind(house.scope, uid, 20)
        assert house.points(uid, "large").step.tolist() == list(range(21))
        assert house.values(uid, "small") == [1.0, 5.0]
        assert house.values(uid, "tail") == [4.0]
        latest = {item.key: (item.value, item.min, item.max) for item in house.runs.get(house.scope, uid).metrics}
        assert latest == {"large": (n - 20, n - 20, n), "small": (5.0, 1.0, 5.0), "tail": (4.0, 4.0, 4.0)}
        inside.check(inside.layout(house.store, house.head(uid).id))
        house.branches.rewind(house.scope, uid, -1)
        assert house.runs.get(house.scope, uid).metrics == []

    @pytest.mark.parametrize("compacted", [False, True])
    def test_a_fork_lives_on_its_own(self, house: House, compacted: bool) -> None:
        uid = house.run()
        house.log(uid, "loss", [float(i) for i in range(300)])
        house.note(uid, {"lr": "0.10"}, {"team": "risk"})
        if compacted:
            inside.settle(house.store)
        house.log(uid, "loss", [-1.0], [5], [0])
        fork = house.branches.fork(house.scope, uid, name="fork", step=9).run.uid
        assert house.points(fork, "loss").step.tolist() == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]
        assert (house.params(fork), house.tags(fork)) == ({"lr": "0.10"}, {"team": "risk"})
        assert shown(house.latest(fork, "loss")) == (9.0, 9, 9, -1.0, 9.0)
        house.log(fork, "loss", [50.0], [10])
        house.branches.rewind(house.scope, uid, 0)
        assert len(house.points(fork, "loss")) == 12
        assert house.values(uid, "loss") == [0.0]


class LayoutContract:
    """How points lie in tables: bounded tails, chunks apart, small series together."""

    def test_chunks_never_overlap_whatever_comes_late(self, house: House) -> None:
        uid = house.run()
        rng = np.random.default_rng(7)
        order = rng.permutation(80 * 400)
        for batch in range(80):  # each batch is scattered over the whole series
            steps = order[batch * 400 : (batch + 1) * 400]
            house.log(uid, "loss", steps.astype(float).tolist(), steps.tolist())
            if batch % 20 == 7:
                inside.check(inside.layout(house.store, house.head(uid).id))
        inside.settle(house.store)
        found = inside.layout(house.store, house.head(uid).id)
        inside.check(found)
        assert len(found.chunks) >= 4
        assert house.points(uid, "loss").step.tolist() == list(range(80 * 400))
        late = [5, 8_191, 8_192, 20_000, -3]
        house.log(uid, "loss", [0.5] * 5, late)
        inside.settle(house.store)
        inside.check(inside.layout(house.store, house.head(uid).id))
        assert house.points(uid, "loss").step.tolist() == sorted([*range(80 * 400), *late])

    def test_points_at_one_position_stay_in_one_chunk(self, house: House) -> None:
        uid = house.run()
        n = 10_000
        house.log(uid, "loss", [float(i) for i in range(n)], [1] * n, [1] * n)
        house.log(uid, "loss", [0.0] * 10, range(2, 12))
        inside.settle(house.store)
        house.log(uid, "loss", [float(n)], [1], [1])
        inside.settle(house.store)
        found = inside.layout(house.store, house.head(uid).id)
        inside.check(found)
        assert len(house.points(uid, "loss")) == n + 11

    def test_small_series_share_a_page_and_leave_it_when_they_grow(self, house: House) -> None:
        uid = house.run()
        keys = [f"k{i:03}" for i in range(120)]
        for step in range(3):
            house.runs.log(house.scope, Logged(uid, keys, [1.0] * 120, [step] * 120, [step] * 120)).result()
        inside.settle(house.store)
        found = inside.layout(house.store, house.head(uid).id)
        assert (len(found.pages), len(found.chunks)) == (1, 0)
        house.log(uid, "k007", [2.0] * 300, range(10, 310))
        inside.settle(house.store)
        found = inside.layout(house.store, house.head(uid).id)
        inside.check(found)
        assert (len(found.pages), len(found.chunks)) == (1, 1)
        assert len(house.points(uid, "k007")) == 303
        assert all(len(house.points(uid, key)) == 3 for key in ("k000", "k006", "k008", "k119"))

    def test_many_small_series_part_into_pages(self, house: House) -> None:
        uid = house.run()
        keys = [f"s{i:03}" for i in range(60)]
        for half in (keys[::2], keys[1::2]):
            for key in half:
                house.send(uid, key, [float(i) for i in range(200)])
            house.log(uid, half[0], [0.0])
            inside.settle(house.store)
        found = inside.layout(house.store, house.head(uid).id)
        inside.check(found)
        assert len(found.pages) > 1
        assert all(len(house.points(uid, key)) == 200 for key in keys)
        late = ["r", *keys[::-7], "s030a", "t"]  # each goes to the page that owns its place
        house.runs.log(house.scope, Logged(uid, late, [1.0] * len(late), [500] * len(late), [0] * len(late))).result()
        inside.settle(house.store)
        inside.check(inside.layout(house.store, house.head(uid).id))
        assert all(len(house.points(uid, key)) == 200 + (key in late) for key in keys)
        assert all(house.values(uid, key) == [1.0] for key in ("r", "s030a", "t"))

    def test_a_tail_has_at_most_32_batches(self, house: House) -> None:
        uid = house.run()
        seen = set()
        for step in range(70):
            house.log(uid, "loss", [1.0], [step])
            found = inside.layout(house.store, house.head(uid).id)
            inside.check(found)
            seen.add(found.batches)
        assert max(seen) in (31, 32)  # a full tail may have been made short before it is looked at
        assert not found.chunks
        assert not found.pages  # small batches were folded into one, not compacted
        assert house.points(uid, "loss").step.tolist() == list(range(70))

    def test_a_tail_of_large_batches_is_compacted_at_32(self, house: House) -> None:
        uid = house.run()
        for batch in range(70):
            house.log(uid, "loss", [0.0] * 1_500, range(batch * 1_500, (batch + 1) * 1_500))
            inside.check(inside.layout(house.store, house.head(uid).id))
        found = inside.layout(house.store, house.head(uid).id)
        assert found.batches < 32
        assert all(row._mapping["count"] >= 4_096 for row in found.chunks[:-1])
        assert len(house.points(uid, "loss")) == 70 * 1_500

    def test_a_tail_has_at_most_256_kib(self, house: House) -> None:
        uid = house.run()
        rng = np.random.default_rng(3)
        sizes = []
        for batch in range(12):
            house.log(uid, "loss", rng.random(4_000).tolist(), range(batch * 4_000, (batch + 1) * 4_000))
            found = inside.layout(house.store, house.head(uid).id)
            inside.check(found)
            sizes.append(found.batch_bytes)
        assert 0 in sizes
        assert max(sizes) > 128 * 1024

    def test_latest_values_lie_in_one_place(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id
        house.log(uid, "a", [1.0])
        house.log(uid, "b", [1.0])
        found = inside.layout(house.store, id)
        assert (found.live, found.latest, found.in_motion) == (2, 0, True)
        inside.settle(house.store)
        found = inside.layout(house.store, id)
        assert (found.live, found.latest, found.in_motion, found.batches) == (0, 2, False, 0)
        house.log(uid, "c", [1.0])
        found = inside.layout(house.store, id)
        assert (found.live, found.latest, found.in_motion) == (3, 0, True)
