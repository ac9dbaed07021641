"""Two users in two workspaces, each with the official client and nothing but environment variables.

One comes with a token, the other with his name and password.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.house import assay
from support.flows import run_flow
from support.server import Answer, Http, Server
from support.visitor import Visitor

SCRIPT = "../workspace_side.py"
CLIENT = "mlflow-3"  # workspaces came with 3
PASSWORD = "correct horse battery"


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


def password_of(server: Server, user: str) -> dict[str, str]:
    """The environment of a client that comes by name and password, which the user set by an admin's link."""
    link = assay("users", "invite", user, "--home", server.home).stdout.strip()
    visitor = Visitor(server.url)
    visitor.submit(visitor.visit(link), password=PASSWORD, again=PASSWORD, hops=0)
    return {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": PASSWORD}


@pytest.mark.timeout(600)
def test_two_users_in_two_workspaces(server: Server, tmp_path: Path) -> None:
    home = Owner(server)
    people = {"ada": "red", "bob": "blue"}
    for user, workspace in people.items():
        home.request("POST", "/api/v1/users", {"name": user})
        home.request("POST", "/api/v1/workspaces", {"name": workspace})
        home.request("PATCH", f"/api/v1/workspaces/{workspace}/members", {"user": user, "role": "editor"})
    ada, bob = token_of(home, "ada"), password_of(server, "bob")
    runs = {}
    for user, env in (("ada", ada), ("bob", bob)):
        folder = tmp_path / user
        folder.mkdir()
        run_flow(CLIENT, SCRIPT, server.url, folder, "work", "fraud", **env, MLFLOW_WORKSPACE=people[user])
        runs[user] = (folder / "run_id").read_text()
    folder = tmp_path / "ada"

    def check(*words: str, **env: str) -> None:
        run_flow(CLIENT, SCRIPT, server.url, folder, *words, **env)

    check("foreign", runs["bob"], "red", "blue", **ada, MLFLOW_WORKSPACE="red")
    check("foreign", runs["ada"], "blue", "red", **bob, MLFLOW_WORKSPACE="blue")
    wrong = {**bob, "MLFLOW_TRACKING_PASSWORD": "wrong horse battery"}
    check("unknown", runs["bob"], "name or the password is wrong", **wrong, MLFLOW_WORKSPACE="blue")
    viewer = token_of(home, "ada", cap="viewer")
    check("only_reads", runs["ada"], "may not write", "editor", **viewer, MLFLOW_WORKSPACE="red")
    revoked = token_of(home, "ada")
    assert home.request("DELETE", f"/api/v1/tokens/{revoked['id']}").status == 200
    check("refused", runs["ada"], "401", "was revoked", "assay tokens create", **revoked)
