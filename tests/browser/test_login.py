"""Coming in by a real browser: the printed link, the login page, a provider elsewhere, and going again."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.chromium import launch_options
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from support.provider import SECRET, provider
from support.server import Server

GOOD = "correct horse battery"
SHOTS = Path(__file__).parent / "screenshots"
FOREIGN = "http://localhost.test"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**launch_options())
        yield running
        running.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that people may also enter by a provider, and the link that it printed."""
    folder = tmp_path_factory.mktemp("login")
    (folder / "secret").write_text(SECRET)
    with provider() as issuer:
        # By another name than the provider's, so that it is another site to the browser.
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = ["--oidc-issuer", issuer, "--oidc-client-id", "assay", "--port", str(port)]
        words += ["--public-url", f"http://localhost:{port}"]
        server = Server(folder / "home", options=[*words, "--oidc-client-secret-file", str(folder / "secret")]).start()
        assert server.process is not None
        assert server.process.stdout is not None
        link = next(word for line in server.process.stdout for word in line.split() if "/setup/" in word)
        server.url = f"http://localhost:{port}"
        assert link.startswith(server.url)
        yield server, link
        server.stop()


@pytest.fixture
def context(browser: Browser, opened: tuple[Server, str]) -> Iterator[BrowserContext]:
    """A new visitor without scripts: the pages of the login work without them."""
    yield from visitor(browser, opened[0], scripts=False)


def visitor(browser: Browser, server: Server, *, scripts: bool) -> Iterator[BrowserContext]:
    found = browser.new_context(base_url=server.url, java_script_enabled=scripts, locale="en-GB")
    found.set_default_timeout(10_000)
    found.route("https://**", lambda route: route.abort())  # the provider's page asks for a font
    yield found
    found.close()


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(path=SHOTS / f"{name}-{scheme}.png")


def test_the_first_admin_comes_in_goes_and_comes_again(context: BrowserContext, opened: tuple[Server, str]) -> None:
    page = context.new_page()
    page.goto(opened[1])
    shot(page, "setup")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(GOOD)
    page.get_by_label("The same once more").fill("another horse battery")
    page.get_by_role("button", name="Create the first admin").click()
    expect(page.get_by_role("alert")).to_contain_text("The two passwords differ")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(GOOD)
    page.get_by_label("The same once more").fill(GOOD)
    page.get_by_role("button", name="Create the first admin").click()
    answer = page.goto("/api/v1/me")
    assert answer is not None
    assert answer.json()["is_admin"]
    page.goto("/logout")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto("/metrics?a=1")
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fmetrics%3Fa%3D1"))
    shot(page, "login")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("after ten failures")
    shot(page, "login-wrong")
    page.get_by_label("Password").fill(GOOD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(r"/metrics\?a=1"))


def test_the_ui_leads_to_the_login_and_back(browser: Browser, opened: tuple[Server, str]) -> None:
    for context in visitor(browser, opened[0], scripts=True):
        page = context.new_page()
        page.goto("/runs?q=a")
        expect(page).to_have_url(re.compile(r"/login\?next=%2Fruns"))
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(GOOD)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile("/runs"))
        expect(page.get_by_role("button", name="ada", exact=True)).to_be_visible()


def test_a_provider_sends_the_browser_back_logged_in(context: BrowserContext, opened: tuple[Server, str]) -> None:
    """The cookie of the session is strict, and the way back comes from another site."""
    page = context.new_page()
    page.goto("/login?next=/health")
    page.get_by_role("link", name="Log in with").click()
    page.locator("input[name=login]").fill("ada2")
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()
    expect(page.locator("body")).to_contain_text("does not say your preferred_username")
    page.goto("/login?next=/health")
    page.get_by_role("link", name="Log in with").click()
    expect(page.locator("body")).to_contain_text("does not say your preferred_username")  # the provider knows him still
    page.context.clear_cookies()
    page.goto("/login?next=/health")
    page.get_by_role("link", name="Log in with").click()
    page.locator("input[name=login]").fill("bob")
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()
    expect(page.locator("body")).to_have_text("OK")
    (session,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "assay_session"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Strict")
    answer = page.goto("/api/v1/me")
    assert answer is not None
    assert answer.json()["name"] == "bob"
    # A link on another site: the browser keeps the strict cookie back, and the login page asks it once more.
    page.route(
        f"{FOREIGN}/",
        lambda route: route.fulfill(body=f'<a href="{opened[0].url}/metrics?a=1">see</a>', content_type="text/html"),
    )
    page.goto(FOREIGN)
    page.get_by_role("link", name="see").click()
    expect(page).to_have_url(re.compile(r"/metrics\?a=1"))
