"""Native ingest: binary points with a writer's numbers arrive once, whatever is sent again, on both engines."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.postgres import fresh_database
from support.server import Answer, Http, Server

from assay.wire.points import MEDIA_TYPE, pack

WRITER = {"writer": "w", "first": 0}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def http(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A connection to a server of this module."""
    options: list[str] = []
    if request.param == "postgresql":
        options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
    server = Server(tmp_path_factory.mktemp("home"), options).start()
    with closing(server.http()) as connection:
        yield connection
    server.stop()


@pytest.fixture
def run_id(http: Http) -> str:
    """A new run."""
    return str(http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"])


def post(http: Http, run_id: str, route: str, given: dict[str, Any]) -> Answer:
    """The answer to a JSON body."""
    return http.request("POST", f"/api/v1/runs/{run_id}/{route}", given)


def send(http: Http, run_id: str, body: bytes, **query: Any) -> Answer:
    """The answer to a body of points."""
    headers = {"Content-Type": MEDIA_TYPE}
    return http.request("POST", f"/api/v1/runs/{run_id}/points", body, headers, **{**WRITER, **query})


def batch(steps: range, key: str = "loss") -> bytes:
    """Points whose value is their step."""
    n = len(steps)
    return pack([key], [0] * n, steps, [1_000 * step for step in steps], steps)


def values(http: Http, run_id: str, key: str = "loss") -> list[float]:
    """The values of a key, as an mlflow client reads them."""
    found = http.mlflow("GET", "metrics/get-history", {"run_id": run_id, "metric_key": key})
    return [item["value"] for item in found.get("metrics", [])]


def test_points_arrive_as_they_were_sent(http: Http, run_id: str) -> None:
    body = pack(["a", "b/c"], [0, 1, 0], [-5, 2**62, 7], [0, 1_000, 2_000], [math.nan, math.inf, 0.1], rows=[0, 0, 1])
    answer = send(http, run_id, body)
    assert (answer.status, answer.json) == (200, {"next": 3})
    assert values(http, run_id, "a") == ["NaN", 0.1]
    assert values(http, run_id, "b/c") == [1.7976931348623157e308]
    found = http.request("GET", f"/api/v1/runs/{run_id}").json["metrics"]
    assert found["a"] == {"last": 0.1, "min": 0.1, "max": 0.1, "step": 7, "time_us": 2_000}


def test_points_carry_contexts(http: Http, run_id: str) -> None:
    contexts = [json.dumps({"split": "test"}), json.dumps({"split": "train", "rank": "0"})]
    send(http, run_id, pack(["m"], [0] * 3, [0, 0, 0], [0] * 3, [1, 2, 3], contexts=contexts, context=[0, 1, 2]))
    found = http.request("GET", f"/api/v1/runs/{run_id}").json
    assert found["metrics"]["m"]["last"] == 1
    assert {json.dumps(item["context"], sort_keys=True): item["last"] for item in found["metrics_in_context"]} == {
        '{"split": "test"}': 2,
        '{"rank": "0", "split": "train"}': 3,
    }


def test_what_is_sent_again_is_stored_once(http: Http, run_id: str) -> None:
    chance = random.Random(3)
    sent = 0
    while sent < 500:
        first = max(0, sent - chance.randrange(30))  # as after an answer that was lost
        end = first + chance.randrange(1, 60)
        answer = send(http, run_id, batch(range(first, end)), first=first)
        sent = max(sent, end)
        assert answer.status == 200
    assert values(http, run_id) == list(range(sent))
    opened = post(http, run_id, "writers", {"name": "w"}).json
    assert opened == {"name": "w", "stream": "points", "epoch": 0, "next": sent}


def test_a_gap_is_refused_and_says_what_is_missing(http: Http, run_id: str) -> None:
    send(http, run_id, batch(range(10)))
    answer = send(http, run_id, batch(range(12, 20)), first=12)
    assert (answer.status, answer.json["code"], answer.json["details"]) == (409, "sequence_gap", {"expected": 10})
    assert values(http, run_id) == list(range(10))


def test_writers_and_streams_count_apart(http: Http, run_id: str) -> None:
    for writer in ("rank 0", "rank 1"):
        send(http, run_id, batch(range(5), writer), writer=writer)
    send(http, run_id, batch(range(5), "cpu"), stream="system")
    assert [values(http, run_id, key) for key in ("rank 0", "rank 1", "cpu")] == [list(range(5))] * 3


@pytest.mark.parametrize(
    ("body", "query", "field"),
    [
        (b"", {}, "body"),
        (b"aspt" + bytes(12), {}, "body"),
        (batch(range(3)), {"first": -1}, "first"),
        (batch(range(3)), {"first": "x"}, "first"),
        (batch(range(3)), {"first": 10**18}, "first"),
        (batch(range(3)), {"epoch": "x"}, "epoch"),
        (batch(range(3)), {"writer": ""}, "writer"),
        (batch(range(3)), {"writer": "w" * 251}, "writer"),
        (batch(range(3)), {"stream": "s\0"}, "stream"),
        (batch(range(3), ""), {}, "key"),
        (batch(range(3), "k" * 251), {}, "key"),
        (batch(range(3), "a\0"), {}, "key"),
        (pack(["m"], [1], [0], [0], [0.0]), {}, "key"),
        (pack(["m"], [0], [0], [-1], [0.0]), {}, "time_us"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=["{}"], context=[2]), {}, "context"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=["{}"], context=[1]), {}, "context"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=["[" * 60_000], context=[1]), {}, "context"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=['{"a": 1}'], context=[1]), {}, "context"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=['{"a": "\\ud800"}'], context=[1]), {}, "context"),
        (pack(["m"], [0], [0], [0], [0.0], contexts=['{"a\\u0000": "b"}'], context=[1]), {}, "context"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    http: Http, run_id: str, body: bytes, query: dict[str, Any], field: str
) -> None:
    before = http.request("GET", f"/api/v1/runs/{run_id}").json
    answer = send(http, run_id, body, **query)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "invalid_input", field), answer.body
    assert answer.json["remedy"]
    assert http.request("GET", f"/api/v1/runs/{run_id}").json == before
    assert post(http, run_id, "writers", {"name": "w"}).json["next"] == 0


