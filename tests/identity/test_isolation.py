"""Two workspaces of one server, over HTTP: neither sees, nor changes, anything of the other, in either dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.inside import Inside, opened
from support.postgres import fresh_database

FILES = "/api/2.0/mlflow-artifacts/artifacts"
M = "/api/2.0/mlflow"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    store = None
    if request.param == "postgresql":
        store = fresh_database(request.getfixturevalue("database_server"))
    with opened(tmp_path_factory.mktemp("isolation") / "home", store) as found:
        yield found


class Member:
    """Somebody in one workspace, in both dialects."""

    def __init__(self, inside: Inside, workspace: str) -> None:
        self.inside = inside
        self.workspace = workspace
        self.token = inside.user(f"member-of-{workspace}", **{workspace: "admin"})

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> Any:
        """The answer in his workspace."""
        named = {"Assay-Workspace": self.workspace, "X-MLFLOW-WORKSPACE": self.workspace}
        return self.inside.ask(method, path, body, self.token, named | (headers or {}), **query)

    def make(self, path: str, body: Any, **headers: str) -> Any:
        """What was made."""
        answer = self.ask("POST", f"/api/v1/{path}", body, headers)
        assert answer.status == 201, answer
        return answer.json


@pytest.fixture(scope="module")
def mine(inside: Inside) -> Member:
    return Member(inside, "red")


@pytest.fixture(scope="module")
def theirs(inside: Inside) -> Member:
    return Member(inside, "blue")


def test_names_keys_and_files_of_one_workspace_are_nothing_in_another(mine: Member, theirs: Member) -> None:
    key = {"Idempotency-Key": "the same"}
    ids = []
    for one in (mine, theirs):
        one.make("experiments", {"name": "fraud"})
        run = one.make("runs", {"experiment": "fraud", "name": one.workspace}, **key)
        assert one.ask("POST", "/api/v1/runs", {"experiment": "fraud"}, key).json["id"] == run["id"]
        ids.append(run["id"])
        for path in (f"{FILES}/loose.txt", f"/api/v1/runs/{run['id']}/files/own.txt"):
            assert one.ask("PUT", path, b"the same bytes", {"content-type": "application/octet-stream"}).status == 200
    assert ids[0] != ids[1]
    theirs.ask("DELETE", f"{FILES}/loose.txt")
    assert mine.ask("GET", f"{FILES}/loose.txt").body == b"the same bytes"
    assert theirs.ask("GET", f"{FILES}/loose.txt").status == 404


def test_everything_of_a_run_is_not_found_from_elsewhere(mine: Member, theirs: Member) -> None:
    """Every route of the native API that names a run or a model, and MLflow's."""
    run = mine.make("runs", {"name": "secret"})
    model = mine.make("models", {"experiment": "Default", "name": "clf"})
    place = {"content-type": "application/octet-stream"}
    assert mine.ask("PUT", f"/api/v1/runs/{run['id']}/files/a.txt", b"x", place).status == 200
    batch = {"run_id": run["id"], "metrics": [{"key": "loss", "value": 1, "timestamp": 1, "step": 0}]}
    assert mine.ask("POST", f"{M}/runs/log-batch", batch).status == 200
    before = mine.ask("GET", f"/api/v1/runs/{run['id']}").body
    number = run["experiment_id"]
    asked: list[tuple[str, str, Any]] = [
        ("POST", f"{M}/runs/log-batch", batch),
        ("POST", f"{M}/runs/log-metric", {"run_id": run["id"], "key": "k", "value": 1, "timestamp": 1}),
        ("POST", f"{M}/runs/set-tag", {"run_id": run["id"], "key": "k", "value": "v"}),
        ("POST", f"{M}/runs/update", {"run_id": run["id"], "status": "FINISHED"}),
        ("POST", f"{M}/runs/delete", {"run_id": run["id"]}),
        ("POST", f"{M}/runs/create", {"experiment_id": str(number)}),
        ("GET", f"{M}/runs/get?run_id={run['id']}", None),
        ("GET", f"{M}/metrics/get-history?run_id={run['id']}&metric_key=loss", None),
        ("GET", f"{M}/artifacts/list?run_id={run['id']}", None),
        ("GET", f"/get-artifact?run_id={run['id']}&path=a.txt", None),
        ("GET", f"{FILES}/{number}/{run['id']}/artifacts/a.txt", None),
        ("GET", f"{M}/experiments/get?experiment_id={number}", None),
        ("POST", f"{M}/experiments/update", {"experiment_id": str(number), "new_name": "stolen"}),
        ("GET", f"{M}/logged-models/{model['id']}", None),
        ("DELETE", f"{M}/logged-models/{model['id']}", None),
        *((method, f"/api/v1/runs/{run['id']}{tail}", body) for method, tail, body in OF_RUNS),
        *((method, f"/api/v1/models/{model['id']}{tail}", body) for method, tail, body in OF_MODELS),
        ("GET", f"/api/v1/experiments/{number}", None),
        ("DELETE", f"/api/v1/experiments/{number}", None),
    ]
    for method, path, body in asked:
        answer = theirs.ask(method, path, body)
        nothing = "get-history" in path and answer.body == b"{}"  # stock answers so of a run that is not there
        assert answer.status == 404 or nothing, (method, path, answer)
    assert mine.ask("GET", f"/api/v1/runs/{run['id']}").body == before
    assert theirs.ask("PUT", f"{FILES}/{number}/{run['id']}/artifacts/a.txt", b"stolen", place).status == 200
    assert mine.ask("GET", f"/api/v1/runs/{run['id']}/files/a.txt").body == b"x"  # that was a loose file of theirs


