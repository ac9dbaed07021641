"""Logged models over the native API."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from native.conftest import Api, refused


def make(api: Api, **given: Any) -> Any:
    """The model that is made."""
    answer = api.ask("POST", "models", given)
    assert answer.status == 201, answer.body
    return answer.json


def test_a_model_is_made_of_a_run(api: Api) -> None:
    uid = api.run(experiment="makers")
    model = make(api, run=uid, name="net", type="torch", params={"d": "3"}, tags={"t": "1"}, status="ready")
    assert (model["run"], model["status"], model["params"], model["tags"]) == (uid, "ready", {"d": "3"}, {"t": "1"})
    assert model["experiment_id"] == api.get(f"runs/{uid}")["experiment_id"]
    seen = api.mlflow("GET", f"logged-models/{model['id']}")["model"]["info"]
    assert seen["model_type"] == "torch"


def test_a_model_keeps_its_id_and_is_made_once(api: Api) -> None:
    id = f"m-{uuid.uuid4().hex}"
    assert make(api, id=id, name="one")["id"] == id
    assert api.ask("POST", "models", {"id": id, "name": "one"}).status == 200
    refused(api.ask("POST", "models", {"id": id, "name": "two"}), 409, "conflict", "id")
    refused(api.ask("POST", "models", {"id": id, "name": "one", "experiment": "e"}), 409, "conflict", "id")
    sent = {"Idempotency-Key": id}
    answers = [api.ask("POST", "models", {"name": "keyed"}, sent) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    assert answers[0].json["id"] == answers[1].json["id"]
    api.ask("DELETE", f"models/{id}")
    refused(api.ask("POST", "models", {"id": id, "name": "one"}), 409, "conflict", "id")


def test_a_model_changes_and_goes(api: Api) -> None:
    id = make(api, name="x", tags={"a": "1", "b": "2"})["id"]
    change = {"status": "failed", "status_message": "no disk", "tags": {"a": None, "c": "3", "never": None}}
    for _ in range(2):
        model = api.ask("PATCH", f"models/{id}", {**change, "params": {"k": "v"}}).json
    assert (model["status"], model["status_message"]) == ("failed", "no disk")
    assert (model["tags"], model["params"]) == ({"b": "2", "c": "3"}, {"k": "v"})
    refused(api.ask("PATCH", f"models/{id}", {"params": {"k": "w"}, "status": "ready"}), 409, "param_changed")
    assert api.get(f"models/{id}")["status"] == "failed"
    assert api.ask("DELETE", f"models/{id}").json == {}
    for method in ("GET", "DELETE"):
        refused(api.ask(method, f"models/{id}"), 404, "not_found")


def test_models_are_listed_by_page_and_filter(api: Api) -> None:
    made = [make(api, experiment="list", name=f"m{number}", params={"n": str(number)})["id"] for number in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"experiment": "list", "order_by": "name", "limit": 2}
    while True:
        page = api.get("models", **query)
        found += [item["id"] for item in page["models"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert found == made
    assert [item["id"] for item in api.get("models", filter="params.n = '3' AND name LIKE 'm%'")["models"]] == [made[3]]
    refused(api.ask("GET", "models", filter="user = 'u'"), 422, "invalid_input", "filter")
    refused(api.ask("GET", "models", experiment="none"), 404, "not_found")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"id": "x"}, "id"),
        ({"id": "m-" + "G" * 32}, "id"),
        ({"name": "n" * 501}, "name"),
        ({"name": "n\0"}, "name"),
        ({"type": "t" * 501}, "model_type"),
        ({"params": {"k": "v" * 6_001}}, "value"),
        ({"tags": {"": "v"}}, "key"),
        ({"run": "r\0"}, "run"),
        ({"status": "done"}, "body"),
    ],
)
def test_bad_models_are_not_made(api: Api, given: dict[str, Any], field: str) -> None:
    refused(api.ask("POST", "models", given), 422, "invalid_input", field)


def test_a_model_of_no_run_or_a_deleted_experiment_is_refused(api: Api) -> None:
    refused(api.ask("POST", "models", {"run": "0" * 32}), 404, "not_found")
    api.ask("DELETE", f"experiments/{api.ask('POST', 'experiments', {'name': 'gone'}).json['id']}")
    refused(api.ask("POST", "models", {"experiment": "gone"}), 409, "not_active")
