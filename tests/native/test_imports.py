"""Rows of foreign registries over the native API."""

from __future__ import annotations

from typing import Any

import pytest
from native.conftest import Api, refused

ROW = {"kind": "version", "source": "sqlite:a.db", "name": "fraud/1", "document": {"stage": "Production"}}


def test_rows_are_kept_once_and_listed(api: Api) -> None:
    for number in range(3):
        assert api.ask("POST", "imports", {**ROW, "name": f"fraud/{number}"}).status == 201
    changed = {**ROW, "name": "fraud/1", "document": {"stage": None, "tags": [1]}}
    assert api.ask("POST", "imports", changed).status == 200
    first = api.get("imports", kind="version", source="sqlite:a.db", limit=2)
    rest = api.get("imports", kind="version", page_token=first["next_page_token"])
    rows = first["imports"] + rest["imports"]
    assert [row["name"] for row in rows] == ["fraud/0", "fraud/1", "fraud/2"]
    assert rows[1]["document"] == changed["document"]
    assert rows[1]["created_us"] > 0
    assert api.get("imports", kind="other") == {"imports": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "k" * 51}, "kind"),
        ({"source": "s" * 1_001}, "source"),
        ({"name": "n\0"}, "name"),
        ({"document": {"d": "x" * 65_536}}, "document"),
        ({"document": []}, "body"),
    ],
)
def test_bad_rows_are_not_kept(api: Api, change: dict[str, Any], field: str) -> None:
    before = api.get("imports")
    refused(api.ask("POST", "imports", {**ROW, **change}), 422, "invalid_input", field)
    assert api.get("imports") == before
    for query, named in (({"limit": 0}, "limit"), ({"page_token": "x"}, "page_token"), ({"kind": "k\0"}, "kind")):
        refused(api.ask("GET", "imports", **query), 422, "invalid_input", named)
