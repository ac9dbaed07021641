"""The tutorial works as it is written: its script runs, and its commands print what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path

from meta.tree import FENCE, ROOT
from support.server import ASSAY, Server

PAGE = ROOT / "docs/tutorials/first-runs.md"
CLIENT = ROOT / ".venv-mlflow3/bin/python"
PORT = "http://127.0.0.1:5000"


def test_first_runs(server: Server, tmp_path: Path) -> None:
    """From an empty home to the last table, in the page's own words; only the port is another."""
    found = [(match["kind"], match["body"]) for match in FENCE.finditer(PAGE.read_text())]
    scripts = [body for kind, body in found if kind == "python"]
    assert len(scripts) == 1
    (tmp_path / "train.py").write_text(scripts[0])
    setting = re.search(r"^(\w+)=(\S+) python train\.py$", PAGE.read_text(), re.MULTILINE)
    assert setting is not None
    assert setting[2] == PORT
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
    env = {**clean, setting[1]: server.url, "ASSAY_URL": server.url, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    ran = subprocess.run([str(CLIENT), "train.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3_000:]
    shown = 0
    for (kind, body), (next_kind, expected) in pairwise(found):
        if kind == "sh" and next_kind == "text":
            words = shlex.split(body)
            assert words[0] == "assay"
            ran = subprocess.run([str(ASSAY), *words[1:]], env=env, capture_output=True, text=True, check=True)
            assert ran.stdout.replace("\r\n", "\n") == expected
            shown += 1
    assert shown >= 2
