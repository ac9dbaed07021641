"""Much of a good thing: long lists, long histories and odd tags are answered by the dialect, and never by a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.server import API, Http, Server

HISTORY = "mlflow.log-model.history"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A connection to a server of this module."""
    server = Server(tmp_path_factory.mktemp("home")).start()
    with closing(server.http()) as connection:
        yield connection
    server.stop()


@pytest.fixture
def run_id(http: Http) -> str:
    """A new run."""
    return str(http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"])


def tags(http: Http, run_id: str) -> dict[str, str]:
    """The run's tags."""
    found = http.mlflow("GET", "runs/get", {"run_id": run_id})["run"]["data"]["tags"]
    return {tag["key"]: tag["value"] for tag in found}


def described(number: int, padding: int = 0) -> dict[str, Any]:
    """A model's description, as clients before 3.0 send it."""
    flavors = {"python_function": {"env": "x" * padding}}
    return {"artifact_path": f"model {number}", "flavors": flavors, "run_id": "r", "utc_time_created": "now"}


def log_model(http: Http, run_id: str, number: int, padding: int = 0) -> None:
    """Adds a description."""
    http.mlflow("POST", "runs/log-model", {"run_id": run_id, "model_json": json.dumps(described(number, padding))})


def test_a_run_may_log_many_models(http: Http, run_id: str) -> None:
    for number in range(30):
        log_model(http, run_id, number, 2_500)
    assert json.loads(tags(http, run_id)[HISTORY]) == [described(number, 2_500) for number in range(30)]


def test_the_oldest_descriptions_make_room(http: Http, run_id: str) -> None:
    for number in range(6):
        log_model(http, run_id, number, 300_000)
    held = json.loads(tags(http, run_id)[HISTORY])
    assert [item["artifact_path"] for item in held] == ["model 3", "model 4", "model 5"]


@pytest.mark.parametrize("poison", ["5", '"text"', "{}", "[[", "[" * 5_000])
def test_an_odd_history_is_begun_anew(http: Http, run_id: str, poison: str) -> None:
    http.mlflow("POST", "runs/set-tag", {"run_id": run_id, "key": HISTORY, "value": poison})
    log_model(http, run_id, 1)
    assert json.loads(tags(http, run_id)[HISTORY]) == [described(1)]


@pytest.mark.parametrize("given", ["[" * 100_000, '{"a":' * 50_000])
def test_a_description_without_end_is_refused(http: Http, run_id: str, given: str) -> None:
    answer = http.request("POST", API + "runs/log-model", {"run_id": run_id, "model_json": given})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert HISTORY not in tags(http, run_id)


@pytest.mark.parametrize("route", ["runs/search", "logged-models/search", "experiments/search"])
def test_sort_keys_have_a_bound(http: Http, run_id: str, route: str) -> None:
    params = [{"key": f"p{number}", "value": "1"} for number in range(70)]
    http.mlflow("POST", "runs/log-batch", {"run_id": run_id, "params": params})
    metrics = [{"key": f"m{number}", "value": 1, "timestamp": 1} for number in range(70)]
    http.mlflow("POST", "runs/log-batch", {"run_id": run_id, "metrics": metrics})

    def ask(count: int) -> Any:
        order: list[Any] = [f"metrics.m{n}" if n % 2 else f"params.p{n}" for n in range(count)]
        if route.startswith("logged"):
            order = [{"field_name": f"metrics.m{n}"} for n in range(count)]
        if route.startswith("experiments"):
            order = ["name", "creation_time", "last_update_time", "experiment_id"] * (count // 4)
        given = {"experiment_ids": ["0"], "order_by": order, "max_results": 10}
        return http.request("POST", API + route, given)

    assert ask(20).status == 200
    many = ask(72)
    if route.startswith("experiments"):  # the same key again counts once
        assert many.status == 200
    else:
        assert (many.status, many.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "order_by has 72 items, more than 20" in many.json["message"]


@pytest.mark.parametrize("route", ["runs/search", "logged-models/search"])
def test_experiments_of_a_search_have_a_bound(http: Http, route: str) -> None:
    def ask(count: int) -> Any:
        return http.request("POST", API + route, {"experiment_ids": [str(id) for id in range(count)]})

    assert ask(30_000).status == 200
    many = ask(30_001)
    assert (many.status, many.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "experiment_ids has 30001 items" in many.json["message"]


@pytest.mark.parametrize("value", ["%00", "a%00b"])
def test_text_that_no_engine_holds_is_refused(http: Http, value: str) -> None:
    route = "metrics/get-history-bulk-interval"
    answer = http.request("GET", f"{API}{route}?run_ids={value}&metric_key=m")
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_an_interval_holds_2_500_points_unless_told(http: Http, run_id: str) -> None:
    for first in range(0, 3_000, 1_000):
        points = [{"key": "m", "value": step, "timestamp": step, "step": step} for step in range(first, first + 1_000)]
        http.mlflow("POST", "runs/log-batch", {"run_id": run_id, "metrics": points})
    route = "metrics/get-history-bulk-interval"
    given = {"run_ids": run_id, "metric_key": "m"}
    assert len(http.mlflow("GET", route, given)["metrics"]) in range(2_490, 2_501)
    assert len(http.mlflow("GET", route, {**given, "max_results": 320})["metrics"]) in range(310, 321)


def test_a_parent_goes_with_its_tag(http: Http, run_id: str) -> None:
    child = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    key = "mlflow.parentRunId"

    def parent() -> Any:
        return http.request("GET", f"/api/v1/runs/{child}").json["parent"]

    for value in ("f" * 32, run_id):
        http.mlflow("POST", "runs/set-tag", {"run_id": child, "key": key, "value": value})
        assert parent() == value
    http.mlflow("POST", "runs/delete-tag", {"run_id": child, "key": key})
    assert parent() is None


def test_a_note_is_a_tag(http: Http, run_id: str) -> None:
    key = "mlflow.note.content"
    http.mlflow("POST", "runs/set-tag", {"run_id": run_id, "key": key, "value": "# Best so far"})
    assert tags(http, run_id)[key] == "# Best so far"
    http.mlflow("POST", "runs/delete-tag", {"run_id": run_id, "key": key})
    assert key not in tags(http, run_id)


def test_a_path_has_a_bound_in_bytes_too(http: Http, run_id: str) -> None:
    place = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/"
    for sign, count, status in (("%E6%BC%A2", 600, 200), ("%E6%BC%A2", 700, 400), ("a", 900, 200), ("a", 1_001, 400)):
        assert http.request("PUT", place + sign * count, b"x").status == status


def test_every_answer_tells_browsers_to_take_it_as_it_is(http: Http, run_id: str) -> None:
    for path in ("/", "/health", f"{API}runs/get?run_id={run_id}", f"{API}runs/get", "/nothing", "/api/v1/runs"):
        headers = http.request("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "SAMEORIGIN", path
    assert "frame-ancestors 'self'" in http.request("GET", "/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "location", ["r2://b@host/x", "b2://b@host/x", "mlflow-artifacts://host:1/x", "s3://b/" + "x" * 2_048]
)
def test_locations_that_lead_elsewhere_are_refused(http: Http, location: str) -> None:
    given = {"name": f"at {location[:20]}", "artifact_location": location}
    answer = http.request("POST", API + "experiments/create", given)
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
