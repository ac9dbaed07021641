"""Comments and saved views over the native API."""

from __future__ import annotations

from typing import Any

import pytest
from native.conftest import Api, refused


def say(api: Api, uid: str, text: str, **given: Any) -> Any:
    """The new comment."""
    answer = api.ask("POST", f"runs/{uid}/comments", {"text": text, **given})
    assert answer.status == 201, answer.body
    return answer.json


def test_a_comment_is_said_listed_edited_and_deleted(api: Api) -> None:
    uid = api.run()
    made = say(api, uid, "<script>alert(1)</script> **bold**", key="loss", step=-3)
    assert (made["run"], made["key"], made["step"], made["author"]) == (uid, "loss", -3, "local")
    assert (made["may_change"], made["edited_us"], made["origin"]) == (True, None, None)
    second = say(api, uid, "x", origin={"author": "ann", "created_us": 5})
    assert second["origin"] == {"author": "ann", "created_us": 5}
    page = api.get("comments", run=uid, limit=1)
    rest = api.get("comments", run=uid, limit=1, page_token=page["next_page_token"])
    assert {item["id"] for item in page["comments"] + rest["comments"]} == {made["id"], second["id"]}
    assert api.get("comments", run=[uid, "absent"], key="loss")["comments"] == [made]
    assert made in api.get("comments")["comments"]
    edited = api.ask("PATCH", f"comments/{made['id']}", {"text": "calm"}).json
    assert (edited["text"], edited["edited_by"], edited["created_us"]) == ("calm", "local", made["created_us"])
    assert api.ask("DELETE", f"comments/{made['id']}").status == 200
    refused(api.ask("DELETE", f"comments/{made['id']}"), 404, "not_found", "id")
    refused(api.ask("PATCH", f"comments/{made['id']}", {"text": "x"}), 404, "not_found", "id")
    assert api.get("comments", run=uid)["comments"] == [second]


def test_a_comment_that_is_sent_again_is_the_same(api: Api) -> None:
    uid, key = api.run(), {"Idempotency-Key": "once"}
    first = api.ask("POST", f"runs/{uid}/comments", {"text": "a"}, key)
    again = api.ask("POST", f"runs/{uid}/comments", {"text": "a"}, key)
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    refused(api.ask("POST", f"runs/{api.run()}/comments", {"text": "a"}, key), 409, "conflict", "id")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "a\0"}, "text"),
        ({"text": "a", "key": "k" * 251}, "key"),
        ({"text": "a", "step": 1}, "key"),
        ({"text": "a", "key": "k", "step": 2**63}, "body"),
        ({"text": "a", "origin": {"author": "", "created_us": 1}}, "origin.author"),
        ({"text": "a", "author": "somebody else"}, "body"),
    ],
)
def test_bad_comments_change_nothing(api: Api, body: dict[str, Any], field: str) -> None:
    uid = api.run()
    refused(api.ask("POST", f"runs/{uid}/comments", body), 422, "invalid_input", field)
    assert api.get("comments", run=uid)["comments"] == []


def test_what_is_no_page_of_comments_is_refused(api: Api) -> None:
    queries: list[tuple[dict[str, Any], str]] = [
        ({"page_token": "x"}, "page_token"),
        ({"limit": 0}, "limit"),
        ({"run": ["r"] * 1_001}, "run"),
        ({"key": ""}, "key"),
    ]
    for query, field in queries:
        refused(api.ask("GET", "comments", **query), 422, "invalid_input", field)
    refused(api.ask("POST", f"runs/{'0' * 32}/comments", {"text": "a"}), 404, "not_found")


def save(api: Api, name: str, **given: Any) -> Any:
    """The new view."""
    answer = api.ask("POST", "views", {"kind": "runs", "name": name, "document": {}, **given})
    assert answer.status == 201, answer.body
    return answer.json


def test_a_view_is_saved_listed_changed_and_deleted(api: Api) -> None:
    document = {"columns": ["metrics.loss", None], "deep": {"é": [1.5]}}
    made = save(api, "v-mine", document=document, experiment_id=0)
    assert (made["document"], made["revision"], made["experiment_id"]) == (document, 1, 0)
    assert api.get(f"views/{made['id']}") == made
    heads = api.get("views", kind="runs", experiment_id=0)["views"]
    assert heads == [{name: value for name, value in made.items() if name != "document"}]
    changed = api.ask("PATCH", f"views/{made['id']}", {"revision": 1, "document": {"a": 1}}).json
    assert (changed["document"], changed["name"], changed["revision"]) == ({"a": 1}, "v-mine", 2)
    stale = api.ask("PATCH", f"views/{made['id']}", {"revision": 1, "name": "x"})
    refused(stale, 409, "conflict", "revision")
    assert stale.json["details"] == {"revision": 2}
    refused(api.ask("DELETE", f"views/{made['id']}", revision=1), 409, "conflict", "revision")
    assert api.ask("DELETE", f"views/{made['id']}", revision=2).status == 200
    refused(api.ask("GET", f"views/{made['id']}"), 404, "not_found", "id")
    refused(api.ask("DELETE", f"views/{made['id']}"), 404, "not_found", "id")


def test_a_name_is_taken_once_and_a_resend_makes_nothing(api: Api) -> None:
    body, key = {"kind": "runs", "name": "taken", "document": {"a": 1}}, {"Idempotency-Key": "view"}
    first = api.ask("POST", "views", body, key)
    again = api.ask("POST", "views", body, key)
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    refused(api.ask("POST", "views", body), 409, "already_exists", "name")
    other = save(api, "other")
    refused(api.ask("PATCH", f"views/{other['id']}", {"revision": 1, "name": "taken"}), 409, "already_exists", "name")


def test_views_are_listed_by_page(api: Api) -> None:
    names = [f"page {number}" for number in range(5)]
    for name in reversed(names):
        save(api, name, kind="paged")
    found: list[str] = []
    query: dict[str, Any] = {"kind": "paged", "limit": 2}
    while True:
        page = api.get("views", **query)
        found += [item["name"] for item in page["views"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert found == names
    for wrong, field in (({"page_token": "x"}, "page_token"), ({"kind": "A"}, "kind"), ({"limit": 1_001}, "limit")):
        refused(api.ask("GET", "views", **wrong), 422, "invalid_input", field)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "Runs!"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"document": []}, "body"),
        ({"document": {"a": "x" * (256 << 10)}}, "document"),
        ({"experiment_id": -1}, "body"),
        ({"revision": 1}, "body"),
    ],
)
def test_bad_views_are_refused(api: Api, given: dict[str, Any], field: str) -> None:
    body = {"kind": "runs", "name": "bad", "document": {}, **given}
    refused(api.ask("POST", "views", body), 422, "invalid_input", field)
    refused(api.ask("POST", "views", {**body, "kind": "runs", "document": {"a": "x" * (600 << 10)}}), 413, "too_large")
    missing = {"kind": "runs", "name": "bad", "document": {}, "experiment_id": 10**15}
    refused(api.ask("POST", "views", missing), 404, "not_found")
