"""Where one begins: an empty server that sees its first run arrive, home, experiments, the search over everything."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser.seeded import seeded
from playwright.sync_api import Page, expect
from support.server import Http


@pytest.fixture
def fraud(http: Http) -> None:
    """There are runs, also where only a part of these tests is run."""
    if http.request("GET", "/api/v1/experiments/1").status == 404:
        seeded(http, 9, running=2)


def test_an_empty_server_shows_how_to_begin_and_sees_the_first_run_arrive(
    page: Page, http: Http, shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    page.goto("/")
    expect(page.get_by_text(f"MLFLOW_TRACKING_URI={http.url}")).to_be_visible()
    expect(page.get_by_text("import assay")).to_be_visible()
    accessible()
    shot("first-use")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the lines for MLflow").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"export MLFLOW_TRACKING_URI={http.url}")
    page.wait_for_timeout(300)  # the stream is open
    found = seeded(http, 9, running=2)
    expect(page.get_by_text("Your first run has arrived")).to_be_visible()
    page.get_by_role("status").get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/runs/({'|'.join(found.runs)})$"))


@pytest.mark.usefixtures("fraud")
def test_home_shows_what_runs_what_ran_and_where(
    page: Page, http: Http, shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    page.goto("/")
    running = page.get_by_role("table", name="Running runs")
    expect(running.get_by_role("link", name="run-008")).to_be_visible()
    expect(running.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("table", name="Recent runs").get_by_role("link", name="run-000")).to_be_visible()
    fraud = page.get_by_role("link", name=re.compile("fraud.*9 runs · 2 running"))
    expect(fraud.get_by_role("img", name="9 runs begun in the last 30 days")).to_be_visible()
    accessible()
    shot("home")
    http.close()  # the server has, while nothing was asked
    uid = http.mlflow("POST", "runs/create", {"experiment_id": "0", "run_name": "came later"})["run"]["info"]["run_id"]
    expect(running.get_by_role("link", name="came later")).to_be_visible()
    http.mlflow("POST", "runs/delete", {"run_id": uid})


@pytest.mark.usefixtures("fraud")
def test_experiments_are_made_renamed_described_deleted_and_restored(
    page: Page, shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    page.goto("/experiments")
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill("fraud")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert")).to_contain_text("fraud")  # the name is taken
    page.get_by_label("Name", exact=True).fill("churn")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="churn")).to_be_visible()

    def act(name: str, what: str) -> None:
        page.get_by_role("button", name=f"Acts on {name}").click()
        page.get_by_role("menuitem", name=what).click()

    page.goto("/experiments")
    act("churn", "Describe")
    page.get_by_label("Description").fill("who leaves")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("who leaves")).to_be_visible()
    act("churn", "Rename")
    page.get_by_label("Name", exact=True).fill("churn-2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="churn-2")).to_be_visible()
    accessible()
    shot("experiments")
    act("churn-2", "Delete")
    expect(page.get_by_role("link", name="churn-2")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="churn-2")).to_be_visible()
    act("churn-2", "Delete")
    page.get_by_role("button", name="Deleted").click()
    act("churn-2", "Restore")
    expect(page.get_by_role("link", name="churn-2")).to_have_count(0)
    page.get_by_role("button", name="Deleted").click()
    page.get_by_role("searchbox", name="Find an experiment").fill("URN")
    expect(page.get_by_role("link", name="churn-2")).to_be_visible()
    expect(page.get_by_role("link", name="fraud")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=URN"))


@pytest.mark.usefixtures("fraud")
def test_the_palette_finds_everything(page: Page, shot: Callable[[str], None], accessible: Callable[[], None]) -> None:
    page.goto("/experiments")
    expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search runs, experiments, keys and views")
    expect(field).to_be_focused()
    field.fill("run-00")
    expect(page.get_by_role("option", name=re.compile("run-003"))).to_be_visible()
    accessible()
    shot("palette")
    field.fill("learning")
    page.get_by_role("option", name="learning rate").click()
    expect(page).to_have_url(re.compile("/runs.*learning"))
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("params.`learning rate` IS NOT NULL")
    page.keyboard.press("Control+k")
    field.fill("fraud")
    expect(page.get_by_role("option", name=re.compile("^fraud"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="fraud")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)


@pytest.mark.usefixtures("fraud")
def test_keys_go_everywhere_and_are_listed(page: Page, shot: Callable[[str], None]) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("/experiments$"))
    expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    shot("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # The sheet is gone from the page before the page has been drawn without it.
    page.wait_for_function("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    page.keyboard.press("[")
    expect(page.get_by_role("button", name="Widen the sidebar")).to_be_visible()
    page.get_by_role("searchbox").fill("g r t ?")
    expect(page).to_have_url(re.compile("/experiments"))
