"""Users' scripts against the server, with the newest official client and with 2.22."""

from __future__ import annotations

from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """A server for each client, which its scripts share."""
    running = {client: Server(tmp_path_factory.mktemp(client) / "home").start() for client in CLIENTS}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(scope="module")
def far(database_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over PostgreSQL and S3, which the scripts share."""
    with s3_server() as s3:
        options = ["--store", fresh_database(database_server), "--artifacts", f"s3://{s3.bucket()}/prefix"]
        server = Server(tmp_path_factory.mktemp("far") / "home", options, s3.env).start()
        yield server
        server.stop()


@pytest.mark.parametrize(("client", "flow"), CASES)
def test_flow(client: str, flow: str, plain: dict[str, Server], tmp_path: Path) -> None:
    """The script ends well."""
    run_flow(client, flow, plain[client].url, tmp_path)


@pytest.mark.parametrize("flow", ["tracking.py", "models.py"])
def test_flow_over_postgresql_and_s3(flow: str, far: Server, tmp_path: Path) -> None:
    """The script does not notice where its catalog and its files lie."""
    run_flow("mlflow-3", flow, far.url, tmp_path)
