"""`assay demo`, as `make demo ONCE=1` runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.flows import CLIENTS
from support.server import ASSAY


def test_the_demo_trains_and_ranks(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ran = subprocess.run(
        [ASSAY, "demo", "--once", "--home", home, "--python", CLIENTS["mlflow-3"]],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "21/21" in ran.stdout
    board = ran.stdout.partition("Leaderboard\n")[2].splitlines()
    assert len([line for line in board if " on " in line]) >= 20
    assert f"assay up --home {home}" in ran.stdout


def test_a_python_without_mlflow_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ASSAY, "demo", "--once", "--home", tmp_path / "home"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "pip install mlflow scikit-learn" in ran.stderr
