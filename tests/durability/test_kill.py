"""A server killed under load and started again has all that it acknowledged, each thing once."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from durability.catalog import check_no_garbage, check_references, check_sqlite
from durability.load import Client, Gate, check, finish, new_run, start
from support.length import length
from support.postgres import fresh_database
from support.server import ASSAY, Server

from assay.server.compose import open_house
from assay.server.home import Home

CLIENTS = 6
BETWEEN = 150  # acknowledgements between two kills, at the least


def new_seed() -> int:
    """A seed of this run of the tests, shown where a test fails; ASSAY_TEST_SEED repeats one."""
    seed = int(os.environ.get("ASSAY_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"ASSAY_TEST_SEED={seed}")
    return seed


def wait_for(clients: list[Client], count: int) -> None:
    """Returns when the clients have got so many acknowledgements in all."""
    until = time.monotonic() + 120
    while sum(client.acknowledged for client in clients) < count:
        for client in clients:
            if client.failure is not None:
                raise client.failure
        assert time.monotonic() < until, "too slow"
        time.sleep(0.01)


def collect(home: Path, store: str | None) -> None:
    """Deletes all garbage while no server runs, two days after it came to be."""
    for place in (home / "files").glob("*/*"):
        os.utime(place, (place.stat().st_atime, place.stat().st_mtime - 48 * 3600))
    if store is None:
        subprocess.run([ASSAY, "gc", "--home", home, "--grace-hours", "0"], check=True)
        return
    house = open_house(Home(home), store)
    house.services.files.collect(0)
    house.close()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_acknowledged_survives_kill_9(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    seed = new_seed()
    chance = random.Random(seed)
    home = tmp_path / "home"
    store = fresh_database(request.getfixturevalue("database_server")) if engine == "postgresql" else None
    server = Server(home, ("--store", store) if store else ()).start()
    with closing(server.http()) as http:
        runs = [new_run(http, f"run {number}") for number in range(3)]
    gate = Gate(lambda: server.url)
    try:
        clients = start([Client(gate, number, runs, seed) for number in range(CLIENTS)])
        kills = length(3, 20)
        for _ in range(kills):
            wait_for(clients, sum(client.acknowledged for client in clients) + BETWEEN)
            time.sleep(chance.uniform(0, 0.2))
            gate.close()
            server.kill()
            server.start()
            gate.open()
        wait_for(clients, sum(client.acknowledged for client in clients) + BETWEEN)
        ledger = finish(clients)
        again = sum(client.sent_again for client in clients)
        print(f"{sum(client.acknowledged for client in clients)} requests acknowledged, {again} sent again")
        assert again > 0, "no kill met a request under way"
        server.stop()
        if store is None:
            check_sqlite(home)
        check_references(home, store)
        collect(home, store)
        check_no_garbage(home, check_references(home, store), store)
        with closing(server.start().http()) as http:
            check(http, ledger)  # by a server that has read everything from the disk anew
        acknowledged = sum(client.acknowledged for client in clients)
        record_property(
            "evidence", f"{kills} kills: {acknowledged} requests acknowledged, {again} sent again, none lost or doubled"
        )
    finally:
        gate.give_up()
        server.stop()
