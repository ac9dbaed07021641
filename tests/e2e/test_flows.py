"""Users' scripts against the server, with the newest official client and with 2.22."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flows import CLIENTS, FLOWS, run_flow
from support.server import Server

ONLY_3 = {"models.py"}  # logged models came with 3.0
CASES = [
    pytest.param(client, flow.name, id=f"{client}-{flow.stem}")
    for client in CLIENTS
    for flow in sorted(FLOWS.glob("*.py"))
    if client == "mlflow-3" or flow.name not in ONLY_3
]


@pytest.mark.parametrize(("client", "flow"), CASES)
def test_flow(client: str, flow: str, server: Server, tmp_path: Path) -> None:
    """The script ends well."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    run_flow(client, flow, server.url, folder)
