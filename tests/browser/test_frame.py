"""The frame of the UI: every page opens at its address, in both themes, and the first load is small."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from assay.server.browser import BUILT

FIRST_LOAD_BOUND = 200_000  # bytes, compressed by gzip
PAGES = {"Home": "/", "Experiments": "/experiments", "Runs": "/runs", "Compare": "/compare"}


def test_the_pages_are_reached_by_the_links_on_the_left(page: Page) -> None:
    page.goto("/")
    for name, path in PAGES.items():
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_url(re.compile(rf"{path}(\?.*)?$"))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page).to_have_title(re.compile("Assay"))


def test_the_theme_is_chosen_and_kept(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="System theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_an_address_that_is_no_page_says_so(page: Page) -> None:
    page.goto("/compare/what/is/this")
    expect(page.get_by_text("There is no such page")).to_be_visible()


def test_links_that_mlflow_prints_lead_to_the_run(page: Page) -> None:
    page.goto("/#/experiments/0/runs/7ca03201bb9644f1ab8aa705ef128de5")
    expect(page).to_have_url(re.compile(r"/runs/7ca03201bb9644f1ab8aa705ef128de5$"))


def test_the_first_load_is_small() -> None:
    index = (BUILT / "index.html").read_text()
    named = re.findall(r"/assets/([\w.-]+)", index)
    assert len([name for name in named if name.endswith(".js")]) >= 1
    sizes = {name: (BUILT / "assets" / f"{name}.gz").stat().st_size for name in named}
    assert sum(sizes.values()) <= FIRST_LOAD_BOUND, sizes


def test_nothing_built_names_another_host() -> None:
    allowed = {"www.w3.org", "react.dev", "github.com", "127.0.0.1:5000", "localhost"}  # names of things, never asked
    for path in Path(BUILT).rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            named = set(re.findall(r"\bhttps?://([\w.:-]+)", path.read_text()))
            assert named <= allowed, path.name
