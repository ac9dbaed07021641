"""The load, in a process of its own: `load.py` reads a job as JSON from its input and writes the outcome to its output.

A job: url, shape (batch | wide | single | columns), connections, warm_s, window_s, windows, short_runs. The shapes: 10
keys x 100 steps, 1,000 keys x 1 step, one point; and, over the native API, 10 keys x 3,200 steps as binary columns.
Each connection logs to a run of its own; with `short_runs`, every other connection ends its run after that many
requests and begins another.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bodies import Batches, Columns, Singles
from loop import drive

API = "/api/2.0/mlflow/"


@dataclass
class Load:
    """What came back: one rate a window, latencies of all good answers in the windows, refusals."""

    points_per_s: list[float]
    requests_per_s: list[float]
    p50_ms: float
    p99_ms: float
    refused: int
    refusal: str
    client_cpu: float  # share of one core that the load itself took

    @property
    def median(self) -> float:
        """Points a second, the median of the windows."""
        return statistics.median(self.points_per_s)


def call(url: str, route: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of an MLflow POST route."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    connection.request("POST", API + route, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{route}: {response.status} {answer[:300]!r}")
    return dict(json.loads(answer))


def new_run(url: str) -> dict[str, Any]:
    """The info of a run that was just made."""
    now = time.time_ns() // 1_000_000
    return dict(call(url, "runs/create", {"experiment_id": "0", "start_time": now})["run"]["info"])


def short_runs(url: str, maker: Batches | Columns | Singles, start: int, length: int) -> Iterator[bytes]:
    """Requests to one run after another, each ended after `length` requests."""
    while True:
        run_id = new_run(url)["run_id"]
        yield from islice(maker.requests(url, run_id, start), length)
        now = time.time_ns() // 1_000_000
        call(url, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": now})


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """Drives the load and counts answers by window."""
    url, shape = job["url"], job["shape"]
    maker = {
        "batch": lambda: Batches(10, 100),
        "wide": lambda: Batches(1_000, 1),
        "single": Singles,
        "columns": lambda: Columns(10, 3_200),
    }[shape]()
    streams = [
        short_runs(url, maker, 7 * index, job["short_runs"])
        if job.get("short_runs") and index % 2
        else maker.requests(url, new_run(url)["run_id"], 7 * index)
        for index in range(job["connections"])
    ]
    cpu, began = time.process_time(), time.perf_counter()
    record = drive(url, streams, job["warm_s"] + job["window_s"] * job["windows"] + 0.05)
    busy = (time.process_time() - cpu) / (time.perf_counter() - began)
    counts, took = [0] * job["windows"], []
    for done, latency in zip(record.done, record.took, strict=True):
        window = int((done - began - job["warm_s"]) // job["window_s"])
        if latency and 0 <= window < job["windows"]:
            counts[window] += 1
            took.append(latency)
    took.sort()
    return {
        "points_per_s": [count * maker.points / job["window_s"] for count in counts],
        "requests_per_s": [count / job["window_s"] for count in counts],
        "p50_ms": took[len(took) // 2] * 1_000 if took else float("nan"),
        "p99_ms": took[len(took) * 99 // 100] * 1_000 if took else float("nan"),
        "refused": record.refused,
        "refusal": record.refusal,
        "client_cpu": busy,
    }


def start(url: str, shape: str, connections: int, **given: Any) -> subprocess.Popen[str]:
    """The load in a process of its own, which has begun."""
    return begun(__file__, {"url": url, "shape": shape, "connections": connections, **given})


def begun(program: str, job: dict[str, Any]) -> subprocess.Popen[str]:
    """A program that reads a job from its input."""
    process = subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(job))
    process.stdin.close()
    process.stdin = None
    return process


def outcome(process: subprocess.Popen[str]) -> Load:
    """What the process of a load found; waits for its end."""
    return Load(**answer(process))


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a program that was given a job has written; waits for its end. Raises RuntimeError where it failed."""
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the load failed; its error stands above")
    return dict(json.loads(out))


if __name__ == "__main__":
    json.dump(perform(json.load(sys.stdin)), sys.stdout)
