"""Charts in a real browser: what is drawn, what is asked for, and what follows the pointer and the keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import drawn as d
from playwright.sync_api import Page, Request, expect
from support.server import Server


@pytest.fixture(scope="module")
def sweep(served: Server) -> list[str]:
    """Nine runs of three optimizers."""
    return d.sweep(served)


@pytest.fixture(scope="module")
def million(served: Server) -> str:
    """A run of a million points, one of them far away."""
    return d.million(served)


def settings(page: Page) -> dict[str, object]:
    """What the address says of the panels."""
    return json.loads(parse_qs(urlsplit(page.url).query).get("panels", ["{}"])[0])


def asked_series(request: Request) -> bool:
    """A question for points."""
    return request.url.endswith(("/series", "/bands")) and request.method == "POST"


def test_one_spike_in_a_million_points_is_seen_at_every_zoom(page: Page, million: str) -> None:
    """The pixels say so: the line's own colour far above the noise, wherever the spike is in view, and only there."""
    page.goto(d.address([million]))
    noise = d.panel(page, "noise")
    colour = d.hash_of(million) % 8
    for half in (None, 200_000, 20_000, 1_000, 40, 5):
        if half is not None:
            zoomed = d.address(
                [million], {"z": ["step", d.SPIKE - half, d.SPIKE + half * 0.7], "a": {"y0": 0, "y1": 10}}
            )
            page.evaluate("to => history.pushState(null, '', to)", zoomed)
        d.drawn(noise)
        high = [y for y in d.coloured(noise, colour) if y < 0.35]
        assert len(high) >= 15, (half, len(high))
    beside = {"z": ["step", d.SPIKE + 100, d.SPIKE + 100_000], "a": {"y0": 0, "y1": 10}}
    page.evaluate("to => history.pushState(null, '', to)", d.address([million], beside))
    d.drawn(noise)
    assert [y for y in d.coloured(noise, colour) if y < 0.35] == []
    expect(noise.locator(".panel-foot")).to_contain_text(re.compile(r"points · up to [\d,]+ behind a pixel"))


def test_a_zoom_asks_for_finer_data_and_is_a_step_of_the_history(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    loss = d.panel(page, "loss")
    d.drawn(loss)
    rough = loss.locator(".panel-foot").inner_text()
    box = loss.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 60, steps=3)
    with page.expect_request(asked_series) as sent:
        page.mouse.up()
    low, high = sent.value.post_data_json["low"], sent.value.post_data_json["high"]
    assert 0 < low < high < d.STEPS
    axis, *part = settings(page)["z"]
    assert axis == "step"
    assert low < part[0] < part[1] < high, "a little more is asked for than is seen"
    d.drawn(loss)
    expect(loss.locator(".panel-foot")).to_contain_text("every point drawn")
    page.go_back()
    expect(loss.locator(".panel-foot")).to_have_text(rough)
    page.go_forward()
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_visible()
    loss.locator(".u-over").dblclick()
    expect(loss.locator(".panel-foot")).to_have_text(rough)
    assert "z" not in settings(page)


