"""What every store promises of searches. Subclass, and give a fixture `house`."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from assay.core.search.ast import (
    And,
    Attribute,
    Comparison,
    DatasetField,
    Expr,
    In,
    IsNull,
    Like,
    Metric,
    Not,
    Or,
    Order,
    Param,
    Tag,
)
from assay.core.tracking import Dataset, DatasetInput, View
from assay.testing import inside
from assay.testing.evaluator import like
from assay.testing.house import House
from assay.wire.errors import InvalidInput

TEXTS = [
    "abc",
    "ABC",
    "aXc",
    "a%c",
    "a_c",
    "a\\c",
    "a\\%c",
    "é",
    "É",
    "ab",
    "",
    "a\nc",
    "🦊",
    "K",
    "\u212a",
    "k",
    "\u017f",
    "s",
]
PATTERNS = [
    "abc",
    "a%",
    "%c",
    "a_c",
    "_",
    "",
    "%",
    "a\\%c",
    "a\\_c",
    "\\",
    "%\\%",
    "é",
    "k",
    "K",
    "s",
    "A%",
    "%%c%",
    "a%%_c",
]


def names(
    house: House, where: Expr | None = None, order: Sequence[Order] = (), limit: int = 1_000, view: View = View.ACTIVE
) -> list[str]:
    """The names of the runs found, over all pages."""
    found: list[str] = []
    token = None
    while True:
        page = house.runs.search(
            house.scope, [house.experiment_id], view=view, where=where, order=order, limit=limit, token=token
        )
        assert len(page.items) <= limit
        found += [item.run.name for item in page.items]
        token = page.next_token
        if token is None:
            return found


class SearchContract:
    """Which runs are found."""

    @pytest.fixture
    def runs(self, house: House) -> House:
        """Runs with a metric of each class, some at rest and some in motion."""
        for at, (name, values) in enumerate(
            [
                ("low", [1.0]),
                ("high", [9.0, 5.0]),
                ("nan", [3.0, math.nan]),
                ("only nan", [math.nan]),
                ("inf", [math.inf]),
                ("-inf", [-math.inf]),
            ]
        ):
            house.log(house.run(name, start_us=at), "m", values)
            if at == 2:
                inside.settle(house.store)
        house.run("none", start_us=99)
        return house

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Comparison(Metric("m"), ">", 1.0), {"high", "inf"}),
            (Comparison(Metric("m"), "<=", 5.0), {"low", "high", "-inf"}),
            (Comparison(Metric("m"), "=", math.inf), {"inf"}),
            (Comparison(Metric("m"), "!=", 1.0), {"high", "nan", "only nan", "inf", "-inf"}),
            (Not(Comparison(Metric("m"), "=", 1.0)), {"high", "nan", "only nan", "inf", "-inf", "none"}),
            (IsNull(Metric("m")), {"none"}),
            (Not(IsNull(Metric("m", "max"))), {"low", "high", "nan", "only nan", "inf", "-inf"}),
            (In(Metric("m"), (1.0, 5.0, 3.0)), {"low", "high"}),
            (Not(In(Metric("m"), (1.0, 5.0))), {"nan", "only nan", "inf", "-inf", "none"}),
            (Comparison(Metric("m", "max"), "=", 9.0), {"high"}),
            (Comparison(Metric("m", "min"), "=", 3.0), {"nan"}),
            (Comparison(Metric("m", "min"), "!=", 3.0), {"low", "high", "only nan", "inf", "-inf"}),
            (Comparison(Metric("m", "max"), "!=", 9.0), {"low", "nan", "only nan", "inf", "-inf"}),
            (Comparison(Metric("never"), "!=", 1.0), set()),
            (Not(Comparison(Param("never"), "=", "x")), {"low", "high", "nan", "only nan", "inf", "-inf", "none"}),
            (And((Comparison(Metric("m"), ">", 0.0), Not(Comparison(Metric("m"), ">", 4.0)))), {"low"}),
            (Or((IsNull(Metric("m")), Comparison(Metric("m"), "<", 0.0))), {"none", "-inf"}),
        ],
    )
    def test_classes_of_a_metric(self, runs: House, where: Expr, expected: set[str]) -> None:
        assert set(names(runs, where)) == expected

    def test_a_metric_in_a_context_is_another_one(self, house: House) -> None:
        house.log(house.run("plain"), "m", [1.0])
        house.log(house.run("test"), "m", [1.0], contexts=[{"dataset": "test"}])
        assert names(house, Comparison(Metric("m"), "=", 1.0)) == ["plain"]
        assert set(names(house, order=[Order(Metric("m"))])) == {"plain", "test"}

    def test_a_param_is_a_number_or_a_text_as_it_is_asked_for(self, house: House) -> None:
        for text in ("10", "9", "1e1", "ten", "nan", "inf"):
            house.note(house.run(text), {"p": text})
        assert set(names(house, Comparison(Param("p"), ">", 9.5))) == {"10", "1e1"}
        assert set(names(house, Comparison(Param("p"), ">", "9"))) == {"ten", "nan", "inf"}
        assert set(names(house, Comparison(Param("p"), "!=", 10.0))) == {"9"}
        assert set(names(house, In(Param("p"), (10.0, 9.0)))) == {"10", "1e1", "9"}
        assert set(names(house, In(Param("p"), (10.0, "ten")))) == {"10", "1e1", "ten"}

    def test_missing_attributes(self, house: House) -> None:
        house.run("without")
        house.run("with", start_us=5, tags={"mlflow.parentRunId": "p"})
        assert names(house, IsNull(Attribute("start_us"))) == ["without"]
        assert names(house, Comparison(Attribute("start_us"), "!=", 6)) == ["with"]
        assert names(house, Not(Comparison(Attribute("start_us"), "=", 5))) == ["without"]
        assert names(house, Comparison(Attribute("parent_uid"), "=", "p")) == ["with"]

    def test_views(self, house: House) -> None:
        house.run("kept", start_us=1)
        house.runs.delete(house.scope, house.run("gone", start_us=2))
        assert names(house) == ["kept"]
        assert names(house, view=View.DELETED) == ["gone"]
        assert names(house, view=View.ALL) == ["gone", "kept"]

    def test_datasets_that_a_run_used(self, house: House) -> None:
        for name, context in (("iris", "train"), ("mnist", "test")):
            item = DatasetInput(Dataset(name, f"digest of {name}", "local", "x"), {"mlflow.data.context": context})
            house.runs.add_inputs(house.scope, house.run(f"{name} user"), [item])
        house.run("none")
        assert names(house, Comparison(DatasetField("name"), "=", "iris")) == ["iris user"]
        assert names(house, Comparison(DatasetField("context"), "=", "test")) == ["mnist user"]
        assert names(house, Like(DatasetField("digest"), "%iris", case_sensitive=True)) == ["iris user"]
        with pytest.raises(InvalidInput):
            names(house, order=[Order(DatasetField("name"))])

    @pytest.mark.parametrize("case_sensitive", [True, False], ids=["LIKE", "ILIKE"])
    def test_like_means_the_same_everywhere(self, house: House, case_sensitive: bool) -> None:
        for text in TEXTS:
            house.note(house.run(text), {"p": text}, {"t": text})
        for pattern in PATTERNS:
            expected = sorted(text for text in TEXTS if like(text, pattern, case_sensitive=case_sensitive))
            for field in (Param("p"), Tag("t"), Attribute("name")):
                found = names(house, Like(field, pattern, case_sensitive=case_sensitive))
                assert sorted(found) == expected, (field, pattern)

    def test_a_pattern_too_long_is_refused(self, house: House) -> None:
        for pattern in ("🦊" * 16_000, "%" * 60_000):
            with pytest.raises(InvalidInput):
                names(house, Like(Attribute("name"), pattern, case_sensitive=True))


class OrderContract:
    """In which order, and page by page."""

    def test_text_is_ordered_by_its_bytes(self, house: House) -> None:
        texts = ["Z", "a", "B", "é", "z", "_", "", "aa", "a b", "🦊", "\uffff", "ab", "A"]
        for text in texts:
            house.note(house.run(text), {"p": text}, {"t": text})
        for field in (Param("p"), Tag("t"), Attribute("name")):
            assert names(house, order=[Order(field)]) == sorted(texts)
            assert names(house, order=[Order(field, descending=True)], limit=3) == sorted(texts, reverse=True)
        assert set(names(house, Comparison(Param("p"), "<", "a"))) == {text for text in texts if text < "a"}

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    def test_what_lacks_the_key_comes_last_and_nan_before_it(self, house: House, limit: int) -> None:
        for name, values in (
            ("2", [2.0]),
            ("nan", [math.nan]),
            ("inf", [math.inf]),
            ("-inf", [-math.inf]),
            ("1", [1.0]),
        ):
            house.log(house.run(name), "m", values)
        house.run("none")
        up = ["-inf", "1", "2", "inf", "nan", "none"]
        down = ["inf", "2", "1", "-inf", "nan", "none"]
        for aggregate in ("last", "min", "max"):
            assert names(house, order=[Order(Metric("m", aggregate))], limit=limit) == up
            assert names(house, order=[Order(Metric("m", aggregate), descending=True)], limit=limit) == down

    def test_ties_are_newest_first_then_by_uid(self, house: House) -> None:
        uids = sorted(f"{n:032x}" for n in (7, 3, 5))
        base = house.experiment_id << 64
        for uid in uids:
            house.run(uid[-1], uid=f"{base + int(uid, 16):032x}", start_us=5)
        house.run("new", start_us=6)
        house.run("without")
        expected = ["new", "3", "5", "7", "without"]
        assert names(house) == expected
        assert names(house, order=[Order(Param("never"))], limit=2) == expected
        assert names(house, order=[Order(Attribute("status"))], limit=1) == expected

    @pytest.mark.parametrize(
        "order", [Metric("m"), Attribute("name"), Param("p")], ids=["metric", "attribute", "param"]
    )
    def test_pages_stay_right_while_runs_are_added(self, house: House, order: Any) -> None:
        def add(value: float, start_us: int) -> None:
            house.log(house.run(f"{value:06.2f}", start_us=start_us), "m", [value], params={"p": f"{value:06.2f}"})

        for at in range(10):
            add(at, at)
        seen: list[float] = []
        token = None
        while token is not None or not seen:
            page = house.runs.search(house.scope, [house.experiment_id], order=[Order(order)], limit=3, token=token)
            seen += [float(item.run.name) for item in page.items]
            token = page.next_token
            if seen[-1] < 9:  # others come before what was shown, and right after it
                add(seen[-1] / 3 + 0.01, 50)
                add(seen[-1] + 0.25, 60)
        assert seen == sorted(seen)
        assert len(set(seen)) == len(seen), "a run was shown twice"
        assert set(range(10)) <= set(seen), "a run was not shown"
        assert len(seen) > 10

    @pytest.mark.parametrize("kind", [Metric, Param, Tag])
    def test_a_key_first_logged_between_two_pages_breaks_no_token(self, house: House, kind: Any) -> None:
        for at in range(4):
            house.run(f"{at}", start_us=at)
        order = [Order(kind("fresh"))]
        page = house.runs.search(house.scope, [house.experiment_id], order=order, limit=2)
        assert [item.run.name for item in page.items] == ["3", "2"]
        house.log(page.items[0].run.uid, "fresh", [1.0], params={"fresh": "1"}, tags={"fresh": "1"})
        rest = house.runs.search(house.scope, [house.experiment_id], order=order, limit=2, token=page.next_token)
        assert [item.run.name for item in rest.items] == ["1", "0"]

    def test_a_token_serves_its_own_query_only(self, house: House) -> None:
        for at in range(3):
            house.run(f"{at}", start_us=at)
        order = [Order(Attribute("name"))]
        token = house.runs.search(house.scope, [house.experiment_id], order=order, limit=1).next_token
        assert token is not None
        given: dict[str, Any]
        for given in ({"order": []}, {"order": order, "view": View.ALL}, {"where": IsNull(Param("p")), "order": order}):
            with pytest.raises(InvalidInput):
                house.runs.search(house.scope, [house.experiment_id], token=token, **given)

    @pytest.mark.parametrize(
        "wrong", ["", "x", "🦊", 1 << 80, -(1 << 80), 1.5, math.inf, True, None, [], {}, "\0", "\ud800"]
    )
    def test_a_forged_token_is_refused_or_harmless(self, house: House, wrong: Any) -> None:
        for at in range(3):
            house.log(house.run(f"{at}", start_us=at), "m", [float(at)])
        for order in ([Order(Attribute("name"))], [Order(Metric("m"))], [Order(Attribute("start_us"))]):
            page = house.runs.search(house.scope, [house.experiment_id], order=order, limit=1)
            assert page.next_token is not None
            read = json.loads(base64.urlsafe_b64decode(page.next_token))
            for place in range(len(read["v"])):
                forged = read | {"v": [wrong if at == place else value for at, value in enumerate(read["v"])]}
                token = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode()
                try:
                    house.runs.search(house.scope, [house.experiment_id], order=order, limit=1, token=token)
                except InvalidInput as refused:
                    assert refused.field == "page_token"  # noqa: PT017 -- a harmless token is fine too
        assert names(house) == ["2", "1", "0"]

    @pytest.mark.parametrize("token", ["", "x", "====", "bnVsbA==", "W10=", "e30=", "🦊"])
    def test_nonsense_is_no_token(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput):
            house.runs.search(house.scope, [house.experiment_id], token=token)
