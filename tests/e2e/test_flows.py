"""Users' scripts run against the server by the unchanged official client, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.server import ROOT, Server

FLOWS = Path(__file__).with_name("flows")
CLIENTS = {"mlflow-3": ROOT / ".venv-mlflow3/bin/python", "mlflow-2": ROOT / ".venv-mlflow2/bin/python"}
ONLY_3 = {"models.py"}  # logged models came with 3.0
CASES = [
    pytest.param(client, flow.name, id=f"{client}-{flow.stem}")
    for client in CLIENTS
    for flow in sorted(FLOWS.glob("*.py"))
    if client == "mlflow-3" or flow.name not in ONLY_3
]


@pytest.mark.parametrize(("client", "flow"), CASES)
def test_flow(client: str, flow: str, server: Server, tmp_path: Path) -> None:
    """The script, which asserts what it reads back, ends well."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
    ran = subprocess.run(
        [str(CLIENTS[client]), str(FLOWS / flow)],
        cwd=folder,
        env={
            **clean,
            "MLFLOW_TRACKING_URI": server.url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PATH": f"{CLIENTS[client].parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-6_000:]
    assert ran.stdout.endswith("ok\n"), ran.stdout
    assert not list(folder.glob("mlruns*")), "the client wrote to its own folder"
