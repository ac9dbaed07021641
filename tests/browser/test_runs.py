"""The table of runs: found, sorted, scrolled, arranged, grouped, changed, exported, saved, and moving by itself."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser.seeded import Seeded, seeded
from playwright.sync_api import Locator, Page, expect
from support.server import Http, Server

COUNT = 130  # more than a page of the table's first question
REFUSED = "Expected a number at position 15"


@pytest.fixture(scope="module")
def some(served: Server) -> Iterator[Seeded]:
    """An experiment with runs, the last of them running."""
    with closing(served.http()) as connection:
        yield seeded(connection, COUNT, running=1)


@pytest.fixture
def table(page: Page, some: Seeded) -> Locator:
    """The table of the experiment's runs, as it opens."""
    page.goto(f"/experiments/{some.experiment}")
    grid = page.get_by_role("grid", name="Runs")
    expect(grid.get_by_role("row").nth(1)).to_contain_text(f"run-{COUNT - 1:03}")
    return grid


def first(table: Locator) -> Locator:
    """The first run."""
    return table.get_by_role("row").nth(1)


def heads(table: Locator) -> list[str]:
    """The columns that are drawn."""
    return [text.strip() for text in table.get_by_role("columnheader").all_inner_texts()][1:]


def column_menu(page: Page, column: str, what: str) -> None:
    """Does something by the menu of a column."""
    page.get_by_role("button", name=f"Column {column}", exact=True).click()
    page.get_by_role("menuitem", name=what).click()


