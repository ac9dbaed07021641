"""Everything that may be said of a run after it has begun, and what is refused as a whole."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest
from arro3.io import read_parquet
from native.conftest import Api, refused

DATASET = {"name": "iris", "digest": "d1", "source_type": "local", "source": "{}", "tags": {"mlflow.data.context": "t"}}


def patch(api: Api, uid: str, **given: Any) -> Any:
    """The run after a change that is accepted."""
    answer = api.ask("PATCH", f"runs/{uid}", given)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_run_begins_with_params_group_and_end(api: Api) -> None:
    given = {"params": {"lr": "0.10"}, "group": "sweep 1", "start_us": 5, "end_us": 9, "status": "finished"}
    uid = api.run(**given)
    run = api.get(f"runs/{uid}")
    assert (run["params"], run["groups"], run["end_us"], run["config"]) == ({"lr": "0.10"}, ["sweep 1"], 9, {})
    answer = api.ask("POST", "runs", {"id": uid, "params": {"lr": "0.1"}})
    refused(answer, 409, "param_changed")


def test_a_run_that_is_refused_is_not_begun(api: Api) -> None:
    for given, field in (
        ({"params": {"k": "v" * 6_001}}, "param value"),
        ({"params": {"": "v"}}, "param key"),
        ({"config": {"k": "v" * 6_001}}, "config.k"),
        ({"config": {"a": {"b": 1}, "a.b": 2}}, "config.a.b"),
        ({"defaults": {"k": "v" * 6_001}}, "defaults.k"),
        ({"defaults": {"a": {"b": 1}, "a.b": 2}}, "defaults.a.b"),
        ({"config": {str(n): n for n in range(9_999)}, "defaults": {"a": 1, "b": 2}}, "config"),
        ({"group": " "}, "group"),
        ({"group": "g" * 501}, "group"),
    ):
        uid = uuid.uuid4().hex
        refused(api.ask("POST", "runs", {"id": uid, **given}), 422, "invalid_input", field)
        refused(api.ask("GET", f"runs/{uid}"), 404, "not_found")


def test_tags_are_set_and_taken_away(api: Api) -> None:
    uid = api.run(tags={"a": "1", "b": "2"})
    run = patch(api, uid, tags={"a": None, "b": "3", "c": "", "never": None}, note="**good**")
    assert {key: run["tags"].get(key) for key in "abc"} == {"a": None, "b": "3", "c": ""}
    assert run["note"] == run["tags"]["mlflow.note.content"] == "**good**"
    assert patch(api, uid, note=None)["note"] == ""
    assert "mlflow.note.content" not in patch(api, uid, note=None)["tags"]


def test_a_parent_comes_and_goes(api: Api) -> None:
    parent, uid = api.run(), api.run()
    assert patch(api, uid, parent=parent)["parent"] == parent
    assert patch(api, uid, name="x")["parent"] == parent
    assert patch(api, uid, parent=None)["parent"] is None


def test_params_never_change_and_configs_do(api: Api) -> None:
    uid = api.run(config={"a": 1, "b": {"c": 2}})
    run = patch(api, uid, params={"seed": "007"}, config={"b": {"d": 3}})
    assert run["config"] == {"a": 1, "b": {"c": 2, "d": 3}}
    assert run["params"]["seed"] == "007"
    assert patch(api, uid, config_replaced={"z": True})["config"] == {"z": True}
    answer = api.ask("PATCH", f"runs/{uid}", {"name": "never", "params": {"seed": "8"}})
    refused(answer, 409, "param_changed")
    assert api.get(f"runs/{uid}")["name"] != "never"


def test_a_config_that_does_not_fit_what_is_there_changes_nothing(api: Api) -> None:
    uid = api.run(config={"a.b": 1})
    answer = api.ask("PATCH", f"runs/{uid}", {"name": "never", "config": {"a": {"b": 2}}})
    refused(answer, 422, "invalid_input", "config.a.b")
    assert api.get(f"runs/{uid}")["name"] != "never"
    assert patch(api, uid, config_replaced={}, config={"a": {"b": 2}})["params"] == {"a.b": "2"}


def test_defaults_fill_what_is_not_set_and_are_told(api: Api) -> None:
    uid = api.run(config={"lr": 0.1}, params={"seed": "007"}, defaults={"lr": 9, "seed": 9, "net": {"layers": 2}})
    run = api.get(f"runs/{uid}")
    assert run["params"] == {"lr": "0.1", "net.layers": "2", "seed": "007"}
    assert (run["config"], run["defaulted"]) == ({"lr": 0.1, "net": {"layers": 2}}, ["net.layers"])
    run = patch(api, uid, config={"b": 1}, defaults={"b": 9, "net": {"layers": 9, "act": "relu"}, "a.b": 1})
    assert run["params"] == {"a.b": "1", "b": "1", "lr": "0.1", "net.act": "relu", "net.layers": "2", "seed": "007"}
    assert run["defaulted"] == ["a.b", "net.act", "net.layers"]
    assert patch(api, uid, defaults={"a": {"b": 2}})["params"]["a.b"] == "1"  # the same key by another path
    assert patch(api, uid, config={"net": {"layers": 2}})["defaulted"] == ["a.b", "net.act"]
    (listed,) = api.get("runs", filter=f"id = '{uid}'")["runs"]
    assert listed["defaulted"] == ["a.b", "net.act"]
    assert api.ask("POST", f"runs/{uid}/fork", {}).json["defaulted"] == ["a.b", "net.act"]
    assert patch(api, uid, config_replaced={"net": {"act": "relu"}})["defaulted"] == []


def test_defaults_that_do_not_fit_what_is_there_change_nothing(api: Api) -> None:
    uid = api.run(config={str(n): n for n in range(9_999)})
    answer = api.ask("PATCH", f"runs/{uid}", {"name": "never", "defaults": {"a": 1, "b": 2}})
    refused(answer, 422, "invalid_input", "config")
    run = api.get(f"runs/{uid}")
    assert (run["name"] == "never", run["defaulted"]) == (False, [])


def test_groups_datasets_and_models_are_joined(api: Api) -> None:
    uid = api.run()
    made = api.mlflow("POST", "logged-models", {"experiment_id": "0", "name": "m"})["model"]["info"]["model_id"]
    given = {
        "groups": ["b", "a"],
        "datasets": [DATASET, {**DATASET, "name": "wine", "schema": "{}", "profile": "{}"}],
        "models_made": [{"id": made, "step": 3}],
        "models_used": [{"id": made}],
    }
    for _ in range(2):  # the second time changes nothing
        run = patch(api, uid, **given)
    assert run["groups"] == ["a", "b"]
    assert sorted(item["name"] for item in run["datasets"]) == ["iris", "wine"]
    assert run["datasets"][0]["tags"] == {"mlflow.data.context": "t"}
    assert (run["models_made"], run["models_used"]) == ([made], [made])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tags": {"k" * 251: None}}, "tag key"),
        ({"tags": {"k": "v" * 8_001}}, "tag value"),
        ({"tags": {"k": 5}}, "body"),
        ({"note": "n\0"}, "tag value"),
        ({"groups": ["g"] * 101}, "body"),
        ({"groups": [""]}, "group"),
        ({"datasets": [{**DATASET, "name": ""}]}, "body"),
        ({"datasets": [{**DATASET, "name": "\0"}]}, "datasets.name"),
        ({"datasets": [{**DATASET, "digest": "d" * 37}]}, "body"),
        ({"datasets": [{**DATASET, "tags": {"k": "v" * 8_001}}]}, "datasets.tags value"),
        ({"models_used": [{"id": "x"}]}, "body"),
        ({"models_made": [{"id": "m-" + "0" * 32, "step": 2**63}]}, "body"),
        ({"config_replaced": {"k" * 251: 1}}, "config key"),
        ({"defaults": {"k" * 251: 1}}, "defaults key"),
        ({"defaults": [1]}, "body"),
        ({"name": "n" * 8_001}, "run_name"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(api: Api, given: dict[str, Any], field: str) -> None:
    uid = api.run(tags={"kept": "yes"})
    before = api.get(f"runs/{uid}")
    answer = api.ask("PATCH", f"runs/{uid}", {"status": "failed", **given})
    refused(answer, 422, "invalid_input", field)
    assert api.get(f"runs/{uid}") == before


def test_unknown_models_are_refused_as_a_whole(api: Api) -> None:
    uid = api.run()
    answer = api.ask("PATCH", f"runs/{uid}", {"name": "never", "models_used": [{"id": "m-" + "0" * 32}]})
    refused(answer, 404, "not_found")
    assert api.get(f"runs/{uid}")["name"] != "never"


def test_runs_are_deleted_and_come_back(api: Api) -> None:
    api.ask("POST", "experiments", {"name": "views"})
    uid, other = api.run(experiment="views"), api.run(experiment="views")
    for _ in range(2):
        assert api.ask("DELETE", f"runs/{uid}").json == {}

    def seen(view: str) -> set[str]:
        return {run["id"] for run in api.get("runs", experiment="views", view=view)["runs"]}

    assert (seen("active"), seen("deleted"), seen("all")) == ({other}, {uid}, {uid, other})
    assert api.get(f"runs/{uid}")["lifecycle"] == "deleted"
    refused(api.ask("PATCH", f"runs/{uid}", {"name": "x"}), 409, "not_active")
    for _ in range(2):
        assert api.ask("POST", f"runs/{uid}/restore").json["lifecycle"] == "active"
    for method, path in (("DELETE", "runs/x"), ("POST", "runs/x/restore")):
        refused(api.ask(method, path), 404, "not_found")


def test_pages_of_runs_are_all_runs(api: Api) -> None:
    ids = [api.run(experiment="pages", name=f"r{number}") for number in range(7)]
    found: list[str] = []
    token = None
    while True:
        page = api.get("runs", experiment="pages", limit=3, order_by="name", **({"page_token": token} if token else {}))
        found += [run["id"] for run in page["runs"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert found == ids


def test_a_run_is_forked_and_rewound(api: Api) -> None:
    uid = api.run(config={"lr": 1})
    api.mlflow("POST", "runs/log-batch", {"run_id": uid, "metrics": [
        {"key": "m", "value": step, "timestamp": step, "step": step} for step in range(10)
    ]})  # fmt: skip
    answer = api.ask("POST", f"runs/{uid}/fork", {"name": "branch", "step": 4})
    assert (answer.status, answer.json["name"], answer.json["config"]) == (201, "branch", {"lr": 1})
    assert answer.json["metrics"]["m"]["last"] == 4
    assert api.ask("POST", f"runs/{uid}/rewind", {"step": 7}).json["metrics"]["m"]["last"] == 7
    refused(api.ask("POST", f"runs/{uid}/rewind", {}), 422, "invalid_input", "body")
    refused(api.ask("POST", "runs/x/fork", {}), 404, "not_found")


def test_a_key_stands_for_an_id(api: Api) -> None:
    sent = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
    first = api.ask("POST", "runs", {"name": "one"}, sent)
    again = api.ask("POST", "runs", {"name": "one"}, sent)
    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    refused(api.ask("POST", "runs", {"name": "two"}, sent), 409, "conflict", "Idempotency-Key")
    refused(api.ask("POST", "runs", {"name": "one", "experiment": "e"}, sent), 409, "conflict", "Idempotency-Key")
    other = api.ask("POST", "runs", {"name": "one"}, {**sent, "Idempotency-Key": "k" * 200})
    assert other.json["id"] != first.json["id"]
    for key in ("k" * 201, " "):
        refused(api.ask("POST", "runs", {}, {**sent, "Idempotency-Key": key}), 422, "invalid_input", "Idempotency-Key")


def test_one_act_on_many_runs_has_a_result_for_each(api: Api) -> None:
    uids, absent = [api.run() for _ in range(3)], "f" * 32

    def act(act: str, **given: Any) -> list[str | None]:
        answer = api.ask("POST", "runs/acts", {"ids": [*uids, absent], "act": act, **given})
        assert answer.status == 200, answer.body
        assert [item["id"] for item in answer.json["results"]] == [*uids, absent]
        codes = [item["error"] and item["error"]["code"] for item in answer.json["results"]]
        assert answer.json["refused"] == sum(map(bool, codes))
        return codes

    assert act("tag", tags={"a": "b", "gone": None}) == [None, None, None, "not_found"]
    assert api.get(f"runs/{uids[2]}")["tags"]["a"] == "b"
    assert act("stop") == [None, None, None, "not_found"]
    assert api.get(f"runs/{uids[0]}/state")["stop"] is True
    api.ask("PATCH", f"runs/{uids[1]}", {"status": "stopped"})
    assert act("delete") == [None, None, None, "not_found"]
    assert act("tag", tags={"c": "d"}) == ["not_active"] * 3 + ["not_found"]
    assert act("restore") == [None, None, None, "not_found"]
    assert {api.get(f"runs/{uid}")["lifecycle"] for uid in uids} == {"active"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": [], "act": "delete"}, "body"),
        ({"ids": ["x"] * 1_001, "act": "delete"}, "body"),
        ({"ids": ["x"], "act": "purge"}, "body"),
        ({"ids": ["x"], "act": "tag"}, "tags"),
        ({"ids": ["x"], "act": "stop", "tags": {"a": "b"}}, "tags"),
        ({"ids": ["\0"], "act": "stop"}, "ids"),
    ],
)
def test_acts_that_cannot_be_are_refused_as_a_whole(api: Api, body: dict[str, Any], field: str) -> None:
    refused(api.ask("POST", "runs/acts", body), 422, "invalid_input", field)


def test_chosen_columns_are_exported(api: Api) -> None:
    uid = api.run(
        name="=HYPERLINK(1)", experiment="export", start_us=1_500, end_us=2_500_000, params={"lr": "-0.10"}, user="ann"
    )
    for step, value in enumerate((3.0, 0.1 + 0.2)):
        body = {"run_id": uid, "key": "loss total", "value": value, "timestamp": 1, "step": step}
        api.mlflow("POST", "runs/log-metric", body)
    api.ask("PATCH", f"runs/{uid}", {"note": 'a "note"\nof two lines'})
    bare = api.run(name="bare", experiment="export", start_us=1_000)
    names = ["name", "id", "start_time", "duration_s", "params.lr", "metrics.`loss total`"]
    names += ["max(metrics.`loss total`)", "note", "tags.none", "experiment_id"]
    answer = api.ask("GET", "runs", experiment="export", format="csv", column=names)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="runs.csv"'
    head, first, second = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == names
    number = str(api.get(f"runs/{uid}")["experiment_id"])
    assert first == [
        "'=HYPERLINK(1)", uid, "1970-01-01T00:00:00.001Z", "2.4985", "-0.10", "0.30000000000000004", "3.0",
        'a "note"\nof two lines', "", number,
    ]  # fmt: skip
    assert second == ["bare", bare, "1970-01-01T00:00:00.001Z", "", "", "", "", "", "", number]
    limited = api.ask("GET", "runs", experiment="export", format="csv", column="id", limit=1, order_by="name DESC")
    assert limited.body.decode().splitlines() == ["id", bare]
    table = api.ask("GET", "runs", experiment="export", format="parquet", column=names)
    columns = read_parquet(io.BytesIO(table.body)).read_all()
    assert columns.column_names == names
    assert columns["name"].to_pylist() == ["=HYPERLINK(1)", "bare"]
    assert columns["metrics.`loss total`"].to_pylist() == [0.1 + 0.2, None]
    assert columns["start_time"].to_pylist()[0].microsecond == 1_500


@pytest.mark.parametrize(
    "query",
    [
        {"format": "csv"},
        {"column": "id"},
        {"format": "csv", "column": "size"},
        {"format": "csv", "column": "("},
        {"format": "csv", "column": ["x" * 301]},
        {"format": "csv", "column": [f"params.{at}" for at in range(501)]},
    ],
    ids=range(6),
)
def test_columns_that_are_none_are_refused(api: Api, query: dict[str, Any]) -> None:
    refused(api.ask("GET", "runs", **query), 422, "invalid_input", "column")
