"""Lines that runs print, and whether they are asked to stop."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from native.conftest import Api, refused

SENDER = {"writer": "w", "first": 0}


def append(api: Api, uid: str, texts: list[str], **query: Any) -> Any:
    """The answer to lines whose time is their position."""
    lines = [["stderr" if text.startswith("!") else "stdout", at, text] for at, text in enumerate(texts)]
    return api.ask("POST", f"runs/{uid}/console", {"lines": lines}, **{**SENDER, **query})


def test_lines_are_kept_once_and_read_by_page(api: Api) -> None:
    uid = api.run()
    assert append(api, uid, ["one", "!two", "three"]).json == {"next": 3}
    assert append(api, uid, ["one", "!two", "three", "four"]).json == {"next": 4}
    first = api.get(f"runs/{uid}/console", limit=3)
    assert first["lines"] == [["stdout", 0, "one"], ["stderr", 1, "!two"], ["stdout", 2, "three"]]
    rest = api.get(f"runs/{uid}/console", after=first["next_page_token"])
    assert (rest["lines"], rest["next_page_token"]) == ([["stdout", 3, "four"]], None)
    append(api, uid, ["five"], first=4)
    assert [line[2] for line in api.get(f"runs/{uid}/console", after=rest["position"])["lines"]] == ["five"]
    assert [line[2] for line in api.get(f"runs/{uid}/console", contains="O")["lines"]] == ["one", "!two", "four"]
    assert {line[2] for line in api.get(f"runs/{uid}/console", tail="true", limit=2)["lines"]} == {"four", "five"}


def test_a_gap_or_a_deleted_run_is_refused(api: Api) -> None:
    uid = api.run()
    answer = append(api, uid, ["x"], first=5)
    refused(answer, 409, "sequence_gap")
    assert answer.json["details"] == {"expected": 0}
    refused(append(api, uid, ["x"], epoch=3), 409, "conflict")
    refused(append(api, uuid.uuid4().hex, ["x"]), 404, "not_found")
    api.ask("DELETE", f"runs/{uid}")
    refused(append(api, uid, ["x"]), 409, "not_active")


@pytest.mark.parametrize(
    ("lines", "query", "field"),
    [
        ([["stdin", 0, "x"]], {}, "body"),
        ([["stdout", -1, "x"]], {}, "body"),
        ([["stdout", 0]], {}, "body"),
        ([["stdout", 0, "x"]] * 10_001, {}, "body"),
        ([["stdout", 0, "x" * 65_537]], {}, "lines[0].text"),
        ([["stdout", 0, "\0"]], {}, "lines[0].text"),
        ([["stdout", 0, "x"]], {"first": -1}, "first"),
        ([["stdout", 0, "x"]], {"first": "x"}, "first"),
        ([["stdout", 0, "x"]], {"writer": ""}, "writer"),
        ([["stdout", 0, "x"]], {"writer": "w" * 251}, "writer"),
    ],
)
def test_bad_lines_change_nothing(api: Api, lines: Any, query: dict[str, Any], field: str) -> None:
    uid = api.run()
    answer = api.ask("POST", f"runs/{uid}/console", {"lines": lines}, **{**SENDER, **query})
    refused(answer, 422, "invalid_input", field)
    assert api.get(f"runs/{uid}/console")["lines"] == []


@pytest.mark.parametrize(
    ("query", "field"), [({"after": "x"}, "after"), ({"limit": 0}, "limit"), ({"contains": "c" * 1_001}, "contains")]
)
def test_a_page_that_cannot_be_is_refused(api: Api, query: dict[str, Any], field: str) -> None:
    refused(api.ask("GET", f"runs/{api.run()}/console", **query), 422, "invalid_input", field)


def test_a_run_is_asked_to_stop(api: Api) -> None:
    uid = api.run()
    assert api.get(f"runs/{uid}/state") == {"status": "running", "stop": False}
    for _ in range(2):
        assert api.ask("POST", f"runs/{uid}/stop").json == {"status": "running", "stop": True}
    assert api.get(f"runs/{uid}")["stop_us"] > 0
    ended = api.run(status="finished")
    refused(api.ask("POST", f"runs/{ended}/stop"), 409, "rule_violation")
    refused(api.ask("POST", "runs/x/stop"), 404, "not_found")
