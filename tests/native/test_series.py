"""Series and bands over HTTP, as JSON and as columns, for tails, chunks and contexts alike."""

from __future__ import annotations

import json
import math
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from native.conftest import Api, refused
from support.server import Server

from assay.wire import points as wire_points
from assay.wire.series import MEDIA_TYPE, unpack

STEPS = 20_000
RUNS = 3


def send(api: Api, uid: str, body: bytes, first: int = 0) -> None:
    """The points are stored."""
    path = f"/api/v1/runs/{uid}/points?writer=w&first={first}"
    assert api.request("POST", path, body, {"Content-Type": wire_points.MEDIA_TYPE}).status == 200


def curve(number: int) -> Any:
    """The values of a run: a walk with one peak and one hole."""
    values = np.cumsum(np.random.default_rng(number).normal(size=STEPS)).astype(np.float32).astype(float)
    values[7_777] = 1e9 + number
    values[12_345] = math.nan
    return values


@pytest.fixture(scope="module")
def runs(running: Server) -> list[str]:
    """Runs with long curves, the last of them logged in small pieces and still in its tail."""
    with closing(Api(running.url)) as api:
        uids = [api.run() for _ in range(RUNS)]
        for number, uid in enumerate(uids):
            values = curve(number)
            size = STEPS if number < RUNS - 1 else 500
            for begin in range(0, STEPS, size):
                steps = range(begin, begin + size)
                times = [1_000 * step for step in steps]
                part = values[begin : begin + size].tobytes()
                send(api, uid, wire_points.pack(["loss"], [0] * size, steps, times, part), begin)
    return uids


def asked(api: Api, path: str, form: str | None = None, **body: Any) -> Any:
    """The answer to a question about series."""
    headers = {"Content-Type": "application/json"} | ({"Accept": form} if form else {})
    answer = api.request("POST", f"/api/v1/{path}", json.dumps(body).encode(), headers)
    assert answer.status == 200, answer.body
    return unpack(answer.body) if form else json.loads(answer.body)


def test_each_run_is_drawn_with_its_peak_and_its_hole(api: Api, runs: list[str]) -> None:
    answer = asked(api, "series", runs=runs, keys=["loss", "unknown"], buckets=400)
    (chart,) = answer["charts"]
    assert (chart["key"], chart["exponent"]) == ("loss", 6)
    lines = {line["run"]: line for line in chart["lines"]}
    assert [*lines] == sorted(runs, key=[*lines].index)
    for number, uid in enumerate(runs):
        line, values = lines[uid], curve(number)
        assert line["context"] is None
        assert line["bucket"] == list(range((STEPS - 1 >> 6) + 1))
        assert sum(line["count"]) == STEPS
        assert sum(line["nan"]) == 1
        for at in (0, 100, 7_777 >> 6, 12_345 >> 6, STEPS - 1 >> 6):
            part = values[at << 6 : at + 1 << 6]
            assert line["min"][at] == np.nanmin(part)
            assert line["max"][at] == np.nanmax(part)
            assert math.isclose(line["mean"][at], np.nanmean(part), rel_tol=1e-9)
            assert (line["first"][at], line["last"][at]) == (part[0], part[-1])
        assert max(line["max"]) == 1e9 + number


def test_columns_say_the_same_as_json(api: Api, runs: list[str]) -> None:
    told = asked(api, "series", runs=runs, keys=["loss"], buckets=300)["charts"][0]
    document, columns = asked(api, "series", MEDIA_TYPE, runs=runs, keys=["loss"], buckets=300)
    (chart,) = document["charts"]
    assert [name for name, _ in document["columns"]] == [
        "mean",
        "min",
        "max",
        "first",
        "last",
        "bucket",
        "count",
        "nan",
    ]
    assert (chart["key"], chart["exponent"], chart["first"]) == ("loss", told["exponent"], 0)
    at = 0
    for line, expected in zip(chart["lines"], told["lines"], strict=True):
        end = at + line["rows"]
        assert line["run"] == expected["run"]
        for name in ("mean", "min", "max", "first", "last", "count", "nan", "bucket"):
            assert columns[name][at:end].tolist() == expected[name]
        at = end
    assert at == len(columns["mean"])
    path = "/api/v1/series?format=series"
    body = json.dumps({"runs": runs, "keys": ["loss"], "buckets": 300}).encode()
    again = api.request("POST", path, body, {"Content-Type": "application/json"})
    assert again.headers["content-type"] == MEDIA_TYPE
    assert unpack(again.body)[0] == document


def test_a_zoom_is_finer_and_whole(api: Api, runs: list[str]) -> None:
    (chart,) = asked(api, "series", runs=runs[:1], keys=["loss"], buckets=200, low=7_700.5, high=7_799.25)["charts"]
    (line,) = chart["lines"]
    assert chart["exponent"] == 0
    assert line["bucket"] == list(range(7_700, 7_801))
    assert line["max"][77] == 1e9


def test_what_was_acknowledged_is_drawn(api: Api) -> None:
    uid = api.run()
    for at in range(100):
        send(api, uid, wire_points.pack(["m"], [0], [at], [at], [float(at)]), at)
        (line,) = asked(api, "series", runs=[uid], keys=["m"], buckets=2)["charts"][0]["lines"]
        assert (sum(line["count"]), line["last"][-1]) == (at + 1, at)


