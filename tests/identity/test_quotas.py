"""Quotas of a workspace: what passes one is refused, by name, with what to do, and nothing of it is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.inside import Inside, opened
from support.postgres import fresh_database

from assay.core.accounts import Quota
from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services import quotas
from assay.services.files import RunFiles
from assay.wire.errors import QuotaExceeded

OCTETS = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    store = None
    if request.param == "postgresql":
        store = fresh_database(request.getfixturevalue("database_server"))
    with opened(tmp_path_factory.mktemp("quotas") / "home", store) as found:
        yield found


def bounded(inside: Inside, name: str, **quota: int) -> Scope:
    """A workspace of this quota, with an experiment."""
    scope = inside.scope(name)
    inside.house.services.experiments.create(scope, "experiment")
    inside.house.services.workspaces.set_quota(scope, Quota(**quota))
    inside.house.services.access.refresh()
    return scope


def run(inside: Inside, scope: Scope) -> str:
    services = inside.house.services
    return services.runs.create(scope, services.experiments.by_name(scope, "experiment").id, name="run").run.uid


def told(refused: Any, field: str, bound: int) -> None:
    assert (refused.value.code, refused.value.field, refused.value.bound) == ("quota_exceeded", field, bound)
    assert "purge" in refused.value.remedy


def test_runs_are_counted_exactly(inside: Inside) -> None:
    """Also those that were made at once, by any way in, and purged ones make room."""
    scope = bounded(inside, "runs", runs=3)
    uid = run(inside, scope)
    made: list[str] = []
    refused: list[QuotaExceeded] = []

    def make() -> None:
        try:
            made.append(run(inside, scope))
        except QuotaExceeded as error:
            refused.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (2, 4)
    services = inside.house.services
    with pytest.raises(QuotaExceeded) as error:
        services.branches.fork(scope, uid, name="copy")
    told(error, "runs", 3)
    services.runs.delete(scope, uid)
    services.purge.purge(scope, [uid], grace_days=0)
    assert run(inside, scope)


def test_names_of_keys_are_counted_exactly(inside: Inside) -> None:
    scope = bounded(inside, "keys")
    uid = run(inside, scope)
    services = inside.house.services
    held = services.workspaces.quota(scope)[1].keys
    services.workspaces.set_quota(scope, Quota(keys=held + 2))
    services.runs.log(scope, Logged(uid, ["a", "b"], [1.0, 1.0], [0, 0], [0, 0])).result()
    services.runs.log(scope, Logged(uid, ["a"], [2.0], [1], [1])).result()  # known names go on
    for logged in (
        Logged(uid, ["c"], [1.0], [0], [0]),
        Logged(uid, params={"c": "1"}),
        Logged(uid, tags={"c": "1"}),
    ):
        with pytest.raises(QuotaExceeded) as error:
            services.runs.log(scope, logged).result()
        told(error, "keys", held + 2)
    assert services.workspaces.quota(scope)[1].keys == held + 2
    assert [item.key for item in services.runs.get(scope, uid).metrics] == ["a", "b"]


def test_who_passes_a_quota_does_not_spoil_his_neighbours_call(inside: Inside) -> None:
    """Calls are committed in groups: one that is refused is refused alone."""
    scope = bounded(inside, "group")
    uid, other = run(inside, scope), run(inside, inside.scope("group"))
    services = inside.house.services
    services.runs.log(scope, Logged(uid, ["a"], [1.0], [0], [0])).result()
    services.workspaces.set_quota(scope, Quota(keys=services.workspaces.quota(scope)[1].keys))
    sent = [
        services.runs.log(scope, Logged(uid if at % 2 else other, [f"new-{at}" if at % 3 else "a"], [1.0], [at], [at]))
        for at in range(12)
    ]
    refused = [type(future.exception(30)) for future in sent]
    assert refused == [QuotaExceeded if at % 3 else type(None) for at in range(12)]


def test_points_and_bytes_are_counted_now_and_then(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = bounded(inside, "points", points=10, bytes=100)
    services = inside.house.services
    now_s = services.quotas._clock_s()
    monkeypatch.setattr(services.quotas, "_clock_s", lambda: now_s)
    uid = run(inside, scope)
    services.quotas.recount(scope.workspace_id)

    def log(first: int, count: int) -> None:
        steps = range(first, first + count)
        services.runs.log(scope, Logged(uid, ["loss"] * count, [0.5] * count, steps, steps)).result()

    log(0, 6)
    with pytest.raises(QuotaExceeded) as error:
        log(6, 5)
    told(error, "points", 10)
    log(6, 4)
    services.quotas.recount(scope.workspace_id)
    with pytest.raises(QuotaExceeded):
        log(10, 1)
    services.branches.rewind(scope, uid, 4)
    now_s += quotas.EVERY_S
    services.quotas.recount(scope.workspace_id)
    log(5, 5)
    home, path = inside.house.home.token(), f"/api/v1/runs/{uid}/files/"
    named = OCTETS | {"Assay-Workspace": "points"}
    assert inside.ask("PUT", f"{path}a", b"x" * 60, home, named).status == 200
    answer = inside.ask("PUT", f"{path}b", b"x" * 41, home, named)
    assert (answer.status, answer.json["code"], answer.json["bound"]) == (409, "quota_exceeded", 100)
    large = inside.ask("PUT", f"{path}b", b"x" * (3 << 20), home, named)
    assert large.json["code"] == "quota_exceeded"
    assert services.files.walk(scope, RunFiles(uid)).items[0].path == "a"
    named = OCTETS | {"X-MLFLOW-WORKSPACE": "points"}
    answer = inside.ask("PUT", "/api/2.0/mlflow-artifacts/artifacts/c", b"x" * 41, home, named)
    assert (answer.status, answer.json["error_code"]) == (400, "RESOURCE_EXHAUSTED")


def test_a_workspace_without_a_quota_asks_for_no_count(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = inside.scope("unbounded")
    inside.house.services.experiments.create(scope, "experiment")
    uid = run(inside, scope)
    monkeypatch.setattr(inside.house.services.quotas, "_admit", None)
    inside.house.services.runs.log(scope, Logged(uid, ["a"], [1.0], [0], [0])).result()
