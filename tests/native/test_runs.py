"""Runs begun and changed over the native API, and read by an mlflow client's routes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.server import Answer, Http, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module."""
    running = Server(tmp_path_factory.mktemp("home")).start()
    yield running
    running.stop()


@pytest.fixture
def http(server: Server) -> Iterator[Http]:
    """A connection to it."""
    with closing(server.http()) as connection:
        yield connection


def begin(http: Http, **given: Any) -> Answer:
    """The answer to a run that begins."""
    return http.request("POST", "/api/v1/runs", given)


def patch(http: Http, uid: str, **given: Any) -> Answer:
    """The answer to a change."""
    return http.request("PATCH", f"/api/v1/runs/{uid}", given)


def test_a_run_begins_with_all_it_has(http: Http) -> None:
    parent = begin(http, name="parent").json["id"]
    answer = begin(
        http,
        experiment="churn",
        name="first",
        parent=parent,
        user="ada",
        start_us=1_700_000_000_000_000,
        tags={"team": "risk"},
        config={"lr": 0.1, "net": {"layers": [64, 32], "bias": True}},
    )
    assert answer.status == 201
    run = answer.json
    assert (run["name"], run["status"], run["parent"], run["user"]) == ("first", "running", parent, "ada")
    assert run["params"]["lr"] == "0.1"
    assert run["tags"]["team"] == "risk"
    seen = http.mlflow("GET", "runs/get", {"run_id": run["id"]})["run"]
    assert seen["info"]["start_time"] == 1_700_000_000_000
    assert {tag["key"]: tag["value"] for tag in seen["data"]["tags"]}["mlflow.parentRunId"] == parent
    assert {param["key"] for param in seen["data"]["params"]} == set(run["params"])
    named = http.mlflow("GET", "experiments/get-by-name", {"experiment_name": "churn"})["experiment"]
    assert named["experiment_id"] == str(run["experiment_id"])


def test_a_run_without_a_name_is_given_one(http: Http) -> None:
    assert len(begin(http).json["name"]) > 3


def test_ranks_that_begin_one_run_begin_one(server: Server, http: Http) -> None:
    uid, answers = uuid.uuid4().hex, []

    def rank() -> None:
        with closing(server.http()) as mine:
            answers.append(begin(mine, id=uid, experiment="ranks", name="one"))

    threads = [threading.Thread(target=rank) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert {answer.json["id"] for answer in answers} == {uid}
    assert begin(http, id=uid, experiment="another").json["code"] == "conflict"


def test_beginning_again_undoes_nothing(http: Http) -> None:
    uid = uuid.uuid4().hex
    begin(http, id=uid, config={"lr": 0.1})
    patch(http, uid, config={"lr": 0.2})
    assert begin(http, id=uid, config={"lr": 0.1}).json["params"] == {"lr": "0.2"}


@pytest.mark.parametrize("limit", ["\u00b2", "9" * 5_000, "0", "-1", "x", ""])
def test_a_page_size_is_a_number(http: Http, limit: str) -> None:
    answer = http.request("GET", "/api/v1/runs", limit=limit)
    assert (answer.status, answer.json["field"]) == (422, "limit")


def test_a_run_changes_and_ends(http: Http) -> None:
    uid = begin(http, name="before", config={"lr": 0.1, "net": {"layers": 2}}).json["id"]
    run = patch(http, uid, name="after", config={"net": {"width": 8}}).json
    assert (run["name"], run["status"]) == ("after", "running")
    assert run["params"] == {"lr": "0.1", "net.layers": "2", "net.width": "8"}
    for status in ("finished", "failed", "interrupted", "stopped", "running"):
        assert patch(http, uid, status=status, end_us=7).json["status"] == status
    patch(http, uid, status="stopped")
    assert http.mlflow("GET", "runs/get", {"run_id": uid})["run"]["info"]["status"] == "KILLED"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"id": "x"}, "id"),
        ({"id": "G" * 32}, "id"),
        ({"nme": "x"}, "body"),
        ({"name": 5}, "body"),
        ({"status": "done"}, "body"),
        ({"start_us": 1e30}, "body"),
        ({"start_us": 2**63}, "body"),
        ({"start_us": -1}, "body"),
        ({"tags": {"a": 1}}, "body"),
        ({"tags": {"k" * 251: "v"}}, "tag key"),
        ({"experiment": ""}, "name"),
        ({"experiment": "x" * 501}, "name"),
        ({"name": "a\0"}, "run_name"),
    ],
)
def test_bad_input_names_its_field(http: Http, given: dict[str, Any], field: str) -> None:
    answer = begin(http, **given)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (422, "invalid_input", field), answer.body
    assert answer.json["remedy"]


def test_what_is_not_there_or_deleted_says_so(http: Http) -> None:
    assert patch(http, "0" * 32, name="x").json["code"] == "not_found"
    uid = begin(http).json["id"]
    http.mlflow("POST", "runs/delete", {"run_id": uid})
    assert patch(http, uid, name="x").json["code"] == "not_active"
