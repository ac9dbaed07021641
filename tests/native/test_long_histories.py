"""Histories of many chunks, whose reader takes his time while others write."""

from __future__ import annotations

import http.client
import json
import sqlite3
from array import array
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from native.conftest import Api, refused
from support.server import API, Server

from assay.services.history import SLICE
from assay.wire.points import MEDIA_TYPE, pack, unpack

N = 2 * SLICE + 30_000  # so that an answer goes on in a third snapshot
LATE = 5_000


def values_at(steps: np.ndarray) -> np.ndarray:
    """A value for each step, which no codec makes small: the points lie in chunks."""
    return np.sin(steps * 1.1)


def send(
    api: Api, uid: str, steps: np.ndarray, times_us: np.ndarray, value: float | None = None, writer: str = "w"
) -> None:
    """The points are stored, with this value or each with its own."""
    n = len(steps)
    columns = [array("q", column.astype(np.int64).tobytes()) for column in (steps, times_us)]
    body = pack(["m"], bytes(4 * n), *columns, (values_at(steps) if value is None else np.full(n, value)).tobytes())
    path = f"/api/v1/runs/{uid}/points?writer={writer}&first=0"
    answer = api.request("POST", path, body, {"Content-Type": MEDIA_TYPE})
    assert answer.status == 200, answer.body


@pytest.fixture
def uid(api: Api) -> str:
    """A run with a long history, whose times rise with its steps."""
    uid = api.run()
    steps = np.arange(0, 2 * N, 2)
    send(api, uid, steps, steps * 1_000)
    return uid


@contextmanager
def slow(running: Server, path: str) -> Iterator[http.client.HTTPResponse]:
    """An answer that has begun, and of which little is taken."""
    parts = urlsplit(running.url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        yield answer


def disturb(api: Api, uid: str) -> None:
    """Points come late, among and behind the others, and are compacted."""
    rng = np.random.default_rng(3)
    for number in range(3):
        late = np.unique(rng.integers(0, N, LATE)) * 2 + 1
        behind = np.arange(2 * N, 2 * N + LATE) + number * LATE
        for steps in (late, behind):
            send(api, uid, steps, steps * 1_000, 9.0, f"late-{number}-{steps[0]}")


def test_a_page_is_of_one_moment_however_slowly_it_is_taken(running: Server, api: Api, uid: str) -> None:
    path = f"/api/v1/runs/{uid}/history?key=m&format=points&limit=1000000"
    with slow(running, path) as answer:
        first = answer.read(10_000)
        disturb(api, uid)
        found = unpack(first + answer.read())
    assert found.n == N
    assert np.array_equal(np.frombuffer(found.step, "<i8"), np.arange(0, 2 * N, 2))
    assert np.array_equal(np.frombuffer(found.value, "<f8"), values_at(np.arange(0, 2 * N, 2)))


def test_no_point_is_lost_or_doubled_between_snapshots(running: Server, api: Api, uid: str) -> None:
    with slow(running, f"{API}metrics/get-history?run_id={uid}&metric_key=m") as answer:
        first = answer.read(10_000)
        disturb(api, uid)
        found = [(item["step"], item["value"]) for item in json.loads(first + answer.read())["metrics"]]
    there = [step for step, value in found if value != 9.0]
    assert there == list(range(0, 2 * N, 2))
    assert len(set(found)) == len(found), "a late point came twice"
    assert [step for step, _ in found] == sorted(step for step, _ in found)


def test_a_slow_reader_holds_no_snapshot(running: Server, api: Api, uid: str) -> None:
    database = running.home / "assay.db"
    if running.options:
        pytest.skip("the write-ahead log is SQLite's")
    with slow(running, f"{API}metrics/get-history?run_id={uid}&metric_key=m") as answer:
        answer.read(10_000)
        with closing(sqlite3.connect(database, timeout=20)) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def test_pages_in_the_order_of_time_are_the_whole(api: Api) -> None:
    for falls in (False, True):
        uid, n = api.run(), 40_000
        steps = np.arange(n)
        times = steps * 1_000
        if falls:
            times = np.random.default_rng(5).permutation(times)
        send(api, uid, steps, times)
        asked = {"run_id": uid, "metric_key": "m"}
        whole = api.mlflow("GET", "metrics/get-history", asked)["metrics"]
        assert [item["step"] for item in whole] == steps[np.argsort(times)].tolist()
        paged, token = [], ""
        while token is not None:
            page = api.mlflow("GET", "metrics/get-history", {**asked, "max_results": 9_999, "page_token": token})
            paged += page["metrics"]
            token = page.get("next_page_token")
        assert paged == whole


def test_damage_is_told_before_an_answer_begins_or_cuts_it(running: Server, api: Api, uid: str) -> None:
    if running.options:
        pytest.skip("a database server's pages are not ours to damage")
    path = f"{API}metrics/get-history?run_id={uid}&metric_key=m"
    assert api.request("GET", path).status == 200
    with closing(sqlite3.connect(running.home / "assay.db", timeout=20)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM metric_chunk").fetchone()[0] > 50
        last = "SELECT rowid, payload FROM metric_chunk ORDER BY owner_id DESC, first_step DESC LIMIT 1"
        row, payload = connection.execute(last).fetchone()
        spoilt = payload[:-1] + bytes((payload[-1] ^ 1,))
        connection.execute("UPDATE metric_chunk SET payload = ? WHERE rowid = ?", (spoilt, row))
    for form in ("points", "arrow", "parquet"):
        refused(api.ask("GET", f"runs/{uid}/history", key="m", format=form, limit=1_000_000), 500, "corrupt")
    assert api.get(f"runs/{uid}/history", key="m", limit=10)["step"] == list(range(0, 20, 2))
    token = b64encode(f'{{"offset": {N - 100}}}'.encode()).decode()
    asked = api.request("GET", f"{path}&max_results=10&page_token={token}")
    assert (asked.status, asked.json["error_code"]) == (500, "DATA_LOSS")
    with slow(running, path) as answer, pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert api.request("GET", "/health").body == b"OK"
