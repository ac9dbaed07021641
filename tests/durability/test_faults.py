"""A server under a power cut, a full disk and a read-only one: what it acknowledged is there, no more."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from durability.catalog import check_no_garbage, check_references, check_sqlite, query
from durability.faults import HERE, WHY, Disk
from durability.load import FILES, Client, Gate, Ledger, Request, check, finish, new_run, start
from durability.test_kill import BETWEEN, CLIENTS, collect, new_seed, wait_for
from support.length import length
from support.server import API, Answer, Http, Server

pytestmark = pytest.mark.skipif(not HERE, reason=WHY)


@pytest.fixture
def disk(tmp_path: Path, fault_library: Path) -> Disk:
    """The disk that the home lies on."""
    return Disk(fault_library, tmp_path / "disk", tmp_path / "beside")


@pytest.fixture
def server(disk: Disk) -> Iterator[Server]:
    """A server whose home is that disk, and was there before."""
    running = Server(disk.folder, env=disk.env).start()
    disk.keep()
    yield running
    disk.mend()
    running.stop()


def test_a_new_home_survives_a_power_cut(disk: Disk) -> None:
    """Also the folders that a server makes are there after it, as soon as something in them was acknowledged."""
    server = Server(disk.folder / "new" / "home", env=disk.env).start()
    try:
        with closing(server.http()) as http:
            ledger = Ledger()
            run = new_run(http, "run")
            for request in writes(run, 0):
                assert ask(http, request).status == 200
                ledger.enter(request)
        server.kill()
        disk.cut_power()
        with closing(server.start().http()) as http:
            check(http, ledger)
    finally:
        server.stop()


def test_what_was_acknowledged_survives_a_power_cut(
    disk: Disk, server: Server, record_property: Callable[[str, object], None]
) -> None:
    seed = new_seed()
    chance = random.Random(seed)
    with closing(server.http()) as http:
        runs = [new_run(http, f"run {number}") for number in range(3)]
    gate = Gate(lambda: server.url)
    try:
        clients = start([Client(gate, number, runs, seed) for number in range(CLIENTS)])
        cuts = length(3, 20)
        for cut in range(cuts):
            wait_for(clients, sum(client.acknowledged for client in clients) + BETWEEN)
            time.sleep(chance.uniform(0, 0.2))
            gate.close()
            server.kill()
            # First all that may be lost is lost; later the disk has also written some of what nobody waited for.
            disk.cut_power(chance if cut else None)
            check_sqlite(server.home)
            check_references(server.home)
            disk.keep()  # the check of SQLite's file has moved its log into it
            server.start()
            gate.open()
        wait_for(clients, sum(client.acknowledged for client in clients) + BETWEEN)
        ledger = finish(clients)
        server.kill()
        disk.cut_power()
        collect(server.home, None)
        check_no_garbage(server.home, check_references(server.home))
        with closing(server.start().http()) as http:
            check(http, ledger)
        acknowledged = sum(client.acknowledged for client in clients)
        record_property("evidence", f"{cuts} power cuts: {acknowledged} requests acknowledged, none lost or doubled")
    finally:
        gate.give_up()


def batch(run: str, step: int) -> Request:
    """A log-batch of 900 points, a param and a tag."""
    points = [("loss", (step * 1_000 + n, 1_700_000_000_000 + n, float(n))) for n in range(900)]
    pairs = [{"key": f"p{step}", "value": "x" * 400}]
    metrics = [{"key": k, "step": s, "timestamp": t, "value": v} for k, (s, t, v) in points]
    body = {"run_id": run, "metrics": metrics, "params": pairs, "tags": pairs}
    pair = ((f"p{step}", "x" * 400),)
    return Request("POST", API + "runs/log-batch", body, tuple(points), pair, pair, run=run)


def put(run: str, name: str) -> Request:
    """A file of 3 MiB: more than one write."""
    data = random.Random(name).randbytes(3 << 20)
    return Request("PUT", f"{FILES}0/{run}/artifacts/{name}", data, file=(name, data), run=run)


def ask(http: Http, request: Request) -> Answer:
    return http.request(request.method, request.path, request.body)


def check_refused(answer: Answer, *words: str) -> None:
    """The answer is MLflow's form of "not now", and says what to do."""
    assert (answer.status, answer.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE"), answer.body[:500]
    assert "Remedy: " in answer.json["message"], answer.json
    assert any(word in answer.json["message"] for word in words), answer.json
    assert int(answer.headers["retry-after"]) > 0


def writes(run: str, step: int) -> list[Request]:
    """One request of each kind that writes."""
    pair = {"run_id": run, "key": f"lone{step}", "value": "v"}
    point = {"run_id": run, "key": "single", "step": step, "timestamp": 1_700_000_000_000, "value": 0.5}
    return [
        batch(run, step),
        Request("POST", API + "runs/set-tag", pair, tags=((pair["key"], "v"),), run=run),
        Request("POST", API + "runs/log-parameter", pair, params=((pair["key"], "v"),), run=run),
        Request("POST", API + "runs/log-metric", point, (("single", (step, 1_700_000_000_000, 0.5)),), run=run),
        put(run, f"folder/{step}.bin"),
    ]


@pytest.mark.parametrize(
    ("failing", "words"),
    [(Disk.fill, ("full",)), (Disk.freeze, ("Read-only", "disk I/O", "readonly", "read-only", "unable to open"))],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_is_told_and_service_goes_on_after(
    failing: Callable[[Disk], None], words: tuple[str, ...], disk: Disk, server: Server
) -> None:
    ledger = Ledger()
    with closing(server.http()) as http:
        run = new_run(http, "run")

        def accept(step: int) -> None:
            for request in writes(run, step):
                answer = ask(http, request)
                assert answer.status == 200, (request.path, answer.body[:500])
                ledger.enter(request)

        accept(0)
        for round in range(length(2, 20)):
            failing(disk)
            for request in writes(run, 100 + round):
                check_refused(ask(http, request), *words)
            answer = http.request("POST", API + "runs/create", {"experiment_id": "0"})
            check_refused(answer, *words)
            check(http, ledger)  # reads go on, and nothing of what was refused is seen
            disk.mend()
            accept(1 + round)
        check(http, ledger)
    server.stop()
    check_sqlite(server.home)
    assert len(query(server.home, None, "SELECT 1 FROM run")) == 1
    collect(server.home, None)
    check_no_garbage(server.home, check_references(server.home))


def test_a_disk_that_fills_up_under_load_keeps_what_was_acknowledged(disk: Disk, server: Server) -> None:
    """The disk fills up at any byte: in the middle of a commit, of a checkpoint, of a file."""
    seed = new_seed()
    chance = random.Random(seed)
    with closing(server.http()) as http:
        runs = [new_run(http, f"run {number}") for number in range(3)]
    gate = Gate(lambda: server.url)
    try:
        clients = start([Client(gate, number, runs, seed) for number in range(CLIENTS)])
        for _ in range(length(5, 60)):
            wait_for(clients, sum(client.acknowledged for client in clients) + 40)
            refused = sum(client.refused for client in clients)
            disk.fill(chance.randrange(300_000))
            until = time.monotonic() + 60
            while sum(client.refused for client in clients) < refused + 3:
                assert time.monotonic() < until, "nobody was refused"
                time.sleep(0.01)
            disk.mend()
        ledger = finish(clients)
        server.kill()
        disk.cut_power()
        check_sqlite(server.home)
        collect(server.home, None)
        check_no_garbage(server.home, check_references(server.home))
        with closing(server.start().http()) as http:
            check(http, ledger)
    finally:
        gate.give_up()


def test_a_home_that_cannot_be_written_is_told_at_the_start(disk: Disk, server: Server, capfd: Any) -> None:
    with closing(server.http()) as http:
        assert http.request("GET", "/health").status == 200
    server.stop()
    disk.freeze()
    try:
        with pytest.raises(AssertionError, match="the server said ''"):
            server.start()
    finally:
        assert server.process is not None
        assert server.process.wait(20) == 1
        server.process.stdout.close()  # type: ignore[union-attr]
    told = capfd.readouterr().err
    assert "cannot be used: Read-only file system" in told and "What to do: " in told
