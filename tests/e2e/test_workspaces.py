"""Two users in two workspaces, each with the official client and nothing but environment variables."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.flows import run_flow
from support.server import Answer, Http, Server

SCRIPT = "../workspace_side.py"
CLIENT = "mlflow-3"  # workspaces came with 3


class Owner:
    """The home's own account, over a connection each time: servers end what is idle for long."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def request(self, *asked: Any) -> Answer:
        """The answer, as to the home's token."""
        token = (self._server.home / "token").read_text().strip()
        with closing(Http(self._server.url, headers={"Authorization": f"Bearer {token}"})) as http:
            return http.request(*asked)


def token_of(home: Owner, user: str, **given: object) -> dict[str, str]:
    """The environment of a client that comes as this user."""
    made = home.request("POST", "/api/v1/tokens", {"name": f"t{time.monotonic_ns()}", "user": user, **given})
    assert made.status == 201, made.body
    return {"MLFLOW_TRACKING_TOKEN": made.json["secret"], "id": made.json["id"]}


@pytest.mark.timeout(600)
def test_two_users_in_two_workspaces(server: Server, tmp_path: Path) -> None:
    home = Owner(server)
    people = {"ada": "red", "bob": "blue"}
    for user, workspace in people.items():
        home.request("POST", "/api/v1/users", {"name": user})
        home.request("POST", "/api/v1/workspaces", {"name": workspace})
        home.request("PATCH", f"/api/v1/workspaces/{workspace}/members", {"user": user, "role": "editor"})
    runs = {}
    for user, workspace in people.items():
        folder = tmp_path / user
        folder.mkdir()
        env = token_of(home, user)
        run_flow(CLIENT, SCRIPT, server.url, folder, "work", "fraud", **env, MLFLOW_WORKSPACE=workspace)
        runs[user] = (folder / "run_id").read_text()
    folder = tmp_path / "ada"
    ada = token_of(home, "ada")

    def check(*words: str, **env: str) -> None:
        run_flow(CLIENT, SCRIPT, server.url, folder, *words, **env)

    check("foreign", runs["bob"], "red", "blue", **ada, MLFLOW_WORKSPACE="red")
    viewer = token_of(home, "ada", cap="viewer")
    check("only_reads", runs["ada"], "may not write", "editor", **viewer, MLFLOW_WORKSPACE="red")
    revoked = token_of(home, "ada")
    assert home.request("DELETE", f"/api/v1/tokens/{revoked['id']}").status == 200
    check("refused", runs["ada"], "401", "was revoked", "assay tokens create", **revoked)
