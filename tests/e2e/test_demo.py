"""`assay demo`, as `make demo ONCE=1` runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.flows import CLIENTS
from support.server import ASSAY, Server

from assay.cli.demo import _leaderboard


def demo(*options: str | Path) -> subprocess.CompletedProcess[str]:
    words = [ASSAY, "demo", "--once", "--python", CLIENTS["mlflow-3"], *options]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=400)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def test_the_demo_trains_and_ranks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The leaderboard as JSON is alone on standard output, the best first; all else is told beside it."""
    home = tmp_path / "home"
    ran = demo("--home", home, "--json")
    assert "24/24" in ran.stderr
    assert f"assay up --home {home}" in ran.stderr
    board = json.loads(ran.stdout)["leaderboard"]
    assert {entry["model"] for entry in board} == {"forest", "sgd", "boosting", "mlp", "bayes"}
    accuracies = [entry["test_accuracy"] for entry in board]
    assert len(accuracies) == 24
    assert accuracies == sorted(accuracies, reverse=True)
    assert {"id", "model", "dataset", "params", "train_loss"} < set(board[0])
    server = Server(home).start()
    try:
        _leaderboard(server.url, as_json=False)
    finally:
        server.stop()
    shown = capsys.readouterr().out.partition("Leaderboard\n")[2].splitlines()
    assert [line.split()[0] for line in shown[1:]] == [entry["model"] for entry in board]


def test_a_python_without_mlflow_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ASSAY, "demo", "--once", "--home", tmp_path / "home"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "pip install mlflow scikit-learn" in ran.stderr
