"""Users' scripts against the server, with the newest official client and with 2.22."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.flows import CLIENTS, FLOWS, run_flow
from support.postgres import fresh_database
from support.s3 import s3_server
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


@pytest.mark.parametrize("flow", ["tracking.py", "models.py", "models_in_runs.py"])
def test_flow_over_postgresql_and_s3(flow: str, database_server: Any, tmp_path: Path) -> None:
    """The script does not notice where its catalog and its files lie."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with s3_server() as s3:
        options = ["--store", fresh_database(database_server), "--artifacts", f"s3://{s3.bucket()}/prefix"]
        running = Server(tmp_path / "home", options, s3.env).start()
        try:
            run_flow("mlflow-3", flow, running.url, folder)
        finally:
            running.stop()
