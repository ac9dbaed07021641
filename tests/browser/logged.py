"""Runs that the tests of several pages look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.server import Server

PROGRAM = Path(__file__).with_name("logs_everything.py")


def asked(served: Server, method: str, path: str, body: Any = None) -> Any:
    """The answer to a request of the native API, by a connection of its own: a page may take long between two."""
    with closing(served.http()) as connection:
        sent = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = connection.request(method, f"/api/v1/{path}", sent, headers)
        assert answer.status < 300, answer.body
        return answer.json


def runs_of_everything(served: Server, folders: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of two runs that logged one of everything, by their names."""
    started = []
    for name, rate in (("baseline", "0.1"), ("tuned", "0.05")):
        folder = folders.mktemp(name)
        env = {**os.environ, "ASSAY_URL": served.url, "ASSAY_HOME": str(folder / "home")}
        words = [sys.executable, str(PROGRAM), name, rate]
        started.append(subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    for program in started:
        assert program.wait(60) == 0, program.stderr and program.stderr.read()
        assert program.stderr is not None
        program.stderr.close()
    found = asked(served, "GET", "runs")["runs"]
    return {run["name"]: run["id"] for run in found if run["name"] in ("baseline", "tuned")}
