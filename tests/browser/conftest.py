"""A real browser on a real server: what every test of the UI stands on, and what every page must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser.chromium import launch_options
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.server import ROOT, Http, Server

SHOTS = Path(__file__).parent / "screenshots"
AXE = ROOT / "ui/node_modules/axe-core/axe.min.js"
WIDE = {"width": 1440, "height": 900}
SERIOUS = ("serious", "critical")

expect.set_options(timeout=15_000)  # the machine of the tests may be busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; of a module, since playwright's loop would be in the way of other tests."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**launch_options())
        yield running
        running.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a fresh home."""
    server = Server(tmp_path_factory.mktemp("browser") / "home").start()
    yield server
    server.stop()


@pytest.fixture
def http(served: Server) -> Iterator[Http]:
    """A new connection to it: an old one may have been silent for too long."""
    with closing(served.http()) as connection:
        yield connection


@pytest.fixture
def page(browser: Browser, served: Server) -> Iterator[Page]:
    """A page of a new visitor, who sees no error in the console and whose browser asks no other host."""
    context = browser.new_context(
        viewport=WIDE, base_url=served.url, color_scheme="light", locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    faults: list[str] = []
    seen = context.new_page()
    seen.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    seen.on("console", lambda said: faults.append(f"console: {said.text}") if said.type == "error" else None)
    context.on(
        "request",
        lambda request: (
            faults.append(f"foreign: {request.url}")
            if not request.url.startswith((served.url, "blob:", "data:"))
            else None
        ),
    )
    yield seen
    context.close()
    # A refusal that a test asks for is told by the browser too; what the page does with it is the test's affair.
    assert [fault for fault in faults if "Failed to load resource" not in fault] == []


@pytest.fixture
def shot(page: Page) -> Callable[[str], None]:
    """Takes pictures of the page under a name: in light, in dark, and in light on a narrower screen."""
    SHOTS.mkdir(exist_ok=True)

    def take(name: str) -> None:
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(60)
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
            page.screenshot(path=SHOTS / f"{name}-{scheme}.png")
        page.set_viewport_size({"width": 1024, "height": 768})
        page.wait_for_timeout(60)
        page.screenshot(path=SHOTS / f"{name}-narrow.png")
        page.set_viewport_size(WIDE)

    return take


@pytest.fixture
def accessible(page: Page) -> Callable[[], None]:
    """Asserts that axe finds nothing serious on the page as it is, in light and in dark."""

    def check() -> None:
        page.evaluate(AXE.read_text())
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours change at once
            page.wait_for_timeout(60)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(told => told.violations)")
            told = [
                f"{scheme}: {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
                for one in found
                if one["impact"] in SERIOUS
            ]
            assert told == []
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    return check
