"""Points to read: logged to ours over its native API, put into the peers' files row by row."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import load
import numpy as np
from bodies import COLUMN_POOL, Batches, Columns, walks
from loop import drive
from peer_rows import PeerFile, put_history
from tail import Catalog
from targets import Target

from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore

CONNECTIONS = 4
TAIL = 32  # batches that a tail holds at most
FIRST_MS = 1_700_000_000_000
KEY = "train/metric_000"  # the first of `bodies.Columns`


def logged(target: Target, runs: int, keys: int, steps: int, requests: int) -> list[str]:
    """Runs of `keys` series of `steps * requests` points each; they have ended."""
    maker = Columns(keys, steps)
    uids = [str(load.new_run(target.url)["run_id"]) for _ in range(runs)]

    def stream(some: Sequence[str]) -> Iterator[bytes]:
        return chain.from_iterable(islice(maker.requests(target.url, uid, 0), requests) for uid in some)

    _drive(target, [stream(uids[first::CONNECTIONS]) for first in range(min(CONNECTIONS, runs))])
    for uid in uids:
        end(target, uid)
    return uids


def logged_values(steps: int, count: int) -> np.ndarray:
    """The values of the one key of a run that `logged` made in requests of so many steps."""
    pool = walks(1, COLUMN_POOL * steps, 0)[0].astype(np.float64)
    return np.resize(pool, count)


def end(target: Target, uid: str) -> None:
    """The run has ended."""
    now = time.time_ns() // 1_000_000
    load.call(target.url, "runs/update", {"run_id": uid, "status": "FINISHED", "end_time": now})


def _drive(target: Target, streams: list[Iterator[bytes]]) -> None:
    record = drive(target.url, streams)
    if record.refused:
        raise RuntimeError(f"{record.refused} refused: {record.refusal}")


def settle(target: Target) -> None:
    """Every run lies in chunks and pages, and its latest values where an index serves them; it has a new address.

    A server does so once nothing was logged to a run for a minute. It is done here at once, by the same code.
    """
    target.rest()
    store: PostgresStore | SqliteStore
    if target.kind.store:
        store = PostgresStore(target.kind.store, "settle", lambda: secrets.randbits(18))
    else:
        store = SqliteStore(target.folder / "home" / "assay.db", "settle", lambda: secrets.randbits(18))
    try:
        while store.settle(0):
            pass
    finally:
        store.close()
    target.start()


def live(target: Target, runs: int, batches: int) -> tuple[list[str], int, int]:
    """Running runs of 10 keys, logged in batches of 10 points, with full tails; batches of the shortest, all points."""
    maker = Batches(10, 1)
    uids = [str(load.new_run(target.url)["run_id"]) for _ in range(runs)]
    streams = {uid: maker.requests(target.url, uid, number) for number, uid in enumerate(uids)}

    def stream(some: Sequence[str], count: int) -> Iterator[bytes]:
        for _ in range(count):
            for uid in some:
                yield next(streams[uid])

    _drive(target, [stream(uids[first::CONNECTIONS], batches) for first in range(CONNECTIONS)])
    catalog = Catalog(target)
    try:
        ask = "SELECT r.uid, m.batches FROM metric_motion m JOIN run r ON r.id = m.owner_id"
        held = dict(catalog.rows(ask))
        # One connection: runs whose tails fill in one commit would be folded early.
        wanted = {uid: max(0, TAIL - held.get(uid, 0)) for uid in uids}
        _drive(target, [chain.from_iterable(islice(streams[uid], count) for uid, count in wanted.items())])
        held = dict(catalog.rows(ask))
        points = (runs * batches + sum(wanted.values())) * maker.points
        return uids, min(held.get(uid, 0) for uid in uids), points
    finally:
        catalog.close()


def put(target: Target, count: int) -> tuple[str, np.ndarray]:
    """A run of a peer with so many points of one key, and their values."""
    peer = PeerFile(target)
    try:
        values = walks(1, count, 0)[0].astype(np.float64)
        times_ms = range(FIRST_MS, FIRST_MS + count * 1_000, 1_000)
        put_history(peer, peer.uid, KEY, (range(count), times_ms, values.tolist()))
        return peer.uid, values
    finally:
        peer.close()
