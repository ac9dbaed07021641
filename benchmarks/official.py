"""The official client in a process of its own, for the parts that read: its times are told and have no bar."""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path

from targets import ROOT

PYTHON = ROOT / ".venv-mlflow3/bin/python"
CODE = Path(__file__).with_name("reads_client.py")
LIMIT_S = 600.0


def seconds(what: str, *arguments: str, count: int) -> float:
    """The median of three, by the client's own clock.

    Raises:
        RuntimeError: It failed, or less came than was asked for.
        subprocess.TimeoutExpired: It did not end in time.
    """
    done = subprocess.run(
        [PYTHON, CODE, what, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"seconds"')]
    if not lines:
        raise RuntimeError(f"the client failed: {done.stderr[-500:]}")
    found = json.loads(lines[-1])
    if found["count"] != count:
        raise RuntimeError(f"the client got {found['count']} of {count}")
    return float(statistics.median(found["seconds"]))
