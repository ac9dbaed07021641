"""The browser UI beside MLflow's own: the time to a table of 10,000 runs, to a chart of 100 lines, and of a zoom.

Both run in the same headless Chromium, with a software renderer, on the same machine as their servers. A time ends when
what it waits for is in the page: looked for at each frame, from outside, which adds some milliseconds to both. A click
comes once frames flow: that renderer may stand still for a second after a page was left, whosever page it was.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
import reads_runs
import runs_data
from peer_rows import PeerFile, put_history
from reads import Row, Section, asked, perform
from run import Contender, say
from targets import ROOT, Target

from assay.wire import points as wire_points

sys.path.insert(0, str(ROOT / "tests"))  # where the browser is
from asking import Asker
from browser.chromium import launch_options
from playwright.sync_api import Error, Page, sync_playwright

CURVE = "curve"
MORE = tuple(f"more_{number}" for number in range(10))  # metrics beside the ten that the runs have for searches
WIDE = {"width": 1440, "height": 900}
LIMIT_S = 180.0
TABLE_TIMES, CHART_S, ZOOM_MS, FRAME_MS = 10.0, 1.0, 200.0, 50.0
FRAMES = """(frames) => new Promise(done => {
  const tall = [...document.querySelectorAll('*')].filter(e =>
    e.scrollHeight > e.clientHeight + 1000 && /auto|scroll/.test(getComputedStyle(e).overflowY));
  const part = tall.sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
  if (!part) return done([]);
  const found = []; let last = performance.now();
  const step = now => {
    found.push(now - last); last = now; part.scrollTop += 300;
    if (found.length < frames) requestAnimationFrame(step); else done(found.slice(1));
  };
  requestAnimationFrame(step);
})"""
SAYS = "([within, text]) => [...document.querySelectorAll(within)].some(part => part.innerText.includes(text))"
FLOWING = """() => new Promise(done => {
  let last = performance.now(), flowing = 0;
  const step = now => {
    flowing = now - last < 50 ? flowing + 1 : 0; last = now;
    if (flowing < 60) requestAnimationFrame(step); else done();
  };
  requestAnimationFrame(step);
})"""
PLOTTED = "count => (document.querySelector('.js-plotly-plot')?._fullData?.length ?? 0) >= count"


@dataclass(frozen=True)
class Length:
    """How much, and how often."""

    runs: int
    lines: int
    steps: int
    rounds: int
    frames: int


FULL, QUICK = Length(10_000, 100, 10_000, 5, 200), Length(1_000, 20, 1_000, 2, 40)


@dataclass
class Found:
    """Times of one UI in seconds, frames in milliseconds; what did not come within the limit is not there."""

    table: list[float] = field(default_factory=list)
    chart: list[float] = field(default_factory=list)
    zoom: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)


def fill(target: Target, length: Length) -> list[str]:
    """The store has the runs, of 10 params and 20 metrics each; the last of them have a curve too. Their ids."""
    reads_runs.grow(target, 0, length.runs)
    last = [runs_data.uid_of(number) for number in range(length.runs - length.lines, length.runs)]
    steps = np.arange(length.steps)
    curves = [np.cumsum(np.random.default_rng(number).normal(size=length.steps)) for number in range(length.lines)]
    if target.kind.ours:
        _fill_ours(target, length, last, steps, curves)
    else:
        peer = PeerFile(target)
        names = ("run_uuid", "key", "value", "timestamp", "step", "is_nan", "last_iter")
        every = (runs_data.uid_of(number) for number in range(length.runs))
        peer.put(
            "latest_metrics", names, ((uid, key, 0.5, runs_data.FIRST_MS, 1, 0, 1) for uid in every for key in MORE)
        )
        times = (runs_data.FIRST_MS + steps * 1_000).tolist()
        for uid, curve in zip(last, curves, strict=True):
            put_history(peer, uid, CURVE, (steps.tolist(), times, curve.tolist()))
        peer.close()
    return last


def _fill_ours(target: Target, length: Length, last: list[str], steps: Any, curves: list[Any]) -> None:
    asker = Asker(target.url)
    times = (runs_data.FIRST_MS * 1_000 + steps * 1_000_000).tolist()
    more = wire_points.pack(MORE, list(range(10)), [1] * 10, [runs_data.FIRST_MS * 1_000] * 10, [0.5] * 10)
    for number in range(length.runs):
        _send(asker, runs_data.uid_of(number), "more", more)
    for uid, curve in zip(last, curves, strict=True):
        _send(asker, uid, "curve", wire_points.pack([CURVE], [0] * length.steps, steps.tolist(), times, curve.tolist()))
    asker.close()


def _send(asker: Asker, uid: str, stream: str, body: bytes) -> None:
    path = f"/api/v1/runs/{uid}/points?writer=bench&stream={stream}&first=0"
    asker.ask("POST", path, body, {"Content-Type": wire_points.MEDIA_TYPE})


def ours(page: Page, url: str, length: Length, last: list[str], found: Found) -> None:
    """Navigation to the table; a click on the tab of charts; a zoom by the pointer."""
    found.table.append(_took(page, lambda: page.goto(f"{url}/experiments/0"), f"run-{length.runs - 1}", "[role=grid]"))
    found.frames += page.evaluate(FRAMES, length.frames)
    page.goto(f"{url}/compare?runs={','.join(last)}&tab=params&panels={quote(json.dumps({'s': CURVE}))}")
    tab = page.get_by_role("tab", name="Charts")
    page.get_by_role("tabpanel").get_by_text("run-").first.wait_for()
    page.evaluate(FLOWING)
    found.chart.append(_took(page, tab.click, f"{len(last)} lines", ".panel-foot"))
    over = page.locator(".u-over").first
    box = over.bounding_box()
    assert box is not None
    before = page.locator(".panel-foot").first.inner_text()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=2)
    finer = f"""() => {{
      const panel = document.querySelector('section.panel[aria-busy="false"]');
      const said = panel?.querySelector('.panel-foot')?.innerText;
      return said && said !== {json.dumps(before)} && /every point drawn|behind/.test(said);
    }}"""
    began = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(finer)
    found.zoom.append(time.perf_counter() - began)


def mlflows(page: Page, url: str, length: Length, last: list[str], found: Found) -> None:
    """Navigation to the table, and to the page of one metric of many runs, which is where a click leads."""
    table = f"{url}/#/experiments/0/runs"
    found.table.append(_took(page, lambda: page.goto(table), f"run-{length.runs - 1}"))
    found.frames += page.evaluate(FRAMES, length.frames)
    # The address that its own pages make: its page fails on one that lacks any of these.
    named = {
        "runs": json.dumps(last),
        "metric": json.dumps(CURVE),
        "experiments": '["0"]',
        "plot_metric_keys": json.dumps([CURVE]),
        "plot_layout": "{}",
        "x_axis": "step",
        "y_axis_scale": "linear",
        "line_smoothness": "1",
        "show_point": "false",
        "deselected_curves": "[]",
        "last_linear_y_axis_range": "[]",
    }
    chart = "/metric?" + "&".join(f"{name}={quote(value)}" for name, value in named.items())
    page.evaluate(FLOWING)
    began = time.perf_counter()
    page.evaluate("to => { location.hash = to }", chart)
    page.wait_for_function(PLOTTED, arg=len(last))
    found.chart.append(time.perf_counter() - began)


def _took(page: Page, act: Callable[[], Any], text: str, within: str = "body") -> float:
    """Seconds from before the act until a part of the page says the text, looked for at each frame."""
    began = time.perf_counter()
    act()
    page.wait_for_function(SAYS, arg=[within, text])
    return time.perf_counter() - began


@contextlib.contextmanager
def visitor() -> Iterator[Page]:
    """A new visitor, whose browser has nothing in its cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        page = browser.new_context(viewport=WIDE, locale="en-GB").new_page()
        page.set_default_timeout(LIMIT_S * 1_000)
        yield page
        browser.close()


