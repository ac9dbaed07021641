"""The page of a run, in a browser: each of its parts shows what was logged, and what can be changed there changes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser.logged import asked, runs_of_everything
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
    """Opens a part of the page of a run."""

    def open_(tab: str = "", name: str = "baseline", **query: str) -> Page:
        asked = "&".join(f"{key}={value}" for key, value in {"tab": tab, **query}.items() if value)
        page.goto(f"/runs/{ids[name]}?{asked}")
        return page

    return open_


def test_the_overview_tells_what_the_run_is(opened: Callable[..., Page], shot: Shot, accessible: Accessible) -> None:
    page = opened()
    expect(page.get_by_role("heading", level=1).first).to_have_text("baseline")  # its notes have a heading too
    expect(page.locator(".run-head .run-status")).to_have_text("finished")
    expect(page.get_by_role("link", name="more data")).to_have_attribute("href", "https://example.org/")
    metrics = page.get_by_role("region", name="Metrics")
    expect(metrics.get_by_role("row", name="train/loss")).to_contain_text("59")
    params = page.get_by_role("region", name="Params")
    params.get_by_role("button", name="dropout").click()  # folds
    expect(params.get_by_text("spatial")).to_be_hidden()
    params.get_by_role("searchbox").fill("spatial")
    expect(params.get_by_text("spatial")).to_be_visible()
    expect(params.get_by_text("resnet")).to_be_hidden()
    expect(page.get_by_role("region", name="Details")).to_contain_text("0c5f3a9d2b7e4c1f8a6b")
    expect(page.get_by_role("region", name="Load this run")).to_contain_text("assay.runs(")
    params.get_by_role("searchbox").fill("")
    accessible()
    shot("run-overview")


def test_params_that_nobody_set_are_marked_and_can_be_left_out(
    page: Page, served: Server, shot: Shot, accessible: Accessible
) -> None:
    config = {"lr": 0.05, "model": {"kind": "resnet", "dropout": {"rate": 0.1}}}
    defaults = {"seed": 0, "model": {"act": "relu", "dropout": {"kind": "spatial"}}, "data": {"batch": 32, "note": ""}}
    begun = {"experiment": "defaults", "name": "first", "config": config, "defaults": defaults}
    uid = asked(served, "POST", "runs", begun)["id"]
    page.goto(f"/runs/{uid}")
    params = page.get_by_role("region", name="Params")
    marks = params.get_by_title("Nobody set this: it is the default")
    expect(marks).to_have_text(["default"] * 5)
    expect(params.get_by_title("model.act").get_by_text("default")).to_be_visible()
    expect(params.get_by_title("lr", exact=True)).not_to_contain_text("default")
    accessible()
    shot("run-defaults")
    only = params.get_by_role("checkbox", name="Only what was set")
    only.check()
    expect(marks).to_have_count(0)
    expect(params.get_by_text("resnet")).to_be_visible()
    expect(params.get_by_text("relu")).to_be_hidden()
    page.reload()
    expect(only).to_be_checked()
    asked(served, "PATCH", f"runs/{uid}", {"config": {"seed": 0}})  # somebody chooses the same value
    expect(params.get_by_title("seed")).to_be_visible()
    other = {**begun, "name": "second", "config": {**config, "seed": 7}}
    ids = [uid, asked(served, "POST", "runs", other)["id"]]
    asked(served, "PATCH", f"runs/{uid}", {"config_replaced": config, "defaults": defaults})
    page.goto(f"/compare?runs={','.join(ids)}&tab=params")
    row = page.get_by_role("row", name="seed")
    expect(row.get_by_title("Nobody set this: it is the default")).to_have_text(["0 (default)"])
    expect(row).to_contain_text("7")


def test_a_run_whose_params_were_all_set_offers_no_choice(opened: Callable[..., Page]) -> None:
    params = opened().get_by_role("region", name="Params")
    expect(params.get_by_text("resnet")).to_be_visible()
    expect(params.get_by_role("checkbox")).to_have_count(0)


def test_charts_are_of_the_run_or_of_its_machine(opened: Callable[..., Page], shot: Shot) -> None:
    page = opened("charts")
    expect(page.get_by_role("button", name=re.compile("^train"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^system"))).to_be_hidden()
    expect(page.locator("canvas").first).to_be_visible()
    shot("run-charts")
    page.get_by_role("tab", name="System").click()
    expect(page.get_by_role("button", name=re.compile("^system"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^train"))).to_be_hidden()


def test_name_note_and_tags_are_edited_in_their_place(page: Page, served: Server) -> None:
    begun = {"experiment": "edits", "name": "first"}
    id = asked(served, "POST", "runs", begun)["id"]
    page.goto(f"/runs/{id}")
    page.get_by_role("button", name="Edit: Name of the run").click()
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("second")
    expect(page.get_by_role("button", name="Edit: Name of the run")).to_be_focused()
    page.get_by_role("button", name="Write").click()
    page.keyboard.type("It *works*")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".markdown em")).to_have_text("works")
    page.get_by_role("button", name="Add").click()
    page.keyboard.type("stage")
    page.get_by_label("Value of the tag").fill("final")
    page.keyboard.press("Enter")
    expect(page.locator(".tag")).to_have_text("stagefinal")
    page.get_by_role("button", name="Take away the tag stage").click()
    expect(page.locator(".tag")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This run is deleted")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("This run is deleted")).to_be_hidden()
    run = asked(served, "GET", f"runs/{id}")
    assert (run["name"], run["note"], run["lifecycle"]) == ("second", "It *works*", "active")


def test_stop_asks_once(page: Page, served: Server) -> None:
    id = asked(served, "POST", "runs", {"experiment": "stops", "name": "long"})["id"]
    page.goto(f"/runs/{id}")
    page.get_by_role("button", name="Stop").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert asked(served, "GET", f"runs/{id}")["stop_us"] is None
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.get_by_role("button", name="Asked to stop")).to_be_disabled()
    assert asked(served, "GET", f"runs/{id}")["stop_us"] is not None


def test_the_console_folds_and_searches(opened: Callable[..., Page], shot: Shot) -> None:
    page = opened("console")
    lines = page.get_by_role("log")
    expect(lines).to_contain_text("a warning")
    expect(lines.locator(".console-count")).to_have_text("\u00d73")
    shot("run-console")
    page.get_by_role("searchbox").fill("STEP 5")
    expect(page.get_by_role("status").filter(has_text="found")).to_have_text("11 lines found")
    expect(lines.locator("mark").first).to_have_text("step 5")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("STEP 5")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("No line has this text")).to_be_visible()


def test_a_long_console_is_read_where_one_looks(page: Page, served: Server) -> None:
    id = asked(served, "POST", "runs", {"experiment": "long", "name": "talks"})["id"]
    for part in range(2):
        lines = [["stdout", part * 10_000 + n, f"line {part * 10_000 + n}"] for n in range(10_000)]
        asked(served, "POST", f"runs/{id}/console?writer=w&first={part * 10_000}&stream=console", {"lines": lines})
    page.goto(f"/runs/{id}?tab=console")
    expect(page.get_by_text("line 19999", exact=True)).to_be_visible()
    expect(page.get_by_text("the last 5,000 lines")).to_be_visible()
    assert page.locator(".console-row").count() < 200  # of thousands
    page.get_by_role("button", name="From the beginning").click()
    expect(page.get_by_text("line 0", exact=True)).to_be_visible()
    more = {"lines": [["stdout", 30_000, "one more"]]}
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_text("line 19999", exact=True)).to_be_visible()
    asked(served, "POST", f"runs/{id}/console?writer=w&first=20000&stream=console", more)
    expect(page.get_by_text("one more", exact=True)).to_be_visible()


FILES = {
    "README.md": "Model of rate 0.1",
    "metrics.json": "dog",
    "scores.csv": "3 columns · 3 rows",
    "paper.pdf": "no viewer for PDF",
    "weights.bin": "no viewer for files of this kind",
}


def test_files_are_previewed_by_their_kind(opened: Callable[..., Page]) -> None:
    page = opened("files", file="config/train.yaml")
    shown = page.locator(".files-view")
    expect(shown).to_contain_text("schedule: flat")
    for path, words in FILES.items():
        page.get_by_role("navigation", name="Files").get_by_role("button", name=path).click()
        expect(shown).to_contain_text(words)
    page.get_by_role("button", name="Try to show it as text").click()
    expect(shown).to_contain_text("This is no text")
    opened("files", file="gone.txt")
    expect(shown).to_contain_text("There is no such file")


def test_the_tree_of_files_is_opened_folder_by_folder(opened: Callable[..., Page], shot: Shot) -> None:
    page = opened("files")
    tree = page.get_by_role("navigation", name="Files")
    tree.get_by_role("button", name="plots").click()
    tree.get_by_role("button", name=re.compile("curve.svg")).click()
    expect(page).to_have_url(re.compile(r"file=plots(%2F|/)curve\.svg"))
    picture = page.get_by_role("img", name="plots/curve.svg")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == "curve.svg"
    tree.get_by_role("button", name=re.compile("scores.csv")).click()
    expect(page.get_by_role("table")).to_contain_text("cat")
    shot("run-files")


def test_inputs_and_outputs_are_listed(
    opened: Callable[..., Page], ids: dict[str, str], served: Server, shot: Shot
) -> None:
    below = {"experiment": "vision", "name": "below it", "parent": ids["baseline"]}
    asked(served, "POST", "runs", below)
    model = asked(served, "POST", "models", {"experiment": "vision", "name": "net", "run": ids["baseline"]})
    asked(served, "PATCH", f"runs/{ids['baseline']}", {"models_made": [{"id": model["id"], "step": 59}]})
    page = opened("lineage")
    expect(page.get_by_role("region", name="Datasets used")).to_contain_text("cifar-small")
    expect(page.get_by_role("region", name="Models made")).to_contain_text("at step 59")
    expect(page.get_by_role("region", name="Groups")).to_contain_text("sweep of rates")
    shot("run-lineage")
    page.get_by_role("link", name="below it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("below it")


def test_logged_values_are_seen_step_by_step(opened: Callable[..., Page], shot: Shot, accessible: Accessible) -> None:
    page = opened("values")
    answers = page.get_by_role("region", name="answers")
    expect(answers).to_contain_text("After 59 steps the model says: yes")
    answers.get_by_role("slider").press("Home")
    expect(answers).to_contain_text("After 19 steps the model says: no")
    expect(page.get_by_role("region", name="samples").get_by_role("img")).to_be_visible()
    expect(page.get_by_role("region", name="predictions").get_by_role("table")).to_contain_text("image 7")
    expect(page.get_by_role("region", name="tone").locator("audio")).to_be_visible()
    weights = page.get_by_role("region", name="weights")
    expect(weights.get_by_role("img")).to_have_accessible_name(re.compile("weights: 500 values from"))
    accessible()
    shot("run-values")


def test_comments_are_written_edited_and_removed(
    opened: Callable[..., Page], shot: Shot, accessible: Accessible
) -> None:
    page = opened("comments", name="tuned")
    page.get_by_label("Write a comment").fill("Why does it **rise** here?")
    page.get_by_label("Metric").select_option("train/loss")
    page.get_by_label("Step").fill("40")
    page.get_by_role("button", name="Comment", exact=True).click()
    said = page.get_by_role("article")
    expect(said).to_contain_text("Why does it rise here?")
    expect(said.get_by_role("link", name="train/loss at step 40")).to_have_attribute("href", re.compile("tab=charts"))
    accessible()
    shot("run-comments")
    said.get_by_role("button", name="Edit").click()
    said.get_by_label("Edit the comment").fill("Noise.")
    said.get_by_role("button", name="Save").click()
    expect(said).to_contain_text("Noise.")
    expect(said).to_contain_text("edited")
    said.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No comments yet")).to_be_visible()


def test_a_run_that_is_not_there_is_said_to_be_so(page: Page) -> None:
    page.goto(f"/runs/{'0' * 32}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such run")
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_arrow_keys_go_along_the_tabs(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Comments")).to_be_focused()
    expect(page).to_have_url(re.compile("tab=comments"))
