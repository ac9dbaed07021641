"""Comments in charts: written on a step of a line, seen as a flag above it, read there and on the run's page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser import drawn as d
from browser.logged import asked
from playwright.sync_api import Locator, Page, expect
from support.server import Server

STEPS = 200
HOSTILE = "<img src=x onerror=\"window.hacked='by a comment'\"><script>window.hacked='by a comment'</script>"


@pytest.fixture
def runs(served: Server) -> list[str]:
    """Two runs of 200 steps, one well above the other."""
    found = []
    for name, value in (("steady", 1.0), ("shaky", 5.0)):
        run = str(asked(served, "POST", "runs", {"name": name})["id"])
        d.log(served, run, "loss", range(STEPS), [value + 0.01 * (step % 7) for step in range(STEPS)])
        found.append(run)
    return found


def charted(page: Page, runs: list[str], settings: object = None) -> Locator:
    """The panel of their loss, drawn."""
    page.goto(d.address(runs, settings))
    loss = d.panel(page, "loss")
    d.drawn(loss)
    return loss


def test_a_comment_on_a_step_is_written_from_the_menu_and_read_at_its_flag(
    page: Page, runs: list[str], shot: Callable[[str], None], accessible: Callable[[], None]
) -> None:
    loss = charted(page, runs)
    more = loss.get_by_role("button", name="More about loss")
    more.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Comment on a step…").click()
    form = page.get_by_role("dialog", name="Comment on a step")
    expect(form.get_by_label("Run")).to_be_focused()
    form.get_by_label("Run").select_option(label="shaky")
    form.get_by_label("Comment").fill("x" * 20_001)
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    form.get_by_label("Step").fill("120")
    accessible()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Comment").fill(f"Why does it **rise** here? {HOSTILE}")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(more).to_be_focused()

    flag = loss.get_by_role("button", name="Comment of local at step 120")
    plot, box = loss.locator(".u-over").bounding_box(), flag.bounding_box()
    assert plot and box
    middle = (box["x"] + box["width"] / 2 - plot["x"]) / plot["width"]
    assert middle == pytest.approx(120 / (STEPS - 1), abs=0.01)

    card = loss.get_by_role("group", name="Comment of local at step 120")
    flag.hover()
    expect(card).to_contain_text("Why does it rise here?")
    expect(card.locator("strong")).to_have_text("rise")
    page.mouse.move(5, 5)
    expect(card).to_have_count(0)
    flag.click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    expect(card).to_be_visible()
    accessible()
    shot("chart-comments")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(flag).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(card.get_by_role("link", name="shaky")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{runs[1]}.*tab=comments"))
    said = page.get_by_role("article")
    expect(said).to_contain_text("Why does it rise here?")
    expect(said.get_by_role("link", name="loss at step 120")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_the_key_c_comments_on_the_line_and_the_step_under_the_cursor(page: Page, runs: list[str]) -> None:
    loss = charted(page, runs)
    plot = loss.locator(".u-over")
    height = plot.evaluate("e => e.clientHeight")
    form = page.get_by_role("dialog", name="Comment on a step")
    for y, run in ((height * 0.9, runs[0]), (height * 0.12, runs[1])):
        plot.hover(position={"x": 150, "y": y})
        page.keyboard.press("c")
        expect(form.get_by_label("Comment")).to_be_focused()
        expect(form.get_by_label("Run")).to_have_value(run)
        step = int(form.get_by_label("Step").input_value())
        assert step == pytest.approx(150 / plot.evaluate("e => e.clientWidth") * (STEPS - 1), abs=2)
        page.keyboard.press("Escape")
        expect(form).to_have_count(0)
    loss.locator(".chart").press("End")
    page.keyboard.press("c")
    expect(form.get_by_label("Step")).to_have_value(str(STEPS - 1))
    page.keyboard.type("To c or not to c.")
    page.keyboard.press("Control+Enter")
    expect(form).to_have_count(0)
    expect(loss.get_by_role("button", name=f"Comment of local at step {STEPS - 1}")).to_be_visible()


def test_flags_of_one_place_are_one_and_keep_to_the_window(page: Page, served: Server, runs: list[str]) -> None:
    for run, step in ((runs[0], 100), (runs[1], 101), (runs[1], 190)):
        asked(served, "POST", f"runs/{run}/comments", {"text": f"at {step}", "key": "loss", "step": step})
    questions: list[str] = []
    page.on("request", lambda request: "/api/v1/comments" in request.url and questions.append(request.url))
    loss = charted(page, runs)
    flags = loss.get_by_role("list", name="Comments").get_by_role("button")
    expect(flags).to_have_count(2)
    expect(flags.first).to_have_accessible_name("2 comments at steps 100 to 101")
    assert len(questions) == 1, "all panels share one answer"
    flags.first.focus()
    expect(loss.locator(".flag-said")).to_have_count(2)
    asked(served, "POST", f"runs/{runs[0]}/comments", {"text": "colleague's", "key": "loss", "step": 20})
    expect(flags).to_have_count(3)
    charted(page, runs, {"z": ["step", 98, 103]})
    expect(flags).to_have_count(2)
    with page.expect_response(lambda answer: "/api/v1/comments" in answer.url):
        charted(page, runs, {"a": {"x": "relative_time"}})
    expect(flags).to_have_count(0)
