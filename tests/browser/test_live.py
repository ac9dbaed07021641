"""Pages that follow what happens: a run moves by itself, tabs share one stream, and a day of changes leaks nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

from browser.logged import asked
from playwright.sync_api import Page, expect
from support.server import Server

DAY = 86_400
# Stands for the shared worker: the test itself tells the page what changed.
TELLER = """(() => {
  const ports = [];
  window.SharedWorker = class {
    constructor() {
      this.port = { onmessage: null, postMessage() {} };
      ports.push(this.port);
    }
  };
  window.tell = runs => {
    const data = { kind: "changes", changes: { all: false, runs: new Map(runs.map(run => [run, 1])) } };
    for (const port of ports) port.onmessage({ data });
  };
})()"""


def listeners(served: Server) -> int:
    """How many listen to the server's changes."""
    with closing(served.http()) as connection:
        page = connection.request("GET", "/metrics").body.decode()
    found = re.search(r"^assay_change_listeners (\d+)", page, re.M)
    assert found is not None
    return int(found[1])


def log(served: Server, id: str, step: int, loss: float) -> None:
    """The run has one more point."""
    given = {"run_id": id, "key": "loss", "value": loss, "timestamp": 1_700_000_000_000 + step, "step": step}
    with closing(served.http()) as connection:
        connection.mlflow("POST", "runs/log-metric", given)


def test_a_running_run_moves_by_itself(page: Page, served: Server, shot: Callable[[str], None]) -> None:
    id = asked(served, "POST", "runs", {"experiment": "live", "name": "moving"})["id"]
    log(served, id, 1, 0.5)
    page.goto(f"/runs/{id}")
    row = page.get_by_role("region", name="Metrics").get_by_role("row", name="loss")
    expect(row).to_contain_text("0.5")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    shot("run-live")
    log(served, id, 2, 0.25)
    expect(row).to_contain_text("0.25")
    asked(served, "PATCH", f"runs/{id}", {"status": "finished", "name": "arrived"})
    expect(page.locator(".run-head .run-status")).to_have_text("finished")
    expect(page.get_by_role("heading", level=1)).to_have_text("arrived")
    expect(page.get_by_text("Live", exact=True)).to_be_hidden()


def test_tabs_share_one_stream_and_it_ends_with_them(page: Page, served: Server) -> None:
    id = asked(served, "POST", "runs", {"experiment": "live", "name": "watched"})["id"]
    tabs = [page, page.context.new_page(), page.context.new_page()]
    for tab in tabs:
        tab.goto(f"/runs/{id}")
        expect(tab.get_by_text("Live", exact=True)).to_be_visible()
    assert listeners(served) == 1
    asked(served, "PATCH", f"runs/{id}", {"name": "seen by all"})
    for tab in tabs:
        tab.bring_to_front()  # a hidden tab asks for nothing
        expect(tab.get_by_role("heading", level=1)).to_have_text("seen by all")
    for tab in tabs[1:]:
        tab.close()
    page.goto("about:blank")
    for _ in range(100):
        if listeners(served) == 0:
            break
        page.wait_for_timeout(100)
    assert listeners(served) == 0


def test_a_day_of_changes_leaks_no_memory(page: Page, served: Server) -> None:
    id = asked(served, "POST", "runs", {"experiment": "live", "name": "long"})["id"]
    log(served, id, 1, 0.5)
    page.add_init_script(TELLER)
    page.goto(f"/runs/{id}")
    expect(page.get_by_role("region", name="Metrics").get_by_role("row", name="loss")).to_be_visible()
    session = page.context.new_cdp_session(page)

    def heap() -> int:
        session.send("HeapProfiler.collectGarbage")
        return int(session.send("Runtime.getHeapUsage")["usedSize"])

    def tell(events: int) -> None:
        # In parts, between which the page does what it does: a second of its own each.
        page.evaluate(
            """async ([id, events]) => {
              for (let part = 0; part < 4; part++) {
                for (let n = 0; n < events / 4; n++) tell([n % 2 ? id : `other ${n % 997}`]);
                await new Promise(done => setTimeout(done, 1_100));
              }
            }""",
            [id, events],
        )

    tell(4_000)
    before = heap()
    tell(DAY)
    assert heap() - before < 1_000_000
