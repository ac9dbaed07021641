"""`assay demo`, as `make demo ONCE=1` runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support.flows import CLIENTS
from support.server import ASSAY


def demo(*options: str | Path) -> subprocess.CompletedProcess[str]:
    words = [ASSAY, "demo", "--once", "--python", CLIENTS["mlflow-3"], *options]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=400)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def test_the_demo_trains_and_ranks(tmp_path: Path) -> None:
    home = tmp_path / "home"
    said = demo("--home", home).stdout
    assert "24/24" in said
    board = said.partition("Leaderboard\n")[2].partition("\n\n")[0].splitlines()[1:]
    assert len(board) == 24
    assert {line.split()[0] for line in board} == {"forest", "sgd", "boosting", "mlp", "bayes"}
    assert f"assay up --home {home}" in said


def test_the_leaderboard_as_json() -> None:
    """Alone on standard output, the best first."""
    ran = demo("--json")
    board = json.loads(ran.stdout)["leaderboard"]
    assert "24/24" in ran.stderr
    accuracies = [entry["test_accuracy"] for entry in board]
    assert len(accuracies) == 24
    assert accuracies == sorted(accuracies, reverse=True)
    assert {"id", "model", "dataset", "params", "train_loss"} < set(board[0])


def test_a_python_without_mlflow_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ASSAY, "demo", "--once", "--home", tmp_path / "home"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "pip install mlflow scikit-learn" in ran.stderr
