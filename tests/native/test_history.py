"""Series and histories, in every form that they can be asked for."""

from __future__ import annotations

import io
import json
import math
import subprocess
from typing import Any

import numpy as np
import pytest
from arro3.io import read_ipc_stream, read_parquet
from native.conftest import Api, refused
from support.server import ROOT

from assay.wire.points import MEDIA_TYPE, pack, unpack

ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
SPECIAL = [math.nan, math.inf, -math.inf, 0.1]
STEPS, TIMES = [0, 0, 0, 1, 1, 2, 5, 9], [3, 3, 4, 0, 0, 1, 2, 2]
VALUES = [1.0, 2.0, math.nan, -1.0, math.inf, 0.0, -math.inf, 0.5]


def send(api: Api, uid: str, body: bytes, first: int = 0, writer: str = "w") -> None:
    """The points are stored."""
    path = f"/api/v1/runs/{uid}/points?writer={writer}&first={first}"
    assert api.request("POST", path, body, {"Content-Type": MEDIA_TYPE}).status == 200


@pytest.fixture
def uid(api: Api) -> str:
    """A run with a few points."""
    uid = api.run()
    send(api, uid, pack(["m"], [0] * 8, STEPS, TIMES, VALUES))
    return uid


def plain(values: list[float]) -> list[Any]:
    """As JSON says them."""
    return [None if math.isnan(v) else v if math.isfinite(v) else ("-" if v < 0 else "") + "Infinity" for v in values]


def pages(api: Api, uid: str, limit: int, **query: Any) -> list[tuple[int, int, Any]]:
    """(step, time, value) of all pages."""
    found: list[tuple[int, int, Any]] = []
    while True:
        page = api.get(f"runs/{uid}/history", key="m", limit=limit, **query)
        assert len(page["step"]) <= limit
        found += zip(page["step"], page["time_us"], page["value"], strict=True)
        if page["next_page_token"] is None:
            return found
        query["page_token"] = page["next_page_token"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_are_the_whole_history(api: Api, uid: str, limit: int) -> None:
    assert pages(api, uid, limit) == list(zip(STEPS, TIMES, plain(VALUES), strict=True))
    assert [step for step, _, _ in pages(api, uid, limit, after_step=0, until_step=5)] == [1, 1, 2, 5]


def test_late_points_move_no_page(api: Api, uid: str) -> None:
    first = api.get(f"runs/{uid}/history", key="m", limit=3)
    send(api, uid, pack(["m"], [0, 0], [-5, 7], [0, 0], [9.0, 9.0]), writer="late")
    rest = api.get(f"runs/{uid}/history", key="m", page_token=first["next_page_token"])
    assert rest["step"] == [1, 1, 2, 5, 7, 9]


def test_every_form_says_the_same(api: Api, uid: str) -> None:
    path = f"runs/{uid}/history"
    for form, media in (("points", MEDIA_TYPE), ("arrow", ARROW), ("parquet", PARQUET)):
        named = api.ask("GET", path, key="m", format=form, limit=6)
        accepted = api.ask("GET", path, None, {"Accept": f"text/html, {media};q=0.9"}, key="m", limit=6)
        assert (named.status, named.headers["content-type"]) == (200, media)
        assert named.body == accepted.body
        assert named.headers["x-next-page-token"].startswith("2.1.-1.")
        if form == "points":
            got = unpack(named.body)
            assert (got.keys, got.contexts, got.row) == (["m"], [], None)
            columns = [
                np.frombuffer(got.step, "<i8"),
                np.frombuffer(got.time_us, "<i8"),
                np.frombuffer(got.value, "<f8"),
            ]
        else:
            read = read_ipc_stream if form == "arrow" else read_parquet
            found = read(io.BytesIO(named.body)).read_all()
            columns = [found.column(name).combine_chunks().to_numpy() for name in ("step", "time_us", "value")]
        assert [column.tolist() for column in columns[:2]] == [STEPS[:6], TIMES[:6]]
        np.testing.assert_array_equal(columns[2], np.array(VALUES[:6]))
    assert "x-next-page-token" not in api.ask("GET", path, key="m", format="points").headers


def test_contexts_and_rows_are_kept(api: Api) -> None:
    uid = api.run()
    context = json.dumps({"split": "test"})
    send(api, uid, pack(["a", "b"], [0, 1, 0], [0, 0, 1], [0] * 3, [1, 2, 3], [0, 0, 1], [context], [0, 1, 1]))
    found = [(item["key"], item["context"], item["last"]) for item in api.get(f"runs/{uid}/series")["series"]]
    assert found == [("a", None, 1), ("a", {"split": "test"}, 3), ("b", {"split": "test"}, 2)]
    page = api.get(f"runs/{uid}/series", limit=2)
    rest = api.get(f"runs/{uid}/series", limit=2, page_token=page["next_page_token"])
    assert [item["key"] for item in rest["series"]] == ["b"]
    history = api.get(f"runs/{uid}/history", key="a", context=context)
    assert (history["value"], history["row"], history["context"]) == ([3], [1], {"split": "test"})
    again = api.run()
    body = api.ask("GET", f"runs/{uid}/history", key="a", context=context, format="points").body
    send(api, again, body)
    assert api.get(f"runs/{again}/history", key="a", context=context) == history


def test_a_long_history_comes_in_pages(api: Api) -> None:
    uid, n = api.run(), 250_000
    send(api, uid, pack(["m"], [0] * n, range(n), [0] * n, [0.5] * n))
    assert [step for step, _, _ in pages(api, uid, 1_000_000)] == list(range(n))
    whole = api.ask("GET", f"runs/{uid}/history", key="m", format="points", limit=1_000_000)
    assert unpack(whole.body).n == n


def test_what_was_never_logged_is_empty(api: Api, uid: str) -> None:
    assert api.get(f"runs/{uid}/history", key="none")["step"] == []
    for form in ("points", "arrow", "parquet"):
        assert api.ask("GET", f"runs/{uid}/history", key="none", format=form).status == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": "k" * 251}, "key"),
        ({"key": "m", "context": "{}"}, "context"),
        ({"key": "m", "context": "x"}, "context"),
        ({"key": "m", "context": '{"a": 1}'}, "context"),
        ({"key": "m", "after_step": 2**63}, "after_step"),
        ({"key": "m", "limit": 1_000_001}, "limit"),
        ({"key": "m", "format": "csv"}, "format"),
        ({"key": "m", "page_token": "x"}, "page_token"),
        ({"key": "m", "page_token": f"{2**63}.0.0.{'0' * 16}"}, "page_token"),
    ],
)
def test_what_cannot_be_asked_names_its_field(api: Api, uid: str, query: dict[str, Any], field: str) -> None:
    refused(api.ask("GET", f"runs/{uid}/history", **query), 422, "invalid_input", field)


