"""Keys, values, ranges and counts over the native API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from native.conftest import Api, refused


@pytest.fixture
def lab(api: Api) -> str:
    """An experiment of three runs, one of them deleted."""
    name = "lab"
    if api.get("runs/count", filter="", view="all")["runs"] == 0:
        for at, lr in enumerate(("0.1", "0.2", "0.1")):
            uid = api.run(experiment=name, params={"lr": lr}, tags={"team": "risk"})
            body = {"run_id": uid, "key": "loss", "value": float(at), "timestamp": 0, "step": 0}
            api.mlflow("POST", "runs/log-metric", body)
        api.ask("DELETE", f"runs/{uid}")
        api.run(experiment="elsewhere", params={"other": "1"})
    return name


def told(api: Api, path: str, list_name: str, **query: Any) -> list[dict[str, Any]]:
    """The items of all pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = api.get(path, **query)
        found += page[list_name]
        if page["next_page_token"] is None:
            return found
        query["page_token"] = page["next_page_token"]


def test_runs_are_counted(api: Api, lab: str) -> None:
    assert api.get("runs/count", experiment=lab) == {"runs": 2, "complete": True}
    assert api.get("runs/count", experiment=lab, view="all", filter="params.lr = '0.1'")["runs"] == 2
    assert api.get("runs/count")["runs"] == 3


def test_keys_come_by_kind_and_prefix(api: Api, lab: str) -> None:
    for limit in (1, 100):
        found = told(api, "keys", "keys", experiment=lab, kind=["param", "metric"], limit=limit)
        assert found == [
            {"kind": "param", "key": "lr", "runs": 2} if item["kind"] == "param" else item for item in found
        ]
        assert [(item["kind"], item["key"]) for item in found] == [("metric", "loss"), ("param", "lr")]
    assert told(api, "keys", "keys", experiment=lab, prefix="te") == [{"kind": "tag", "key": "team", "runs": 2}]
    page = api.get("keys", experiment=["lab", "elsewhere"], prefix="other")
    assert page["keys"] == [{"kind": "param", "key": "other", "runs": 1}]
    assert page["over"] == {"runs": 3, "complete": True}


def test_values_come_with_their_runs(api: Api, lab: str) -> None:
    for limit in (1, 100):
        found = told(api, "keys/values", "values", experiment=lab, key="lr", view="all", limit=limit)
        assert found == [{"value": "0.1", "runs": 2, "whole": True}, {"value": "0.2", "runs": 1, "whole": True}]
    assert told(api, "keys/values", "values", key="team", kind="tag", prefix="r")[0]["value"] == "risk"


def test_a_metric_has_a_range(api: Api, lab: str) -> None:
    expected = {"runs": 2, "finite": 2, "last_min": 0.0, "last_max": 1.0, "min": 0.0, "max": 1.0}
    assert api.get("keys/range", key="loss", experiment=lab) == {**expected, "over": {"runs": 2, "complete": True}}
    assert api.get("keys/range", key="never")["last_min"] is None


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("runs/count", {"filter": "("}, "filter"),
        ("runs/count", {"limit": 1}, "limit"),
        ("keys", {"kind": "file"}, "kind"),
        ("keys", {"prefix": "p" * 251}, "prefix"),
        ("keys", {"page_token": "x"}, "page_token"),
        ("keys", {"page_token": base64.b64encode(json.dumps(["a", 1]).encode()).decode()}, "page_token"),
        ("keys", {"limit": 0}, "limit"),
        ("keys/values", {}, "key"),
        ("keys/values", {"key": "k" * 251}, "key"),
        ("keys/values", {"key": "k", "kind": "metric"}, "kind"),
        ("keys/values", {"key": "k", "prefix": "p" * 201}, "prefix"),
        ("keys/values", {"key": "k", "page_token": "x"}, "page_token"),
        ("keys/range", {"key": " "}, "key"),
    ],
)
def test_what_cannot_be_read_names_its_field(api: Api, path: str, query: dict[str, Any], field: str) -> None:
    refused(api.ask("GET", path, **query), 422, "invalid_input", field)


def test_an_experiment_that_is_not_there_is_not_found(api: Api) -> None:
    for path in ("runs/count", "keys", "keys/values", "keys/range"):
        query = {} if path in ("runs/count", "keys") else {"key": "k"}
        refused(api.ask("GET", path, experiment="none", **query), 404, "not_found")


def test_runs_are_grouped_counted_and_measured(api: Api, lab: str) -> None:
    told = api.get("runs/groups", experiment=lab, by="params.lr", measure=["metrics.loss", "max(metrics.loss)"], ids=5)
    assert (told["left_out"], told["over"]) == (0, {"runs": 2, "complete": True})
    first, second = told["groups"]
    assert (first["values"], first["runs"]) == ([{"value": "0.1", "whole": True}], 1)
    assert first["measures"][0] == {"runs": 1, "finite": 1, "mean": 0.0, "deviation": 0.0, "min": 0.0, "max": 0.0}
    assert (second["statuses"], len(second["ids"])) == ({"running": 1}, 1)
    two = api.get("runs/groups", by=["experiment", "tags.team"], view="all", limit=1)
    assert (two["groups"][0]["runs"], two["left_out"]) == (3, 1)
    assert two["groups"][0]["ids"] == []
    none = api.get("runs/groups", experiment=lab, by="params.none")["groups"]
    assert [group["values"][0] for group in none] == [{"value": None, "whole": True}]
    one = api.get("runs/groups", experiment=lab, by="status", filter="params.lr = '0.1'")["groups"]
    assert [group["runs"] for group in one] == [1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "by"),
        ({"by": ["status"] * 4}, "by"),
        ({"by": "metrics.loss"}, "by"),
        ({"by": "("}, "by"),
        ({"by": "start_time"}, "by"),
        ({"by": "params." + "x" * 400}, "by"),
        ({"by": "status", "measure": "params.lr"}, "measure"),
        ({"by": "status", "measure": ["metrics.a"] * 21}, "measure"),
        ({"by": "status", "limit": 1_001}, "limit"),
        ({"by": "status", "ids": -1}, "ids"),
        ({"by": "status", "filter": "("}, "filter"),
    ],
)
def test_what_is_no_group_names_its_field(api: Api, query: dict[str, Any], field: str) -> None:
    refused(api.ask("GET", "runs/groups", **query), 422, "invalid_input", field)


def test_everything_is_found_by_a_few_letters(api: Api) -> None:
    uid = api.run(name="Zebra one", experiment="zebra lab", params={"zebra": "1"})
    view = api.ask("POST", "views", {"kind": "runs", "name": "zebras", "document": {}}).json
    told = api.get("search", text="zebra")
    assert [run["id"] for run in told["runs"]] == [uid]
    assert told["runs"][0]["status"] == "running"
    assert [item["name"] for item in told["experiments"]] == ["zebra lab"]
    assert told["keys"] == [{"kind": "param", "key": "zebra"}]
    assert [item["id"] for item in told["views"]] == [view["id"]]
    assert [run["id"] for run in api.get("search", text=uid[:10])["runs"]] == [uid]
    for query, field in (({"text": ""}, "text"), ({}, "text"), ({"text": "a", "limit": 51}, "limit")):
        refused(api.ask("GET", "search", **query), 422, "invalid_input", field)
