"""kill -9 of what trains, at moments drawn over all that the SDK does, and of the server in a third of them."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sdk.training import begin, sync, values
from support.length import length
from support.server import Server

from assay.sdk.sync import left_runs

# Where the training process kills itself: around the n-th call of what does this part of the work.
MOMENTS = {
    "writing": "assay.sdk.journal.journal.Journal._append",
    "segment change": "assay.sdk.journal.journal.Journal._rolled",
    "sending": "assay.sdk.sender.Sender._send_points",
    "acknowledging": "assay.sdk.sender.Sender._send_some",
    "deleting": "assay.sdk.journal.journal.Reader.forget",
}
PREAMBLE = """
import importlib, signal
import assay.sdk.journal.journal as journal, assay.sdk.outbox, assay.sdk.sender
journal.Journal.__init__.__kwdefaults__["segment_bytes"] = 4_096
place, nth, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
module, kind, name = place.rsplit(".", 2)
kind = getattr(importlib.import_module(module), kind)
whole, calls = getattr(kind, name), 0
def traced(*args):
    global calls
    calls += 1
    last = calls == nth
    if last and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = whole(*args)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(kind, name, traced)
run = assay.init(name="killed")
print(run.id, flush=True)
step, began = 0, time.monotonic()
while time.monotonic() < began + 60:
    run.log({"loss": step})
    print(step, flush=True)
    step += 1
    time.sleep(0.0002)
"""
# The n-th call that is drawn: appends are many, rounds of the sender are few.
NTH = {"writing": 2_000, "segment change": 20, "sending": 5, "acknowledging": 8, "deleting": 5}


def training(home: Path, moment: str, nth: int, when: str) -> tuple[str, int]:
    """The id of a run whose process killed itself at this moment, and how many calls of `log` had returned."""
    script = f"sys.argv[1:] = {[MOMENTS[moment], str(nth), when]!r}\n" + PREAMBLE
    process = begin(home, script)
    out, err = process.communicate(timeout=120)
    assert process.returncode == -9, (moment, nth, when, err)
    uid, *steps = out.split()
    return uid, int(steps[-1]) + 1 if steps else 0


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server on the home that comes back at the same address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Server(home, ("--port", str(port))).start()
    yield running
    running.stop()


def kill_soon(server: Server, delay_s: float) -> None:
    """Kills the server after a while, and starts it again."""
    time.sleep(delay_s)
    server.kill()
    server.start()


def test_every_log_that_returned_arrives_once(
    home: Path, server: Server, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(11)
    ended: list[tuple[str, int]] = []
    seen: Counter[str] = Counter()
    for number in range(length(10, 50)):
        moment = [*MOMENTS][number % len(MOMENTS)]
        nth, when = chance.randint(1, NTH[moment]), chance.choice(("before", "after"))
        with ThreadPoolExecutor() as pool:
            killing = [pool.submit(kill_soon, server, chance.uniform(0.1, 0.6))] if number % 3 == 0 else []
            ended.append(training(home, moment, nth, when))
            for done in killing:
                done.result()
        seen[moment] += 1
        if number % 10 == 9:
            sync(home)
    assert sync(home)["left"] == 0
    with closing(server.http()) as http:
        for uid, returned in ended:
            found = values(http, uid)
            assert found == list(range(len(found))), uid
            assert returned <= len(found) <= returned + 1, "every log that returned, once"
    assert left_runs(home) == []
    assert min(seen.values()) >= length(2, 5)
    record_property("evidence", f"{len(ended)} kills: {dict(seen)}; {sum(count for _, count in ended)} logs returned")
