"""A load at a pace, in a process of its own: `paced.py` reads a job as JSON from its input, writes what it found.

A job: url, role, connections, per_s (requests a second; 0: as fast as answers come), seconds, and what the role wants:

- `batch`: log-batches of 10 keys x 100 steps; with `short_runs`, every other connection ends its run after so many.
- `gets`: these `paths`, again and again.
- `posts`: this `body` to this `path`, again and again.
- `live`: downsampled series of the runs that are running, whoever they are just then.
- `upload`: files of `size` bytes into a `folder` of the artifact proxy.

A request that is due while every connection waits is sent later, and its time runs from when it was due.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import load
import reads_paths as paths
from bodies import Batches, head
from loop import DRAIN_S, Connection, Record, drive

LIVE_AGAIN = 20  # requests after which it is asked anew which runs are running
KEYS = [f"train/metric_{number:03d}" for number in range(10)]


@dataclass
class Paced:
    """What came back."""

    offered: int
    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    refused: int
    refusal: str

    @property
    def per_s(self) -> float:
        """Good answers a second."""
        return self.answered / self.seconds


def get(url: str, path: str) -> bytes:
    """A GET without a body."""
    return head(url, "GET", path, 0)


def live(url: str, runs: int) -> Iterator[bytes]:
    """Downsampled series of the newest running runs."""
    while True:
        running = {
            "experiment_ids": ["0"],
            "filter": "attributes.status = 'RUNNING'",
            "max_results": runs,
            "order_by": ["attributes.start_time DESC"],
        }
        found = load.call(url, "runs/search", running).get("runs", [])
        uids = [run["info"]["run_id"] for run in found]
        if not uids:
            time.sleep(0.05)
            continue
        for _ in range(LIVE_AGAIN):
            body = json.dumps(paths.series(uids, KEYS, 1_000)).encode()
            yield head(url, "POST", paths.SERIES, len(body)) + body


def uploads(url: str, folder: str, first: int, step: int, size: int) -> Iterator[bytes]:
    """Files of random bytes, each under a name of its own."""
    body = os.urandom(size)
    for number in count(first, step):
        start = head(url, "PUT", f"{folder}/{number:07d}.bin", size, "application/octet-stream")
        yield start + number.to_bytes(8, "little") + body[8:]


def streams(job: dict[str, Any]) -> list[Iterator[bytes]]:
    """The requests of each connection."""
    url, role = job["url"], job["role"]
    if role == "batch":
        maker = Batches(10, 100)
        return [
            load.short_runs(url, maker, 7 * index, job["short_runs"])
            if job.get("short_runs") and index % 2
            else maker.requests(url, load.new_run(url)["run_id"], 7 * index)
            for index in range(job["connections"])
        ]
    if role == "live":
        return [live(url, job["runs"]) for _ in range(job["connections"])]
    if role == "upload":
        return [
            uploads(url, job["folder"], index, job["connections"], job["size"]) for index in range(job["connections"])
        ]
    if role == "posts":
        body = json.dumps(job["body"]).encode()
        made = head(url, "POST", job["path"], len(body)) + body
        return [_again([made]) for _ in range(job["connections"])]
    return [_again([get(url, path) for path in job["paths"]]) for _ in range(job["connections"])]


def _again(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def drive_paced(url: str, sources: list[Iterator[bytes]], per_s: float, seconds: float) -> tuple[Record, int]:
    """All answers to what was due in this time, and how many requests were due."""
    record = Record()
    poll = select.epoll()
    by_fd: dict[int, Connection] = {}

    def watch(connection: Connection) -> None:
        by_fd[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)

    idle = deque(Connection(url, source, record, watch) for source in sources)
    everybody, sent = list(idle), 0
    began = time.perf_counter()
    offered = int(per_s * seconds)
    while sent < offered or len(idle) < len(everybody):
        now = time.perf_counter()
        if now > began + seconds + DRAIN_S:
            break
        while idle and sent < offered and (due := began + sent / per_s) <= now:
            connection = idle.popleft()
            connection.send(due)
            sent += 1
        wait_s = max(0.0, began + sent / per_s - time.perf_counter()) if idle and sent < offered else 1.0
        for fd, _ in poll.poll(wait_s):
            connection = by_fd[fd]
            if connection.receive():
                idle.append(connection)
    for connection in everybody:
        connection.socket.close()
    poll.close()
    return record, offered


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """Drives the load."""
    sources = streams(job)
    began = time.perf_counter()
    if job["per_s"]:
        record, offered = drive_paced(job["url"], sources, job["per_s"], job["seconds"])
    else:
        record = drive(job["url"], sources, job["seconds"])
        offered = len(record.done)
    took = sorted(latency for latency in record.took if latency)
    in_time = sum(
        1 for done, latency in zip(record.done, record.took, strict=True) if latency and done <= began + job["seconds"]
    )
    return {
        "offered": offered,
        "answered": in_time,
        "seconds": job["seconds"],
        "p50_ms": took[len(took) // 2] * 1_000 if took else float("nan"),
        "p99_ms": took[len(took) * 99 // 100] * 1_000 if took else float("nan"),
        "most_ms": took[-1] * 1_000 if took else float("nan"),
        "refused": record.refused,
        "refusal": record.refusal,
    }


def start(url: str, role: str, connections: int, per_s: float, seconds: float, **given: Any) -> subprocess.Popen[str]:
    """The load in a process of its own, which has begun."""
    job = {"url": url, "role": role, "connections": connections, "per_s": per_s, "seconds": seconds, **given}
    return load.begun(__file__, job)


def outcome(process: subprocess.Popen[str]) -> Paced:
    """What the process of a load found; waits for its end."""
    return Paced(**load.answer(process))


if __name__ == "__main__":
    json.dump(perform(json.load(sys.stdin)), sys.stdout)
