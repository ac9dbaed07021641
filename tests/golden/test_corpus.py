"""The script is asked of stock mlflow and of Assay; what differs is what the dialect's page lists, and nothing else."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from golden import stock
from golden.compare import differences, faults, listed
from golden.corpus.all import script
from golden.replay import Outcome, Replay, canonical
from starlette.responses import Response
from starlette.routing import Route
from support.server import Server

from assay.dialects.mlflow import app

REQUESTS_A_ROUTE = 5
PREFIXES = ("/api/2.0/", "/ajax-api/2.0/", "/api/3.0/", "/ajax-api/3.0/")
NEVER_WRONG = {"GET /version", "GET /health"}  # they read nothing of the request
# Stock on a local disk refuses all of these, so no request is right for both servers
NEVER_RIGHT = {
    "POST mlflow-artifacts/mpu/abort/{path:path}",
    "POST mlflow-artifacts/mpu/complete/{path:path}",
    "POST mlflow-artifacts/mpu/create/{path:path}",
    "GET mlflow-artifacts/presigned/{path:path}",
    "POST mlflow/artifacts/presigned-download-url",
    "POST mlflow/artifacts/presigned-upload-url",
}
# What a 5xx of ours may say: the server knows why, and clients are told it with stock's status
MEANT = {"NOT_IMPLEMENTED", "INVALID_STATE"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What Assay answers."""
    server = Server(tmp_path_factory.mktemp("assay") / "home").start()
    try:
        return Replay(server.http()).play(script())
    finally:
        server.stop()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What stock answers now; its start takes most of the time that these tests take."""
    return stock.answers(tmp_path_factory.mktemp("stock"))


def told(said: list[str]) -> str:
    """Faults, as a failed test shows them."""
    return "\n".join([f"{len(said)} faults of docs/reference/mlflow-differences.toml:", *said])


def test_we_differ_from_the_recording_as_listed(ours: dict[str, Outcome]) -> None:
    said = faults(differences(stock.recorded(), ours), listed())
    assert not said, told(said)


def test_we_differ_from_stock_as_listed(
    ours: dict[str, Outcome], theirs: dict[str, Outcome], record_property: Callable[[str, object], None]
) -> None:
    found = differences(theirs, ours)
    said = faults(found, listed())
    assert not said, told(said)
    steps = {item.step for item in found}
    record_property("evidence", f"{len(theirs)} requests to both servers, {len(steps)} answered otherwise, all listed")


def test_stock_answers_as_it_was_recorded(theirs: dict[str, Outcome]) -> None:
    recorded = stock.recorded()
    assert list(recorded) == list(theirs), "record it again (see golden/stock.py)"
    changed = [step for step in theirs if canonical(theirs[step]) != canonical(recorded[step])]
    assert not changed, "\n".join(
        f"{step}\n  then {canonical(recorded[step])}\n  now  {canonical(theirs[step])}" for step in changed
    )


def test_no_request_breaks_us(ours: dict[str, Outcome]) -> None:
    """A listed difference may be anything but an internal error or a closed connection (status 0)."""
    broken = {
        step: told
        for step, told in ours.items()
        if not 0 < told["status"] < 500 and told.get("error_code") not in MEANT
    }
    assert not broken, "\n".join(f"{step}\n  {canonical(told)[:400]}" for step, told in broken.items())


WITHOUT_STOCK = "/mlflow/workspaces"  # which stock answers only with workspaces turned on, and then asks for one always


def asked() -> dict[str, list[int]]:
    """Each route of the dialect, and /health -> the statuses with which stock answers the requests that reach it."""
    blank: list[Any] = [None] * len(inspect.signature(app.routes).parameters)
    routes = [route for route in app.routes(*blank) if isinstance(route, Route) and WITHOUT_STOCK not in route.path]
    routes.append(Route("/health", lambda request: Response()))  # the server's own, beside every dialect
    found: dict[str, list[int]] = defaultdict(list)
    recorded = stock.recorded()

    def name(route: Route, method: str) -> str:
        prefix = next((prefix for prefix in PREFIXES if route.path.startswith(prefix)), "")
        return f"{method} {route.path.removeprefix(prefix)}"

    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            found[name(route, method)] += []
    for step in script():
        reached = (route for route in routes if step.method in (route.methods or ()))
        route = next((route for route in reached if route.path_regex.match(step.path.partition("?")[0])), None)
        if route is not None:
            found[name(route, step.method)].append(recorded[step.id]["status"])
    return found


def test_every_route_is_asked_rightly_and_wrongly() -> None:
    statuses = asked()
    assert {*NEVER_WRONG, *NEVER_RIGHT} <= statuses.keys()
    few = {route: found for route, found in statuses.items() if len(found) < REQUESTS_A_ROUTE}
    assert not few, few
    assert {route for route, found in statuses.items() if max(found) < 400} == NEVER_WRONG
    assert {route for route, found in statuses.items() if min(found) >= 300} == NEVER_RIGHT