def test_the_cursor_is_in_all_panels_and_names_the_line_that_is_near(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    loss, accuracy = d.panel(page, "loss"), d.panel(page, "accuracy")
    d.drawn(loss)
    d.drawn(accuracy)
    loss.locator(".u-over").hover(position={"x": 120, "y": 60})
    tip = loss.locator(".chart-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(re.compile(r"step [\d,]+"))
    values = [float(text) for text in tip.locator(".chart-tip-value").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    assert len(values) == len(sweep)
    expect(tip.locator(".chart-tip-near")).to_have_count(1)
    places = [
        one.locator(".u-cursor-x").evaluate("e => new DOMMatrix(getComputedStyle(e).transform).e")
        / one.locator(".u-over").evaluate("e => e.clientWidth")
        for one in (loss, accuracy)
    ]
    assert places[0] == pytest.approx(places[1], abs=0.02)
    expect(accuracy.locator(".chart-tip")).to_be_hidden()
    loss.locator(".chart").press("End")
    expect(tip).to_contain_text("step 1,9")
    loss.locator(".chart").press("+")
    expect(page).to_have_url(re.compile("panels="))
    loss.locator(".chart").press("0")
    expect(page).not_to_have_url(re.compile("panels="))


def test_groups_are_drawn_over_all_their_runs(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    d.drawn(d.panel(page, "loss"))
    with page.expect_request(asked_series) as sent:
        page.get_by_label("Group by").select_option(label="optimizer")
    assert sent.value.url.endswith("/bands")
    groups = sent.value.post_data_json["groups"]
    assert {name: len(runs) for name, runs in groups.items()} == dict.fromkeys(d.OPTIMIZERS, 3)
    loss = d.panel(page, "loss")
    d.drawn(loss)
    expect(loss.locator(".legend-entry")).to_have_text([*d.OPTIMIZERS])
    loss.locator(".u-over").hover(position={"x": 120, "y": 60})
    expect(loss.locator(".chart-tip-note")).to_contain_text("3 runs")


def test_a_logarithm_asks_for_the_first_decades_too_and_says_what_it_leaves_out(page: Page, sweep: list[str]) -> None:
    asked: list[tuple[int, int]] = []
    page.on(
        "request",
        lambda r: asked_series(r) and asked.append((r.post_data_json.get("low"), r.post_data_json["buckets"])),
    )
    page.goto(d.address(sweep, {"a": {"lx": 1, "ly": 1}}))
    gap = d.panel(page, "gap")
    d.drawn(gap)
    lows = {low for low, _ in asked if low is not None}
    assert 1 in lows
    assert len(lows) > 4
    expect(gap.locator(".panel-foot")).to_contain_text("at 0 or below")
    expect(d.panel(page, "loss").locator(".panel-foot")).to_contain_text("1 NaN")


def test_a_brush_on_parallel_axes_chooses_runs(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("radio", name="Parallel coordinates").check()
    for column in ("params.lr", "params.optimizer", "metrics.val/loss"):
        page.get_by_role("button", name=column, exact=True).click()
    page.get_by_label("Title").fill("What matters")
    page.get_by_role("button", name="Add", exact=True).click()
    chart = d.panel(page, "What matters").locator(".chart")
    expect(chart).to_have_attribute("data-inside", "9")
    box = chart.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 36)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 36 + (box["height"] - 50) * 0.3, steps=4)
    page.mouse.up()
    expect(chart).to_have_attribute("data-inside", "3")
    expect(d.panel(page, "What matters").locator(".panel-foot")).to_have_text("3 of 9 runs")
    foot = d.panel(page, "accuracy").locator(".panel-foot")
    expect(foot).to_contain_text("3 lines")
    chart.press("Escape")
    expect(foot).to_contain_text("9 lines")
    expect(chart).to_have_attribute("data-inside", "9")
    for _ in range(8):
        chart.press("Shift+ArrowDown")
    expect(chart).not_to_have_attribute("data-inside", "9")
    page.reload()
    expect(d.panel(page, "What matters").locator(".chart")).to_have_attribute("data-inside", "9")


def test_a_chart_is_also_a_table_a_file_and_as_large_as_the_screen(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    d.drawn(d.panel(page, "loss"))
    more = page.get_by_role("button", name="More about loss").first
    more.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    table = page.get_by_role("region", name="loss as a table")
    expect(table.locator("th").first).to_have_text("line")
    expect(table.locator("tbody tr").first).to_contain_text("adam-0")
    more.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as CSV").click()
    assert download.value.suggested_filename == "loss.csv"
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "line,context,from,to,value,min,max,points,NaN"
    assert sum(int(line.split(",")[-2]) for line in lines[1:]) == len(sweep) * d.STEPS
    more.click()
    page.get_by_role("menuitem", name="Show as chart").click()
    more.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    page.get_by_role("button", name="loss on the whole screen").first.click()
    large = page.get_by_role("dialog", name="loss").locator(".panel.large")
    d.drawn(large)
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_panels_move_by_themselves_and_keep_the_zoom(page: Page, served: Server) -> None:
    run = str(d.asked(served, "POST", "runs", {"name": "live"})["id"])
    d.log(served, run, "loss", range(100), [1.0] * 100)
    page.goto(d.address([run], {"z": ["step", 50, 150]}))
    loss = d.panel(page, "loss")
    d.drawn(loss)
    foot = loss.locator(".panel-foot")
    before = foot.inner_text()
    d.log(served, run, "loss", range(100, 140), [2.0] * 40, 100)
    expect(foot).not_to_have_text(before)
    expect(foot).to_have_text("90 points · every point drawn")
    assert settings(page)["z"] == ["step", 50, 150]


def test_sections_fold_and_panels_are_found(page: Page, sweep: list[str]) -> None:
    page.goto(d.address(sweep))
    expect(page.locator("section.panel")).to_have_count(4)
    page.get_by_role("button", name="train").click()
    expect(d.panel(page, "accuracy")).to_have_count(0)
    page.get_by_role("searchbox", name="Search panels").fill("loss val")
    expect(page.locator("section.panel")).to_have_count(1)
    page.reload()
    expect(page.locator("section.panel")).to_have_count(1)
    assert settings(page) == {"c": ["train"], "s": "loss val"}


OWN = [
    {"i": "own-1", "t": "parallel", "k": ["params.lr", "params.optimizer", "params.layers", "metrics.val/loss"]},
    {"i": "own-2", "t": "scatter", "k": ["params.lr", "metrics.val/loss", "params.layers"], "o": {"lx": 1}},
    {"i": "own-3", "t": "bar", "k": ["metrics.train/accuracy"]},
    {"i": "own-4", "t": "heatmap", "k": ["train/loss"], "o": {"ly": 1}},
    {"i": "own-5", "t": "line", "k": ["train/loss", "val/loss"], "n": "both losses"},
]
LOOKS = {
    "charts": {"a": {"s": ["ema", 0.95]}},
    "charts-of-groups": {"a": {"g": "params.optimizer", "ly": 1}},
    "charts-of-ones-own": {"p": OWN},
}


@pytest.mark.parametrize("name", LOOKS)
def test_how_charts_look(
    page: Page, sweep: list[str], shot: Callable[[str], None], accessible: Callable[[], None], name: str
) -> None:
    page.goto(d.address(sweep, LOOKS[name]))
    expect(page.locator("section.panel .chart[data-drawn]").nth(2)).to_be_visible()
    expect(page.locator(".panel-over")).to_have_count(0)
    page.wait_for_timeout(200)
    shot(name)
    accessible()
