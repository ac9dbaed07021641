"""Experiments over the native API."""

from __future__ import annotations

from typing import Any

import pytest
from native.conftest import Api, refused


def make(api: Api, name: str, **given: Any) -> int:
    """The number of a new experiment."""
    answer = api.ask("POST", "experiments", {"name": name, **given})
    assert answer.status == 201, answer.body
    return int(answer.json["id"])


def test_an_experiment_is_made_read_and_changed(api: Api) -> None:
    id = make(api, "churn", tags={"team": "risk", "old": "1"})
    assert api.get(f"experiments/{id}")["tags"] == {"team": "risk", "old": "1"}
    answer = api.ask("PATCH", f"experiments/{id}", {"name": "loss", "tags": {"old": None, "new": "2", "never": None}})
    assert (answer.json["name"], answer.json["tags"]) == ("loss", {"team": "risk", "new": "2"})
    refused(api.ask("POST", "experiments", {"name": "loss"}), 409, "already_exists")
    refused(api.ask("PATCH", "experiments/999999", {"name": "x"}), 404, "not_found")


@pytest.mark.parametrize("id", ["0" * 30 + "9" * 30, "0" * 5_000, "9" * 19, "x", "-1"])
def test_what_is_no_number_of_an_experiment_is_refused(api: Api, id: str) -> None:
    refused(api.ask("GET", f"experiments/{id}"), 422, "invalid_input")


def test_an_experiment_goes_and_comes_back_with_its_runs(api: Api) -> None:
    id = make(api, "lives")
    uid = api.run(experiment="lives")
    for lifecycle, of_run in (
        ("archived", "active"), ("active", "active"), ("deleted", "deleted"), ("deleted", "deleted"),
        ("archived", "active"), ("deleted", "deleted"), ("active", "active"),
    ):  # fmt: skip
        assert api.ask("PATCH", f"experiments/{id}", {"lifecycle": lifecycle}).json["lifecycle"] == lifecycle
        assert api.get(f"runs/{uid}")["lifecycle"] == of_run
    for _ in range(2):
        assert api.ask("DELETE", f"experiments/{id}").json["lifecycle"] == "deleted"
    refused(api.ask("PATCH", f"experiments/{id}", {"name": "x"}), 409, "invalid_state")
    refused(api.ask("PATCH", f"experiments/{id}", {"tags": {"a": "b"}}), 409, "invalid_state")
    assert api.get("runs", experiment="lives", view="deleted")["runs"][0]["id"] == uid


def test_runs_of_an_experiment_are_asked_for_by_its_name_or_its_id(api: Api) -> None:
    first, second = make(api, "by name"), make(api, "by id")
    uids = [api.run(experiment=name) for name in ("by name", "by id")]
    for query, expected in (
        ({"experiment_id": first}, uids[:1]),
        ({"experiment": "by id"}, uids[1:]),
        ({"experiment": "by name", "experiment_id": [second, first]}, uids),
    ):
        assert {run["id"] for run in api.get("runs", **query)["runs"]} == set(expected)
        assert api.get("runs/count", **query)["runs"] == len(expected)
        assert api.get("runs/groups", by="status", **query)["groups"][0]["runs"] == len(expected)
    refused(api.ask("GET", "runs", experiment_id=10**18 - 1), 404, "not_found")
    for wrong in (-1, 10**18, "x"):
        refused(api.ask("GET", "keys", experiment_id=wrong), 422, "invalid_input")


def test_experiments_are_listed_by_page_and_filter(api: Api) -> None:
    ids = {make(api, f"page {number}", tags={"set": "p"}) for number in range(5)}
    found: set[int] = set()
    query: dict[str, Any] = {"filter": "tags.set = 'p'", "order_by": "name", "limit": 2}
    while True:
        page = api.get("experiments", **query)
        found |= {item["id"] for item in page["experiments"]}
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert found == ids
    assert [item["name"] for item in api.get("experiments", filter="name LIKE 'page%'", order_by="name DESC", limit=1)[
        "experiments"
    ]] == ["page 4"]  # fmt: skip
    gone = ids.pop()
    api.ask("DELETE", f"experiments/{gone}")
    assert {item["id"] for item in api.get("experiments", view="deleted", filter="tags.set = 'p'")["experiments"]} == {
        gone
    }


def test_a_name_that_is_taken_changes_nothing(api: Api) -> None:
    id, _ = make(api, "one of two"), make(api, "two of two")
    answer = api.ask("PATCH", f"experiments/{id}", {"lifecycle": "archived", "name": "two of two", "tags": {"a": "b"}})
    refused(answer, 409, "already_exists", "name")
    after = api.get(f"experiments/{id}")
    assert (after["name"], after["lifecycle"], after["tags"]) == ("one of two", "active", {})
    assert api.ask("PATCH", f"experiments/{id}", {"name": "one of two"}).status == 200


@pytest.mark.parametrize("asked", ["status = 'x'", "user = 'u'", "metrics.a > 1", "NOT params.x = '1' OR id = '0'"])
def test_what_experiments_do_not_have_is_told(api: Api, asked: str) -> None:
    refused(api.ask("GET", "experiments", filter=asked), 422, "invalid_input", "filter")
    refused(api.ask("GET", "experiments", order_by="status"), 422, "invalid_input", "order_by")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 501}, "name"),
        ({"name": "n\0"}, "name"),
        ({"name": "t", "tags": {"k" * 251: "v"}}, "tag key"),
        ({"name": "t", "tags": {"k": "v" * 20_001}}, "tag value"),
    ],
)
def test_bad_input_changes_nothing(api: Api, given: dict[str, Any], field: str) -> None:
    before = api.get("experiments")
    refused(api.ask("POST", "experiments", given), 422, "invalid_input", field)
    refused(api.ask("PATCH", "experiments/0", {"lifecycle": "archived", **given}), 422, "invalid_input", field)
    assert api.get("experiments") == before


def test_experiments_say_what_goes_on(api: Api) -> None:
    id, empty = make(api, "busy"), make(api, "idle")
    uids = [api.run(experiment="busy") for _ in range(3)]
    api.ask("DELETE", f"runs/{uids[0]}")
    api.ask("PATCH", f"runs/{uids[1]}", {"status": "failed"})
    page = api.get("experiments", activity=7, limit=1_000)["experiments"]
    of = {item["id"]: item["activity"] for item in page}
    last = of[id].pop("last_us")
    assert last == api.get(f"runs/{uids[2]}")["created_us"]
    assert of[id] == {"runs": 2, "running": 1, "lost": 0, "by_day": [0, 0, 0, 0, 0, 0, 2]}
    assert of[empty] == {"runs": 0, "running": 0, "lost": 0, "last_us": None, "by_day": [0] * 7}
    assert api.get("experiments", limit=1)["experiments"][0]["activity"] is None
    refused(api.ask("GET", "experiments", activity=367), 422, "invalid_input", "activity")