def test_another_metric_is_the_axis(api: Api) -> None:
    uid = api.run()
    send(
        api,
        uid,
        wire_points.pack(
            ["epoch", "loss"], [0, 0, 0, 1, 1, 1], [0, 5, 9, 0, 5, 7], [0] * 6, [0.0, 0.5, 1.0, 3.0, 2.0, 9.0]
        ),
    )
    (chart,) = asked(api, "series", runs=[uid], keys=["loss"], x="metric", x_metric="epoch", buckets=10)["charts"]
    (line,) = chart["lines"]
    width = 2.0 ** chart["exponent"]
    assert [at * width for at in line["bucket"]] == [0.0, 0.5]
    assert (line["count"], line["mean"]) == ([1, 1], [3.0, 2.0])


def test_contexts_are_lines_of_their_own(api: Api) -> None:
    uid = api.run()
    send(
        api,
        uid,
        wire_points.pack(
            ["m"], [0] * 3, [0, 0, 1], [0] * 3, [1.0, 2.0, 3.0], contexts=['{"split":"test"}'], context=[0, 1, 1]
        ),
    )
    lines = asked(api, "series", runs=[uid], keys=["m"])["charts"][0]["lines"]
    assert [(line["context"], line["mean"]) for line in lines] == [(None, [1.0]), ({"split": "test"}, [2.0, 3.0])]
    for context, mean in ((None, [1.0]), ({"split": "test"}, [2.0, 3.0])):
        (line,) = asked(api, "series", runs=[uid], keys=["m"], context=context)["charts"][0]["lines"]
        assert line["mean"] == mean
    assert asked(api, "series", runs=[uid], keys=["m"], context={"split": "other"})["charts"] == []


def test_relative_time_counts_from_the_beginning_of_each_run(api: Api) -> None:
    uids = [api.run(start_us=began) for began in (10**15, 2 * 10**15)]
    for offset, uid in enumerate(uids):
        began = api.get(f"runs/{uid}")["start_us"]
        times = [began + (1 << 20) * (at + offset) for at in range(4)]
        send(api, uid, wire_points.pack(["m"], [0] * 4, range(4), times, [float(at) for at in range(4)]))
    (chart,) = asked(api, "series", runs=uids, keys=["m"], x="relative_time", buckets=5)["charts"]
    assert chart["exponent"] == 20
    assert {line["run"]: line["bucket"] for line in chart["lines"]} == {uids[0]: [0, 1, 2, 3], uids[1]: [1, 2, 3, 4]}


def test_groups_are_bands(api: Api, runs: list[str]) -> None:
    groups = {"first": runs[:2], "all": runs, "none": []}
    found = asked(api, "bands", groups=groups, keys=["loss"], buckets=100, quantiles=[0.5])["bands"]
    assert [(band["group"], band["runs"][0]) for band in found] == [("first", 2), ("all", 3)]
    document, columns = asked(api, "bands", MEDIA_TYPE, groups=groups, keys=["loss"], buckets=100, quantiles=[0.5])
    assert [band["rows"] for band in document["bands"]] == [len(band["bucket"]) for band in found]
    assert columns["mean"].tolist() == found[0]["mean"] + found[1]["mean"]
    assert columns["quantile_0"].tolist() == found[0]["quantiles"][0] + found[1]["quantiles"][0]
    assert max(found[1]["max"]) == 1e9 + 2


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("series", {"keys": ["m"]}, "body"),
        ("series", {"runs": [], "keys": ["m"], "buckets": 1}, "body"),
        ("series", {"runs": [], "keys": ["m"], "buckets": 10_001}, "buckets"),
        ("series", {"runs": ["r"] * 2, "keys": [""]}, "key"),
        ("series", {"runs": [f"{n:032x}" for n in range(1_001)], "keys": ["m"]}, "runs"),
        ("series", {"runs": ["r"], "keys": [f"k{n}" for n in range(201)]}, "keys"),
        ("series", {"runs": [f"{n:032x}" for n in range(900)], "keys": ["a", "b", "c"]}, "buckets"),
        ("series", {"runs": ["r"], "keys": ["m"], "x": "metric"}, "x_metric"),
        ("series", {"runs": ["r"], "keys": ["m"], "x_metric": "m"}, "x_metric"),
        ("series", {"runs": ["r"], "keys": ["m"], "low": 2, "high": 1}, "high"),
        ("series", {"runs": ["r"], "keys": ["m"], "x": "sideways"}, "body"),
        ("bands", {"groups": {"a": ["r"]}, "keys": ["m"], "quantiles": [1.5]}, "quantiles"),
        ("bands", {"groups": {"a": ["r"]}, "keys": ["m"], "quantiles": [0.5] * 21}, "quantiles"),
    ],
)
def test_bad_questions_name_their_field(api: Api, path: str, body: dict[str, Any], field: str) -> None:
    answer = api.request("POST", f"/api/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    refused(answer, 422, "invalid_input", field)
