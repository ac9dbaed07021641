"""How the server serves the browser UI: its page at every address, its files for ever, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from assay.server.app import PLAIN
from assay.server.browser import POLICY, routes

SCRIPT = "console.log('x')"


def asked(built: Path, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)  # no disconnect

    async def send(message: Any) -> None:
        messages.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": given, "extensions": {}}
    asyncio.run(Starlette(routes=list(routes(PLAIN, built)))(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], told, b"".join(message.get("body", b"") for message in messages[1:])


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A UI as built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets/a-1.js").write_text(SCRIPT)
    (tmp_path / "assets/a-1.js.br").write_bytes(b"brotli")
    (tmp_path / "assets/a-1.js.gz").write_bytes(b"gzip")
    (tmp_path / "secret.js").write_text("no")
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/7ca0", "/experiments/3", "/compare", "/runs/a/b"])
def test_every_address_of_the_ui_is_its_page(built: Path, path: str) -> None:
    status, headers, body = asked(built, path)
    assert (status, body) == (200, b"<!doctype html>")
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["cache-control"] == "no-cache"
    assert headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("taken", "body"),
    [("gzip, deflate, br;q=1.0", b"brotli"), ("gzip", b"gzip"), ("", SCRIPT.encode()), ("zstd", SCRIPT.encode())],
)
def test_a_file_of_the_ui_comes_packed_as_asked_and_is_kept_for_ever(built: Path, taken: str, body: bytes) -> None:
    status, headers, got = asked(built, "/assets/a-1.js", accept_encoding=taken)
    assert (status, got) == (200, body)
    assert "immutable" in headers["cache-control"]
    assert headers["content-type"].startswith("text/javascript")
    assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["b.js", "../secret.js", "..%2fsecret.js", "a-1.js.br", ".js", "a-1", "x\ny.js"])
def test_what_is_no_file_of_the_ui_is_not_found(built: Path, name: str) -> None:
    status, headers, body = asked(built, f"/assets/{name}")
    assert status == 404
    assert body != b"no"
    assert "immutable" not in headers.get("cache-control", "")


def test_where_the_ui_is_missing_the_page_says_how_to_get_it(tmp_path: Path) -> None:
    status, _, body = asked(tmp_path, "/")
    assert status == 503
    assert b"make ui" in body