def test_the_table_shows_runs_and_is_accessible(
    table: Locator, shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    expect(table).to_have_attribute("aria-rowcount", str(COUNT + 1))
    expect(first(table)).to_contain_text("running")
    assert {"Name", "Status", "Started", "Duration"} <= set(heads(table))
    assert "train/loss" in heads(table)
    accessible()
    shot("runs-table")


def test_all_runs_are_reached_by_scrolling_and_few_are_drawn(page: Page, table: Locator) -> None:
    for _ in range(2):  # the second half is asked for when the first has come into sight
        table.evaluate("grid => grid.scrollTo(0, grid.scrollHeight)")
        page.wait_for_timeout(150)
    expect(table.get_by_text("run-000")).to_be_visible()
    assert table.get_by_role("row").count() < 70


def test_a_click_on_a_head_sorts_on_the_server_and_can_be_undone(page: Page, table: Locator) -> None:
    page.get_by_role("button", name="train/loss", exact=True).click()
    expect(page).to_have_url(re.compile(r"sort=metrics\.train%2Floss\+DESC"))
    expect(first(table)).to_contain_text(f"run-{COUNT - 1:03}")
    page.get_by_role("button", name="train/loss", exact=True).click()
    expect(first(table)).to_contain_text("run-000")
    head = page.get_by_role("columnheader", name="train/loss")
    expect(head).to_have_attribute("aria-sort", "ascending")
    table.focus()
    page.keyboard.press("Control+z")
    expect(head).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Control+Shift+z")
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(first(table)).to_contain_text("run-000")


def test_the_filter_offers_keys_and_values_and_finds(page: Page, table: Locator, shot: Callable[[str], None]) -> None:
    page.keyboard.press("/")
    bar = page.get_by_role("combobox", name="Filter runs")
    expect(bar).to_be_focused()
    bar.press_sequentially("mode")
    page.get_by_role("option", name=re.compile(r"^params\.model")).click()
    bar.press_sequentially("= ")
    expect(page.get_by_role("option", name=re.compile("resnet50"))).to_be_visible()
    shot("runs-filter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bar).to_have_value("params.model = 'resnet50' ")
    bar.press_sequentially("AND metrics.train/loss < 0.8")
    expect(page.get_by_text(re.compile(r"^\d+ match"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="runs")).to_have_text("15 runs")
    expect(table.get_by_text("run-001")).to_be_visible()


def test_what_is_typed_right_after_an_offer_is_not_parted_by_a_late_frame(page: Page, table: Locator) -> None:
    bar = page.get_by_role("combobox", name="Filter runs")
    bar.press_sequentially("mode")
    page.evaluate("() => { window.late = []; window.requestAnimationFrame = call => window.late.push(call) }")
    page.get_by_role("option", name=re.compile(r"^params\.model")).click()
    bar.press_sequentially("= 'resnet50'")
    page.evaluate("() => window.late.forEach(call => call(performance.now()))")
    bar.press_sequentially(" AND metrics.a > 1")
    expect(bar).to_have_value("params.model = 'resnet50' AND metrics.a > 1")


def test_a_filter_that_cannot_be_read_shows_its_place(page: Page, table: Locator, shot: Callable[[str], None]) -> None:
    bar = page.get_by_role("combobox", name="Filter runs")
    bar.fill("metrics.loss < 'a'")
    page.keyboard.press("Escape")
    told = page.get_by_role("alert")
    expect(told).to_contain_text(REFUSED)
    expect(told.locator("mark")).to_have_text("'a'")
    shot("runs-fault")
    page.keyboard.press("Enter")
    expect(first(table)).to_contain_text("run-")  # what was there stays


def test_columns_are_chosen_pinned_moved_and_kept(page: Page, table: Locator, shot: Callable[[str], None]) -> None:
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("max of val/accuracy").check()
    dialog.get_by_label("Find a column").fill("seed")
    dialog.get_by_role("checkbox", name="seed").uncheck()
    shot("runs-columns")
    dialog.get_by_role("button", name="Close").click()
    assert "max val/accuracy" in heads(table)
    assert "seed" not in heads(table)
    column_menu(page, "max val/accuracy", "Pin to the left")
    expect(table.get_by_role("columnheader").nth(2)).to_contain_text("max val/accuracy")
    column_menu(page, "Status", "Hide")
    expect(table.get_by_role("columnheader", name="Status")).to_have_count(0)
    edge = table.get_by_role("columnheader", name="Name").locator(".head-edge").bounding_box()
    assert edge is not None
    page.mouse.move(edge["x"] + 4, edge["y"] + 10)
    page.mouse.down()
    page.mouse.move(edge["x"] + 64, edge["y"] + 10)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"cols=name\*%21280"))
    page.goto("/experiments")
    page.go_back()
    page.goto(re.sub(r"\?.*", "", page.url))
    expect(table.get_by_role("columnheader").nth(2)).to_contain_text("max val/accuracy")  # kept in this browser


def test_runs_are_grouped_on_the_server(page: Page, table: Locator, shot: Callable[[str], None]) -> None:
    page.get_by_role("button", name="Group", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="model").click()
    groups = page.get_by_role("region", name="Groups of runs")
    xgb = groups.get_by_role("row", name=re.compile("xgb"))
    expect(xgb.get_by_role("cell").nth(1)).to_have_text(str((COUNT + 2) // 3))
    xgb.get_by_role("button").click()
    expect(groups.get_by_role("table", name="Runs of the group")).to_be_visible()
    shot("runs-grouped")
    groups.get_by_role("button", name=re.compile("Show only these")).click()
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("params.model = 'xgb'")
    expect(table).to_be_visible()


def test_many_runs_are_tagged_deleted_and_restored(page: Page, table: Locator, http: Http, some: Seeded) -> None:
    boxes = table.get_by_role("checkbox", name=re.compile("Select run"))
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Tag").click()
    page.get_by_label("Key").fill("review")
    page.get_by_label("Value").fill("yes")
    page.get_by_role("button", name="Set the tag").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    uid = some.runs[COUNT - 2]
    assert {"key": "review", "value": "yes"} in http.mlflow("GET", "runs/get", {"run_id": uid})["run"]["data"]["tags"]
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").filter(has_text="runs")).to_have_text(f"{COUNT - 3} runs")
    bar.get_by_role("button", name="Undo the deletion").click()
    expect(page.get_by_role("status").filter(has_text="runs")).to_have_text(f"{COUNT} runs")


def test_a_running_run_is_stopped_and_asked_once(page: Page, table: Locator, http: Http, some: Seeded) -> None:
    table.get_by_role("checkbox", name=re.compile("Select run")).first.click()
    page.get_by_role("region", name="Selected runs").get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert http.request("GET", f"/api/v1/runs/{some.runs[-1]}").json["stop_us"] is not None


def test_a_run_is_renamed_in_its_row_and_keys_do_the_rest(page: Page, table: Locator, some: Seeded) -> None:
    table.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("F2")
    field = page.get_by_label("Name of the run")
    expect(field).to_be_focused()
    field.fill("a better name")
    page.keyboard.press("Enter")
    expect(table.get_by_role("link", name="a better name")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_role("region", name="Selected runs")).to_contain_text("1 selected")
    page.keyboard.press("v")
    expect(page).to_have_url(re.compile("drawn="))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{some.runs[-2]}$"))


def test_a_note_is_written_where_the_run_stands(page: Page, table: Locator, http: Http, some: Seeded) -> None:
    row = table.get_by_role("row").nth(4)
    row.hover()
    row.get_by_role("button", name=re.compile("Acts on")).click()
    menu = page.get_by_role("menu")
    button, box = row.bounding_box(), menu.bounding_box()
    assert button is not None
    assert box is not None
    assert 0 <= box["y"] - button["y"] < 60  # where it was asked for
    page.get_by_role("menuitem", name="Add a note").click()
    page.get_by_label("Note, in Markdown").fill("see **this**")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert http.request("GET", f"/api/v1/runs/{some.runs[-4]}").json["note"] == "see **this**"


def test_charts_stand_beside_the_table(
    page: Page, table: Locator, shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    page.get_by_role("button", name="Both").click()
    expect(page.get_by_role("button", name=re.compile("^train"))).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(300)
    accessible()
    shot("runs-charts")
    line = page.get_by_role("separator", name="Width of the table")
    line.focus()
    before = line.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowRight")
    expect(line).not_to_have_attribute("aria-valuenow", before or "")
    table.get_by_role("button", name=re.compile("Take out of the charts")).first.click()
    expect(page).to_have_url(re.compile("drawn="))


def test_the_table_moves_by_itself(page: Page, table: Locator, http: Http, some: Seeded) -> None:
    page.wait_for_timeout(300)  # the stream is open
    now_ms = int(time.time() * 1_000)
    point = {"run_id": some.runs[-1], "key": "train/loss", "value": 123.25, "timestamp": now_ms, "step": 500}
    http.mlflow("POST", "runs/log-metric", point)
    expect(first(table).get_by_text("123.25")).to_be_visible()
    given = {"experiment_id": some.experiment, "run_name": "newcomer", "start_time": now_ms}
    uid = http.mlflow("POST", "runs/create", given)["run"]["info"]["run_id"]
    page.get_by_role("button", name="1 new or changed").click()
    expect(first(table)).to_contain_text("newcomer")
    http.mlflow("POST", "runs/update", {"run_id": uid, "status": "FINISHED", "end_time": now_ms})
    expect(first(table)).to_contain_text("finished")
    http.mlflow("POST", "runs/delete", {"run_id": uid})


def test_what_is_shown_is_exported(page: Page, table: Locator, tmp_path: Path) -> None:
    page.get_by_role("combobox", name="Filter runs").fill("params.lr = '0.1'")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q="))
    page.get_by_role("button", name="train/loss", exact=True).click()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as told:
        page.get_by_role("menuitem", name="CSV").click()
    told.value.save_as(tmp_path / "runs.csv")
    rows = list(csv.DictReader((tmp_path / "runs.csv").read_text().splitlines()))
    assert {row["params.lr"] for row in rows} == {"0.1"}
    losses = [float(row["metrics.train/loss"]) for row in rows if row["metrics.train/loss"] != "NaN"]
    assert losses == sorted(losses, reverse=True)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as told:
        page.get_by_role("menuitem", name="Parquet").click()
    told.value.save_as(tmp_path / "runs.parquet")
    assert (tmp_path / "runs.parquet").read_bytes()[:4] == b"PAR1"


def test_views_are_saved_for_everybody(page: Page, table: Locator, some: Seeded, shot: Callable[[str], None]) -> None:
    page.get_by_role("button", name="train/loss", exact=True).click()
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save as a new view").click()
    page.get_by_label("Name, which everybody sees").fill("worst first")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("saved="))
    page.goto(f"/experiments/{some.experiment}")
    page.get_by_role("button", name="Views").click()
    shot("runs-views")  # which closes the menu
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitemcheckbox", name="worst first").click()
    expect(page).to_have_url(re.compile(r"sort=metrics\.train%2Floss\+DESC"))
    page.get_by_role("button", name="train/loss", exact=True).click()
    page.get_by_role("button", name="worst first (changed)").click()
    page.get_by_role("menuitem", name="Save into worst first").click()
    expect(page.get_by_role("button", name="worst first", exact=True)).to_be_visible()
    page.get_by_role("button", name="worst first", exact=True).click()
    page.get_by_role("menuitem", name="Delete worst first").click()
    expect(page.get_by_role("button", name="Views")).to_be_visible()


def test_deleted_runs_have_a_view_of_their_own(page: Page, table: Locator) -> None:
    page.get_by_role("button", name="More of the table").click()
    page.get_by_role("menuitemcheckbox", name="Deleted runs").click()
    expect(page).to_have_url(re.compile("view=deleted"))
    expect(table.get_by_text("newcomer").or_(page.get_by_text("No run is deleted"))).to_be_visible()
