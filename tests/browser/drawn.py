"""Runs with curves that the tests of charts look at, and how they look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

import numpy as np
from browser.logged import asked
from playwright.sync_api import Locator, Page, expect
from support.server import Server

from assay.wire import points as wire_points

STEPS = 2_000
OPTIMIZERS = ("adam", "lion", "sgd")
MILLION, SPIKE = 1_000_000, 654_321


def log(served: Server, run: str, key: str, steps: Sequence[int], values: Any, first: int = 0) -> None:
    """The points of one metric are stored, a second apart."""
    times = [1_700_000_000_000_000 + step * 1_000_000 for step in steps]
    body = wire_points.pack([key], [0] * len(steps), steps, times, np.asarray(values, float).tobytes())
    with closing(served.http()) as connection:
        path = f"/api/v1/runs/{run}/points?writer=w&stream={quote(key, safe='')}&first={first}"
        answer = connection.request("POST", path, body, {"Content-Type": wire_points.MEDIA_TYPE})
        assert answer.status == 200, answer.body


def sweep(served: Server) -> list[str]:
    """Nine runs of three optimizers: their losses fall and have a NaN, their accuracies rise, their systems work."""
    runs = []
    random = np.random.default_rng(6)
    steps = np.arange(STEPS)
    for number in range(9):
        params = {"optimizer": OPTIMIZERS[number % 3], "lr": f"{0.1 / (number + 1):.4g}", "layers": str(2 + number % 4)}
        given = {"name": f"{params['optimizer']}-{number}", "params": params}
        run = str(asked(served, "POST", "runs", given)["id"])
        rate = 0.001 * (1 + number % 4)
        loss = 2.3 * np.exp(-steps * rate) + 0.1 + random.normal(size=STEPS) * 0.04
        accuracy = 0.95 - 0.9 * np.exp(-steps * rate) + random.normal(size=STEPS) * 0.01
        loss[1_000] = np.nan if number == 0 else loss[1_000]
        log(served, run, "train/loss", steps.tolist(), loss)
        log(served, run, "train/accuracy", steps.tolist(), accuracy)
        log(served, run, "val/loss", steps[99::100].tolist(), loss[99::100] * 1.1)
        log(served, run, "gap", steps[::50].tolist(), accuracy[::50] - 0.5)
        runs.append(run)
    return runs


def million(served: Server) -> str:
    """A run whose one metric is noise around 0, and once is 10."""
    run = str(asked(served, "POST", "runs", {"name": "a million"})["id"])
    values = np.random.default_rng(1).normal(size=MILLION) * 0.1
    values[SPIKE] = 10.0
    for begin in range(0, MILLION, 100_000):
        log(served, run, "noise", range(begin, begin + 100_000), values[begin : begin + 100_000], begin)
    asked(served, "PATCH", f"runs/{run}", {"status": "finished"})
    return run


def address(runs: Sequence[str], settings: Any = None) -> str:
    """Where the charts of these runs are, with settings of their panels as the address has them."""
    panels = f"&panels={quote(json.dumps(settings))}" if settings else ""
    return f"/compare?runs={','.join(runs)}&tab=charts{panels}"


def panel(page: Page, title: str) -> Locator:
    """The first panel of this title."""
    return page.locator(f"section.panel[aria-label='{title}']").first


def drawn(one: Locator) -> None:
    """The panel has drawn what it waited for."""
    expect(one.locator(".chart[data-drawn]")).to_be_visible()
    expect(one.locator(".panel-over")).to_have_count(0)
    expect(one).not_to_have_attribute("aria-busy", "true")
    one.page.wait_for_timeout(80)  # a frame or two


COLOURED = """(panel) => {
  const ink = getComputedStyle(panel.querySelector('.chart')).getPropertyValue('INK');
  const probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = ink; probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const canvas = panel.querySelector('.u-wrap > canvas');
  const {width, height} = canvas;
  const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
  const found = [];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = (y * width + x) * 4;
    const far = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b);
    if (data[at + 3] > 200 && far < 40) found.push(y / height);
  }
  return found;
}"""


def coloured(one: Locator, colour: int) -> list[float]:
    """How far down each pixel is that has a line's colour: 0 is the upper edge of the picture."""
    found: list[float] = one.evaluate(COLOURED.replace("INK", f"--series-{colour + 1}"))
    return found


def hash_of(text: str) -> int:
    """FNV-1a, as `ui/src/lib/colours.ts` has it."""
    value = 0x811C9DC5
    for sign in text:
        value = (value ^ ord(sign)) * 0x01000193 & 0xFFFFFFFF
    return value