def test_runs_come_as_tables_that_others_read(api: Api, tmp_path: Any) -> None:
    ids = [api.run(experiment="tables", name=f"r{n}", params={"n": str(n)}, tags={"t": "1"}) for n in range(3)]
    send(api, ids[0], pack(["m"], [0], [4], [5], [0.25]))
    files = {}
    for form in ("arrow", "parquet"):
        answer = api.ask("GET", "runs", experiment="tables", format=form, order_by="name")
        assert answer.status == 200, answer.body
        files[form] = tmp_path / form
        files[form].write_bytes(answer.body)
    script = """
import json, sys, pyarrow.ipc, pyarrow.parquet
for table in (pyarrow.ipc.open_stream(sys.argv[1]).read_all(), pyarrow.parquet.read_table(sys.argv[2])):
    print(json.dumps([[r["id"], r["name"], r["start_us"], r["params"], r["metrics"]] for r in table.to_pylist()]))
"""
    python = ROOT / ".venv-mlflow3/bin/python"
    told = subprocess.run(
        [python, "-c", script, files["arrow"], files["parquet"]], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    api.close()  # it has been idle for as long as that took
    first, second = map(json.loads, told)
    assert first == second
    assert [row[0] for row in first] == ids
    assert first[1][1:4] == ["r1", api.get(f"runs/{ids[1]}")["start_us"], [{"key": "n", "value": "1"}]]
    assert first[0][4] == [{"key": "m", "last": 0.25, "min": 0.25, "max": 0.25, "step": 4, "time_us": 5}]
    assert api.ask("GET", "runs", experiment="tables", format="arrow", filter="name = 'none'").status == 200
    refused(api.ask("GET", "runs", experiment="none", format="parquet"), 404, "not_found")
    refused(api.ask("GET", "runs", format="points"), 422, "invalid_input", "format")
