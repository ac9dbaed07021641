"""Users' scripts, run by the unchanged official client in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.length import length
from support.server import ROOT

FLOWS = ROOT / "tests/e2e/flows"
CLIENTS = {"mlflow-3": ROOT / ".venv-mlflow3/bin/python", "mlflow-2": ROOT / ".venv-mlflow2/bin/python"}
# How long the client may load a logged model in another process to guess its requirements; no server is asked for them
GUESS_S = str(length(1, 120))


def run_flow(client: str, flow: str, url: str, folder: Path, *words: str, **env: str) -> None:
    """The script, which asserts what it reads back, ends well in the folder, with the tracking URI and `env` set.

    Args:
        client: Which client.
        flow: The script, by its path from the folder of flows.
        url: The tracking URI.
        folder: Where it runs.
        words: What it is called with.
        env: What is set besides.
    """
    python = CLIENTS[client]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
    ran = subprocess.run(
        [str(python), str(FLOWS / flow), *words],
        cwd=folder,
        env={
            **clean,
            "MLFLOW_TRACKING_URI": url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": GUESS_S,
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-6_000:]
    assert ran.stdout.endswith("ok\n"), ran.stdout
    assert not list(folder.glob("mlruns*")), "the client wrote to its own folder"
