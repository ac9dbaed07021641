"""Two servers behind a real proxy: work on either, kill one, upgrade both one by one from the schema before."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from durability.catalog import query
from durability.load import AGAIN, Client, Gate, Request, check, finish, new_run, start
from durability.test_kill import new_seed
from support.haproxy import PROGRAM, free_port, haproxy
from support.length import LONG, length
from support.postgres import fresh_database
from support.s3 import s3_server
from support.server import API, ROOT, Server

from assay.stores.migrations import HEAD, REVISIONS

CLIENTS = 4
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="haproxy is not installed: apt-get install haproxy")


class Proxied(Client):
    """A client that sees one address; what the proxy itself answers while a server is gone is tried again."""

    def send(self, request: Request, server: int | None = None) -> None:
        """Returns when the request is acknowledged and entered in the ledger."""
        del server
        for _ in range(200):
            try:
                answer = self._http(self._gate.address(0)).request(request.method, request.path, request.body)
            except AGAIN:
                self.sent_again += 1
                continue
            if answer.status == 200:
                self.ledger.enter(request)
                self.acknowledged += 1
                return
            assert answer.status in (502, 503, 504), (request.path, answer.status, answer.body[:500])
            self.refused += 1
            self._halt.wait(0.05)
        raise AssertionError("refused for too long")


def release_before(folder: Path) -> Path | None:
    """The sources of the last commit with the schema before this one; None where there is no history of the code."""
    newest = f"src/assay/stores/migrations/v{HEAD}.py"
    found = subprocess.run(
        ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", newest], cwd=ROOT, capture_output=True, check=False
    )
    commit = found.stdout.decode().strip()
    packed = subprocess.run(["git", "archive", f"{commit}~1", "src"], cwd=ROOT, capture_output=True, check=False)
    if not commit or packed.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def test_servers_are_killed_and_upgraded_under_load(
    tmp_path: Path, database_server: Any, record_property: Callable[[str, object], None]
) -> None:
    """No write that was acknowledged is lost, and with a proxy that is told before, none is even refused."""
    seed, seconds = new_seed(), length(1, 20)
    before = release_before(tmp_path / "before") if LONG else None
    store = fresh_database(database_server)
    ports = [free_port(), free_port()]
    with s3_server() as s3, haproxy(tmp_path, ports) as proxy:
        places = ("--store", store, "--artifacts", f"s3://{s3.bucket()}/files")
        old = s3.env | ({"PYTHONPATH": str(before)} if before else {})
        servers = [Server(tmp_path / f"home{n}", (*places, "--port", str(port)), old) for n, port in enumerate(ports)]
        gate = Gate(lambda: proxy.url)
        clients: list[Client] = []

        def work() -> tuple[int, int, int]:
            time.sleep(seconds)
            for client in clients:
                if client.failure is not None:
                    raise client.failure
            return tuple(sum(getattr(c, name) for c in clients) for name in ("acknowledged", "refused", "sent_again"))  # type: ignore[return-value]

        try:
            for number, server in enumerate(servers):
                server.start()
                proxy.back(number)
            schema = query(tmp_path, store, "SELECT revision FROM schema_row")[0][0]
            assert schema == (REVISIONS[-2] if before else HEAD)
            with closing(servers[0].http()) as one, closing(servers[1].http()) as other:
                runs = [new_run(one, f"run {number}") for number in range(3)]
                assert other.mlflow("GET", "runs/get", {"run_id": runs[0]})["run"]["info"]["run_id"] == runs[0]
            clients += start([Proxied(gate, number, runs, seed, pause_s=0.01) for number in range(CLIENTS)])
            work()
            servers[0].kill()
            killed = work()
            servers[0].start()
            proxy.back(0)
            quiet = work()
            for number, server in enumerate(servers):
                proxy.drain(number)
                server.stop()
                server.env = s3.env
                server.start()
                proxy.back(number)
                work()
            upgraded = work()
            ledger = finish(clients)
            assert query(tmp_path, store, "SELECT revision FROM schema_row")[0][0] == HEAD
            assert upgraded[0] > quiet[0] > killed[0] > 0
            assert upgraded[1:] == quiet[1:], "a write was refused, or cut off, while servers were upgraded"
            told = (
                f"{upgraded[0]} writes acknowledged through haproxy, from schema {schema} to {HEAD}: "
                f"{quiet[1] + quiet[2]} tried again around a kill -9, none in the upgrade"
            )
            print(told)
            record_property("evidence", told)
            for server in servers:
                with closing(server.http()) as http:
                    check(http, ledger)
                    assert http.request("GET", "/ready").status == 200
                    assert http.request("POST", API + "experiments/search", {"max_results": 1}).status == 200
        finally:
            gate.give_up()
            for client in clients:
                client.stop()
            for server in servers:
                server.stop()