def measure(section: Section, everybody: list[Contender]) -> None:
    """Ours on each store, and MLflow's."""
    length = QUICK if section.options.quick else FULL
    words = (
        f"{length.runs:,} runs of 10 params and 20 metrics; {length.lines} have a curve of {length.steps:,} steps too. "
        f"Medians of {length.rounds} visits, each with an empty cache; frames of all visits, {length.frames} each."
    )
    rows = section.rows(words, "server", "usable table", f"chart of {length.lines} lines", "zoom", "frame, p50", "p99")
    tables: dict[str, float] = {}
    for contender in everybody:
        if contender.name.startswith("fasttrackml"):
            continue  # its UI is an older one of MLflow's, without these pages
        with section.attempt(contender.name):
            target = Target.begin(contender.make())
            try:
                found = _visits(target, length)
            finally:
                target.stop()
            _tell(section, rows, contender.name, found, tables)


def _visits(target: Target, length: Length) -> Found:
    last = fill(target, length)
    found = Found()
    visit = ours if target.kind.ours else mlflows
    for number in range(length.rounds):
        say(f"{target.kind.name}: visit {number + 1}")
        with visitor() as page:
            try:
                visit(page, target.url, length, last, found)
            except Error as error:
                if not found.table:
                    raise
                say(f"    did not finish: {str(error).splitlines()[0]}")
    return found


def _tell(section: Section, rows: list[Row], name: str, found: Found, tables: dict[str, float]) -> None:
    def shown(times: list[float]) -> str:
        return f"{statistics.median(times) * 1_000:,.0f} ms" if times else f"not within {LIMIT_S:g} s"

    frames = sorted(found.frames)
    p50, p99 = (f"{frames[int(len(frames) * part)]:.0f} ms" if frames else "" for part in (0.5, 0.99))
    is_ours = name.startswith("assay")
    rows.append((name, shown(found.table), shown(found.chart), shown(found.zoom) if is_ours else "", p50, p99))
    tables[name] = statistics.median(found.table)
    if not is_ours:
        for other, table in tables.items():
            if other.startswith("assay"):
                times = tables[name] / table
                beside = f"{name}: {tables[name]:.2f} s (x {times:.1f})"
                what = f"from navigation to a usable table, {other}"
                section.bar(
                    what, f"{table:.2f} s", f"≥ {TABLE_TIMES:g} x mlflow", met=times >= TABLE_TIMES, beside=beside
                )
        return
    chart, zoom = (statistics.median(times) if times else float("inf") for times in (found.chart, found.zoom))
    section.bar(f"from click to a chart drawn, {name}", f"{chart:.2f} s", f"< {CHART_S:g} s", met=chart < CHART_S)
    section.bar(f"a zoom answered, {name}", f"{zoom * 1_000:.0f} ms", f"< {ZOOM_MS:g} ms", met=zoom * 1_000 < ZOOM_MS)
    median = statistics.median(frames) if frames else float("inf")
    section.bar(
        f"median frame while scrolling, {name}", f"{median:.0f} ms", f"≤ {FRAME_MS:g} ms", met=median <= FRAME_MS
    )


def main() -> int:
    """Measures, and writes the section."""
    intro = "Browser and server share the machine; the browser renders by software, which a screen's would not."
    return perform(Section("ui", "The browser UI", intro, asked("Measures the browser UI beside MLflow's.")), measure)


if __name__ == "__main__":
    sys.exit(main())
