"""Values of runs that are no numbers, and points of logged models."""

from __future__ import annotations

from typing import Any

import pytest
from native.conftest import Api, refused

SENDER = {"writer": "w", "first": 0}
VALUE = {"key": "image", "step": 1, "time_us": 2, "kind": "image", "document": {"file": "a.png", "size": [1, 2]}}


def test_values_count_one_by_one(api: Api) -> None:
    uid = api.run()
    values = [{**VALUE, "step": step} for step in range(3)]
    assert api.ask("POST", f"runs/{uid}/values", values, **SENDER).json == {"next": 3}
    assert api.ask("POST", f"runs/{uid}/values", values[1:], **{**SENDER, "first": 1}).json == {"next": 3}
    assert api.ask("POST", f"runs/{uid}/writers", {"name": "w"}).json["next"] == 3
    refused(api.ask("POST", f"runs/{uid}/values", values, **{**SENDER, "first": 9}), 409, "sequence_gap")


def test_values_are_read_by_page_and_key(api: Api) -> None:
    uid = api.run()
    sent = [{**VALUE, "step": step, "document": [step, None, "\u00e4"]} for step in range(5)]
    sent += [{**VALUE, "key": "text", "kind": "text", "document": "t", "context": {"split": "test"}, "row": 3}]
    api.ask("POST", f"runs/{uid}/values", sent, **SENDER)
    found: list[Any] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = api.get(f"runs/{uid}/values", **query)
        found += page["values"]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert found == sent
    assert api.get(f"runs/{uid}/values", key="text")["values"] == sent[5:]
    for query, field in (({"limit": 0}, "limit"), ({"page_token": "x"}, "page_token")):
        refused(api.ask("GET", f"runs/{uid}/values", **query), 422, "invalid_input", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": ""}, "key"),
        ({"key": "k" * 251}, "key"),
        ({"kind": ""}, "kind"),
        ({"step": 2**63}, "body"),
        ({"time_us": -1}, "body"),
        ({"row": -2}, "body"),
        ({"document": "d" * (1 << 20)}, "document"),
        ({"context": {}}, "context"),
        ({"context": {"a": "\0"}}, "context"),
        ({"context": {"a": 1}}, "body"),
        ({"nonsense": 1}, "body"),
    ],
)
def test_bad_values_change_nothing(api: Api, change: dict[str, Any], field: str) -> None:
    uid = api.run()
    answer = api.ask("POST", f"runs/{uid}/values", [VALUE, {**VALUE, **change}], **SENDER)
    refused(answer, 422, "invalid_input", field)
    assert api.ask("POST", f"runs/{uid}/writers", {"name": "w"}).json["next"] == 0


def test_points_of_models_are_points_of_models(api: Api) -> None:
    uid = api.run()
    made = api.ask("POST", "models", {"run": uid, "name": "m"}).json["id"]
    point = {"model": made, "key": "auc", "value": 0.9, "step": 1, "time_us": 5}
    on = {**point, "value": "NaN", "dataset_name": "test", "dataset_digest": "d"}
    for _ in range(2):
        assert api.ask("POST", f"runs/{uid}/model-points", [point, on]).json == {}
    found = {item["context"].get("dataset_name"): item["last"] for item in api.get(f"models/{made}")["metrics"]}
    assert found == {None: 0.9, "test": None}
    refused(api.ask("POST", f"runs/{uid}/model-points", [{**point, "model": "m-" + "0" * 32}]), 404, "not_found")
    for change, field in (({"key": ""}, "key"), ({"value": "x"}, "body"), ({"model": "\0"}, "model")):
        refused(api.ask("POST", f"runs/{uid}/model-points", [{**point, **change}]), 422, "invalid_input", field)


def test_keys_and_steps_are_told_for_a_slider(api: Api) -> None:
    uid = api.run()
    sent = [{**VALUE, "step": step} for step in (7, -2, 5)] + [{**VALUE, "key": "text", "kind": "text"}]
    api.ask("POST", f"runs/{uid}/values", sent, **SENDER)
    assert api.get(f"runs/{uid}/values/keys")["keys"] == [
        {"key": "image", "context": None, "kind": "image", "count": 3, "first_step": -2, "last_step": 7},
        {"key": "text", "context": None, "kind": "text", "count": 1, "first_step": 1, "last_step": 1},
    ]
    assert api.get(f"runs/{uid}/values/steps", key="image") == {"steps": [-2, 5, 7], "next_step": None}
    assert api.get(f"runs/{uid}/values/steps", key="image", limit=1, first_step=-1) == {"steps": [5], "next_step": 7}
    found = api.get(f"runs/{uid}/values", key="image", first_step=5, last_step=6)["values"]
    assert [item["step"] for item in found] == [5]
    for query, field in (
        ({}, "key"),
        ({"key": "a", "limit": 0}, "limit"),
        ({"key": "a", "first_step": "x"}, "first_step"),
    ):
        refused(api.ask("GET", f"runs/{uid}/values/steps", **query), 422, "invalid_input", field)
