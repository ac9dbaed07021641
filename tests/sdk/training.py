"""Programs that train, each in a process of its own, and what a server then has of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.server import Http

BEGIN = "import assay, os, sys, time\n"
STEPS = """
with assay.init(name="steps") as run:
    print(run.id, flush=True)
    for step in range(%d):
        run.log({"loss": step / 4, "at": step})
"""
ENDLESS = """
run = assay.init(name="endless")
print(run.id, flush=True)
step = 0
while True:
    run.log({"loss": step})
    print(step, flush=True)
    step += 1
"""


def begin(home: Path, script: str, **env: str) -> subprocess.Popen[str]:
    """The script in a Python of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASSAY_HOME": str(home), "ASSAY_CAPTURE": "none", **env},
    )


def train(home: Path, script: str, code: int = 0, **env: str) -> tuple[list[str], str]:
    """What the script has printed, by lines, and its standard error."""
    process = begin(home, script, **env)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out.splitlines(), err


def sync(home: Path, code: int = 0) -> dict[str, int]:
    """What `assay sync` tells."""
    command = [str(Path(sys.executable).with_name("assay")), "sync", "--home", str(home), "--json"]
    env = {**os.environ, "ASSAY_HOME": str(home)}
    ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == code, ran.stderr
    told: dict[str, int] = json.loads(ran.stdout)
    return told


def run_of(http: Http, uid: str) -> Any:
    """The run, as the native API tells it."""
    return http.request("GET", f"/api/v1/runs/{uid}").json


def values(http: Http, uid: str, key: str = "loss") -> list[float]:
    """The values of a key in the order of their steps."""
    given = {"run_id": uid, "metric_key": key}
    found = http.mlflow("GET", "metrics/get-history", given).get("metrics", [])
    return [item["value"] for item in sorted(found, key=lambda item: item["step"])]
