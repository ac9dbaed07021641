"""A stock mlflow server to compare with, and the recording of what it answered.

`PYTHONPATH=tests .venv/bin/python -m golden.stock` records anew, after a change of the script or of mlflow's version.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden.corpus.all import script
from golden.replay import Outcome, Replay, written
from support.server import ROOT, Http

VENV = ROOT / ".venv-mlflow3"
HERE = Path(__file__).parent
START_S = 300


def version() -> str:
    """The version of mlflow that is installed beside us."""
    found = importlib.metadata.distributions(name="mlflow", path=[str(p) for p in VENV.glob("lib/*/site-packages")])
    return next(iter(found)).version


def recording() -> Path:
    """The file that holds its answers."""
    return HERE / f"stock-{version()}.json"


def recorded() -> dict[str, Outcome]:
    """What it answered, by step, when it was recorded."""
    told: dict[str, Outcome] = json.loads(recording().read_text())
    return told


def answers(folder: Path) -> dict[str, Outcome]:
    """What it answers now."""
    with stock(folder) as url:
        return Replay(Http(url)).play(script())


@contextmanager
def stock(folder: Path) -> Iterator[str]:
    """The address of a fresh stock server with its data in the folder; it is stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(VENV / "bin/mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--serve-artifacts", "--artifacts-destination", str(folder / "files")]
    # Neither jobs nor telemetry are compared, and eight processes less start sooner
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **quiet}, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, process, folder / "log")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its workers are processes of their own
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    http, end = Http(url), time.monotonic() + START_S
    while True:
        try:
            if http.request("GET", "/health").status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            http.close()
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"stock mlflow does not start: {log.read_text()[-2000:]}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        recording().write_text(written(answers(Path(home))))
