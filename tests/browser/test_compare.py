"""The page that compares runs, in a browser: what differs is seen, in params, metrics, logged values and files."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser.logged import runs_of_everything
from playwright.sync_api import Page, expect
from support.server import Server

Shot = Callable[[str], None]
Accessible = Callable[[], None]


@pytest.fixture(scope="module")
def ids(served: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of two runs that logged one of everything, by their names."""
    return runs_of_everything(served, tmp_path_factory)


@pytest.fixture
def opened(page: Page, ids: dict[str, str]) -> Callable[..., Page]:
    """Opens a part of the page."""

    def open_(tab: str = "", **query: str) -> Page:
        asked = "&".join(f"{key}={value}" for key, value in {"tab": tab, **query}.items() if value)
        page.goto(f"/compare?runs={ids['baseline']},{ids['tuned']}&{asked}")
        return page

    return open_


def test_runs_are_found_and_chosen(page: Page, ids: dict[str, str], shot: Shot) -> None:
    page.goto("/compare")
    page.get_by_role("searchbox", name="Find runs").fill("BASE")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    shot("compare-choose")
    page.get_by_role("checkbox").check()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 1 run")
    page.get_by_role("searchbox", name="Find runs").fill("")
    page.get_by_role("checkbox", name="tuned").check()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    expect(page).to_have_url(re.compile(f"{ids['baseline']}(,|%2C){ids['tuned']}"))


def test_charts_lie_one_over_the_other(opened: Callable[..., Page], shot: Shot) -> None:
    page = opened()
    expect(page.locator("canvas").first).to_be_visible()
    for name in ("baseline", "tuned"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    shot("compare-charts")


def test_params_and_metrics_stand_side_by_side(opened: Callable[..., Page], shot: Shot, accessible: Accessible) -> None:
    page = opened("params")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(2)  # the head, and what differs
    expect(rows.last).to_have_text("lr0.10.05")
    page.get_by_role("checkbox", name="Only differences").uncheck()
    expect(page.get_by_role("row", name="model.kind")).to_contain_text("resnet")
    page.reload()
    expect(page.get_by_role("checkbox", name="Only differences")).not_to_be_checked()
    accessible()
    shot("compare-params")
    page.get_by_role("tab", name="Metrics").click()
    loss = page.get_by_role("row", name="val/loss")
    expect(loss.locator("td").first.get_by_title("The least")).to_be_visible()
    page.get_by_label("Which value").select_option("max")
    expect(loss).to_contain_text("1.1")
    shot("compare-metrics")
    page.get_by_role("button", name="Leave out tuned").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 1 run")


def test_texts_and_tables_are_compared(opened: Callable[..., Page], shot: Shot, accessible: Accessible) -> None:
    page = opened("files")
    files = page.get_by_role("navigation", name="Files")
    expect(files.get_by_role("button", name=re.compile("report.html"))).to_be_hidden()  # it is the same
    files.get_by_role("button", name=re.compile("train.yaml")).click()
    rows = page.get_by_role("table", name="Differences of config/train.yaml").get_by_role("row")
    expect(rows.last).to_contain_text("schedule: flat")
    expect(rows.last).to_contain_text("schedule: cosine")
    expect(rows.nth(1)).to_contain_text("seed: 7")
    accessible()
    shot("compare-text")
    files.get_by_role("button", name=re.compile("scores.csv")).click()
    table = page.get_by_role("table", name="Differences of the tables")
    expect(table.locator("del")).to_have_text("0.1")
    expect(table.locator("ins")).to_have_text("0.05")
    expect(page.get_by_text("1 row differs")).to_contain_text("matched by \u201cid\u201d")
    shot("compare-table")


def test_logged_values_stand_side_by_side(opened: Callable[..., Page], shot: Shot) -> None:
    page = opened("values")
    samples = page.get_by_role("region", name="samples")
    expect(samples.get_by_role("img")).to_have_count(2)
    samples.get_by_role("slider").press("ArrowLeft")
    expect(samples.get_by_text("after 39 steps")).to_have_count(2)
    shot("compare-values")
