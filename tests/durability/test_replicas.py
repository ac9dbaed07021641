"""Two servers on one PostgreSQL under load: what one acknowledged the other shows, nothing is lost, torn or stuck."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import obstore
import pytest
from blake3 import blake3
from durability.catalog import LIVE, query
from durability.load import Gate, check, finish, new_run, start
from durability.readers import Echo, Torn
from durability.test_kill import new_seed
from obstore.store import S3Store
from support.length import length
from support.postgres import fresh_database
from support.s3 import S3, s3_server
from support.server import Server

BACKGROUND = Path(__file__).with_name("background.py")
WRITERS = 6
TURN_S = length(6, 20)  # a run is written to: readers compare whole histories, and those must not become the load
BATCHES_PER_S = 100
FILES_PER_S = 5


def deadlocks(store: str) -> int:
    """How many PostgreSQL has resolved in this database."""
    found = query(Path(), store, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(str(found[0][0]))


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """An S3 server, for all tests of this file."""
    with s3_server() as running:
        yield running


def check_objects(s3: S3, bucket: str, store: str, files: dict[tuple[str, str], bytes]) -> None:
    """Each path's object is live in the catalog and lies in the bucket, whole."""
    rows = query(
        Path(),
        store,
        "SELECT e.path, e.blob_id, e.size, b.blake3, b.state FROM tree_entry e LEFT JOIN blob b ON b.id = e.blob_id",
    )
    assert len(rows) == len(files)
    bare = S3Store(
        bucket,
        endpoint=s3.url,
        region=s3.env["AWS_REGION"],
        access_key_id=s3.env["AWS_ACCESS_KEY_ID"],
        secret_access_key=s3.env["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )
    names = [item["path"] for page in obstore.list(bare) for item in page]
    places = {name.rpartition("/")[2]: name for name in names}
    for path, id, size, digest, state in rows:
        assert state == LIVE, f"{path} names the object {id} in state {state}"
        assert str(id) in places, f"{path} names the object {id}, which is gone"
        data = obstore.get(bare, places[str(id)]).bytes().to_bytes()
        assert len(data) == size, f"{path}: {len(data)} bytes, the catalog says {size}"
        assert blake3(data).hexdigest() == digest, f"{path}: other bytes than were stored"


def some_runs(server: Server) -> list[str]:
    """New runs, fewer than there are clients."""
    with closing(server.http()) as http:
        return [new_run(http, f"run {number}") for number in range(4)]


@pytest.mark.alone
def test_two_replicas_under_load_lose_and_tear_nothing(
    tmp_path: Path, database_server: Any, s3: S3, record_property: pytest.RecordProperty
) -> None:
    seed, seconds = new_seed(), length(15, 300)
    store = fresh_database(database_server)
    bucket = s3.bucket()
    files = f"s3://{bucket}/files"
    first = Server(tmp_path / "first", ("--store", store, "--artifacts", files), s3.env)
    second = Server(tmp_path / "second", ("--store", store, "--artifacts", files), s3.env)
    addresses = [lambda: first.url, lambda: second.url]
    gate = Gate(*addresses)
    torn = Torn(addresses, seed)
    behind = subprocess.Popen(
        [sys.executable, BACKGROUND, tmp_path / "behind", store, files],
        env={**os.environ, **s3.env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert behind.stdin is not None and behind.stdout is not None
    try:
        first.start()
        second.start()
        assert behind.stdout.readline() == "ready\n"
        runs = some_runs(first)
        began = time.monotonic()
        torn.start()
        clients = start([Echo(gate, n, runs, seed, pause_s=0.0) for n in range(WRITERS)])
        turned = began
        while time.monotonic() < began + seconds:
            if time.monotonic() > turned + TURN_S:
                turned, runs = time.monotonic(), some_runs(second)
                for client in clients:
                    client.turn_to(runs)
            for thread in (*clients, torn):
                if thread.failure is not None:
                    raise thread.failure
            time.sleep(0.1)
        ledger = finish(clients)
        took = time.monotonic() - began
        torn.finish()
        behind.stdin.close()
        compacted, rounds = map(int, behind.stdout.readline().split())
        assert behind.wait(60) == 0
        batches = (sum(client.batches for client in clients) + torn.batches) / took
        written = sum(client.files for client in clients) / took
        told = (
            f"{batches:.0f} log-batch/s, {written:.0f} files/s, {torn.reads / took:.0f} reads/s, "
            f"{sum(client.seen_elsewhere for client in clients)} writes read at once through the other replica, "
            f"{compacted} compactions in {rounds} rounds, {deadlocks(store)} deadlocks"
        )
        print(told)
        record_property("evidence", told)
        assert deadlocks(store) == 0
        assert compacted > 0 and torn.reads > 0
        for server in (first, second):
            with closing(server.http()) as http:
                check(http, ledger)
        for server in (first, second):
            server.stop()
        check_objects(s3, bucket, store, ledger.files)
        # The promise is for a machine that does nothing else; in short form others may be at work on it.
        assert batches >= length(BATCHES_PER_S // 10, BATCHES_PER_S)
        assert written >= length(FILES_PER_S // 5, FILES_PER_S)
    finally:
        gate.give_up()
        behind.kill()
        behind.wait()
        for pipe in (behind.stdin, behind.stdout):
            pipe.close()
        first.stop()
        second.stop()
