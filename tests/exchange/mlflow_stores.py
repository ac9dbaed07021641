"""Stores that MLflow itself has filled, and what its client reads of them and of a server of ours."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from support.flows import CLIENTS
from support.server import ROOT, Server

HERE = ROOT / "tests/exchange"
START_S = 300  # of half a minute, on a machine that does nothing else
TIMEOUT_S = 3_000


def environment() -> dict[str, str]:
    """What scripts see that MLflow's own Python runs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
    return {**clean, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}


def write(uri: str, root: str | Path, runs: int, points: int, *half: str) -> None:
    """The store is filled; "half": the second experiment's files lie where the store puts them, not below the root."""
    done = subprocess.run(
        [str(CLIENTS["mlflow-3"]), str(HERE / "mlflow_writer.py"), uri, str(root), str(runs), str(points), *half],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]


@cache
def reader() -> subprocess.Popen[str]:
    """MLflow's client, waiting for addresses: one for all tests, because it takes seconds to import. Ends with us."""
    script = [str(CLIENTS["mlflow-3"]), str(HERE / "mlflow_dump.py")]
    return subprocess.Popen(script, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def dump(uri: str) -> dict[str, Any]:
    """What MLflow's client reads at this address."""
    process = reader()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{uri}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        reader.cache_clear()
        raise AssertionError(f"MLflow's client cannot read {uri}; the reason stands in its standard error")
    found: dict[str, Any] = json.loads(answer)
    return found


def dump_home(home: Path, *options: str) -> dict[str, Any]:
    """What MLflow's client reads of a home."""
    server = Server(home, options).start()
    try:
        return dump(server.url)
    finally:
        server.stop()


def faults(want: Any, found: Any, path: str = "") -> list[str]:
    """Where two dumps differ."""
    if isinstance(want, dict) and isinstance(found, dict):
        told = [f"{path}/{key}: only in one" for key in want.keys() ^ found.keys()]
        for key in sorted(want.keys() & found.keys()):
            told += faults(want[key], found[key], f"{path}/{key}")
        return told
    return [] if want == found else [f"{path}: {str(want)[:300]} | {str(found)[:300]}"]


@contextmanager
def tracking_server(folder: Path, database: Path) -> Iterator[str]:
    """The address of MLflow's own server over the database, which keeps new files in the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{database}", "--port", str(port)]
    words += ["--artifacts-destination", str(folder / "served"), "--workers", "1"]
    python = CLIENTS["mlflow-3"]
    # Its jobs are not compared, and eight processes less start sooner
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PATH": f"{python.parent}:{os.environ['PATH']}"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), *words],
            cwd=folder,
            env=environment() | quiet,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1):
                    break
            except OSError:
                assert process.poll() is None, (folder / "server.log").read_text()[-3_000:]
                assert time.monotonic() < until, "MLflow's server does not start"
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