OF_RUNS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"name": "stolen"}),
    ("DELETE", "", None),
    ("POST", "/restore", None),
    ("GET", "/state", None),
    ("POST", "/stop", {}),
    ("POST", "/fork", {}),
    ("POST", "/rewind", {"step": 0}),
    ("POST", "/writers", {"name": "w"}),
    ("POST", "/heartbeat", {"name": "w"}),
    ("GET", "/series", None),
    ("GET", "/history?key=loss", None),
    ("GET", "/values", None),
    ("GET", "/console", None),
    ("GET", "/files", None),
    ("GET", "/files/a.txt", None),
    ("DELETE", "/files/a.txt", None),
]
OF_MODELS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"tags": {"a": "b"}}),
    ("DELETE", "", None),
    ("GET", "/files", None),
]


def test_lists_and_counts_speak_of_one_workspace(mine: Member, theirs: Member) -> None:
    run = mine.make("runs", {"name": "counted", "config": {"only-mine": 1}, "tags": {"only": "mine"}})
    mine.make("imports", {"kind": "k", "source": "s", "name": "n", "document": {}})
    asked: list[tuple[str, str, Any, bytes]] = [
        ("GET", "/api/v1/runs", None, run["id"].encode()),
        ("GET", "/api/v1/keys", None, b"only-mine"),
        ("GET", "/api/v1/keys/values?kind=tag&key=only", None, b'"mine"'),
        ("GET", "/api/v1/imports", None, b'"n"'),
        ("POST", f"{M}/runs/search", {"experiment_ids": [str(run["experiment_id"])]}, run["id"].encode()),
    ]
    for method, path, body, secret in asked:
        seen, unseen = mine.ask(method, path, body), theirs.ask(method, path, body)
        assert (seen.status, unseen.status) == (200, 200), (path, seen, unseen)
        assert secret in seen.body, path
        assert secret not in unseen.body, path


def test_the_query_names_a_workspace_where_headers_cannot(mine: Member, theirs: Member) -> None:
    run = mine.make("runs", {"name": "linked"})
    ask = mine.inside.ask
    assert ask("GET", f"/api/v1/runs/{run['id']}?workspace=red", token=mine.token).status == 200
    assert ask("GET", f"/api/v1/runs/{run['id']}?workspace=red", token=theirs.token).status == 404
    both = ask("GET", "/api/v1/runs?workspace=red", token=mine.token, headers={"Assay-Workspace": "blue"})
    assert (both.status, both.json["field"]) == (422, "workspace")


def test_changes_are_told_of_one_workspace(mine: Member, theirs: Member) -> None:
    first = mine.ask("GET", "/api/v1/changes")
    position = first.body.decode().split("id: ")[1].split("\n")[0]
    run = mine.make("runs", {"name": "changed"})
    for one, sees in ((mine, True), (theirs, False)):
        changes, _ = mine.inside.house.services.changes.since(mine.inside.scope(one.workspace), position)
        assert (run["id"] in [change.run_uid for change in changes]) is sees


def test_purging_stays_in_its_workspace(mine: Member, theirs: Member) -> None:
    run = mine.make("runs", {"name": "purged"})
    mine.ask("DELETE", f"/api/v1/runs/{run['id']}")
    body = {"ids": [run["id"]], "grace_days": 0}
    assert theirs.ask("POST", "/api/v1/purge", body).status == 404
    assert theirs.ask("POST", "/api/v1/purge", {"all": True, "grace_days": 0}).json["runs"] == 0
    assert mine.ask("POST", "/api/v1/purge", body).json["runs"] == 1