def test_a_body_must_say_what_it_is(http: Http, run_id: str) -> None:
    answer = http.request("POST", f"/api/v1/runs/{run_id}/points", batch(range(3)), {"Content-Type": "text/plain"})
    assert (answer.status, answer.json["field"]) == (422, "Content-Type")
    for given in ({"nme": "w"}, {"name": 5}, {}):
        assert post(http, run_id, "writers", given).status == 422


def test_runs_that_are_not_there_or_deleted_take_nothing(http: Http, run_id: str) -> None:
    assert send(http, "0" * 32, batch(range(3))).json["code"] == "not_found"
    http.mlflow("POST", "runs/delete", {"run_id": run_id})
    assert send(http, run_id, batch(range(3))).json["code"] == "not_active"
    assert post(http, run_id, "writers", {"name": "w"}).json["code"] == "not_active"
    http.mlflow("POST", "runs/restore", {"run_id": run_id})
    assert send(http, run_id, batch(range(3))).status == 200


def test_a_writer_says_that_it_lives(http: Http, run_id: str) -> None:
    assert post(http, run_id, "writers", {"name": "w", "heartbeats": True}).status == 200
    assert post(http, run_id, "heartbeat", {"name": "w"}).status == 200
    assert post(http, "0" * 32, "heartbeat", {"name": "w"}).json["code"] == "not_found"
    for name in ("", "w\0", "w" * 251):
        answer = post(http, run_id, "heartbeat", {"name": name})
        assert (answer.status, answer.json["field"]) == (422, "name")


def test_a_large_body_is_one_request(http: Http, run_id: str) -> None:
    answer = send(http, run_id, batch(range(200_000)))
    assert answer.json == {"next": 200_000}
    answer = send(http, run_id, b"\0" * (64 << 20) + b"\0", first=0)
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    http.close()
