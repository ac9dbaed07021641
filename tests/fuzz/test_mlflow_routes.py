"""Any request gets a coded answer, soon, from a server that stays small; a refused one changes nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from fuzz.cases import ROUTES, Maker, Pool, Request
from support.length import LONG, length
from support.postgres import fresh_database
from support.s3 import s3_server
from support.server import ROOT, Answer, Http, Server

SLOW_S = 5.0
MEMORY_MIB = 500 / 1.048576  # 500 MB
# Where stock itself answers so: the clients know these codes behind a status of 500 and more.
MEANT = {
    "INVALID_STATE": ("experiments/update", "experiments/set-experiment-tag", "experiments/delete-experiment-tag"),
    "NOT_IMPLEMENTED": ("mpu/", "presigned"),
}
# What is refused before any of its fields was understood.
UNDECODED = ("Hint: Value was of type", "Missing value for required parameter", "Bad Request. Content-Type")
GUARDED = ("runs/log-", "runs/set-tag", "runs/delete-tag", "runs/outputs", "runs/update")


def memory_mib(pid: int) -> float:
    """The highest resident size that the process ever had, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@pytest.fixture(params=["folder", "s3", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server on SQLite and a folder, with files in S3 (only there are parts and links taken), or on PostgreSQL."""
    with ExitStack() as stack:
        options: list[str] = []
        env: dict[str, str] = {}
        if request.param == "s3":
            s3 = stack.enter_context(s3_server())
            options, env = ["--artifacts", f"s3://{s3.bucket()}/fuzz"], s3.env
        if request.param == "postgresql":
            options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
        running = Server(tmp_path / "home", options, env).start()
        stack.callback(running.stop)
        yield running


def sent(url: str) -> str:
    """The store's tag of a part, after sending it where a link says."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("PUT", f"{parts.path}?{parts.query}", b"part")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200
    return answer.headers["ETag"]


def learn(pool: Pool, request: Request, answer: Answer) -> None:
    """What an accepted request made can be used by later ones."""
    if answer.status != 200 or request.method not in ("POST", "PUT"):
        return
    path, _, query = request.path.partition("?")
    if request.method == "PUT":
        place = unquote(path.partition("/mlflow-artifacts/artifacts/")[2])
        pool.places.append(place)
        if found := re.fullmatch(r"\d+/models/(m-\w+)/artifacts/(.+)", place):
            pool.files.append((found[1], found[2]))
    elif request.route.endswith("upload-artifact"):
        asked = parse_qs(query)
        pool.files.append((asked["run_uuid"][0], asked["path"][0]))
    elif "mpu/create" in request.route:
        given = {"folder": unquote(path.partition("/mpu/create/")[2]), "path": json.loads(request.body or b"")["path"]}
        part = {"part_number": 1, "etag": sent(answer.json["credentials"][0]["url"]), "url": ""}
        pool.uploads.append({**given, "upload_id": answer.json["upload_id"], "parts": [part]})
    elif request.route.endswith("experiments/create"):
        pool.experiments.append(answer.json["experiment_id"])
    elif request.route.endswith("runs/create"):
        pool.runs.append(answer.json["run"]["info"]["run_id"])
    elif request.route.endswith("/logged-models"):
        pool.models.append(answer.json["model"]["info"]["model_id"])


def fault(request: Request, answer: Answer, seconds: float) -> str | None:
    """What is wrong with this answer."""
    if seconds > SLOW_S:
        return f"took {seconds:.1f} s"
    if answer.status < 400:
        return None
    try:
        code = answer.json["error_code"]
        message = answer.json["message"]
    except (ValueError, KeyError, TypeError):
        unrouted = answer.status in (404, 405) and "{" in request.route  # a spoiled path is another route
        return None if unrouted else "is not in MLflow's form"
    if not message:
        return "says nothing"
    if answer.status >= 500 and not any(part in request.route for part in MEANT.get(code, ())):
        return f"is {code}"
    return None


def decoded_by(request: Request, answer: Answer) -> bool:
    """Whether the request got past the reading of its fields."""
    if not request.decodes:
        return False
    if answer.status != 400:
        return True
    return not any(words in answer.json["message"] for words in UNDECODED)


def state_of(http: Http, request: Request) -> Any:
    """The run that the request names, if it names one and is of a kind that must leave it alone when refused."""
    if not any(name in request.route for name in GUARDED) or not request.decodes:
        return None
    run_id = json.loads(request.body or b"{}").get("run_id")
    if not isinstance(run_id, str) or not re.fullmatch("[0-9a-f]{32}", run_id):
        return None
    return http.request("GET", "/api/2.0/mlflow/runs/get", run_id=run_id).json


def test_every_request_is_answered_in_form(server: Server, record_property: Callable[[str, object], None]) -> None:
    seed = int(os.environ.get("ASSAY_FUZZ_SEED", secrets.randbits(32) if LONG else 20_261))
    print(f"\nASSAY_FUZZ_SEED={seed}")
    client, pool = server.http(), Pool()
    for _ in range(3):
        run = client.mlflow("POST", "runs/create", {"experiment_id": "0"})
        pool.runs.append(run["run"]["info"]["run_id"])
        model = client.mlflow("POST", "logged-models", {"experiment_id": "0", "name": "m"})
        pool.models.append(model["model"]["info"]["model_id"])
    maker = Maker(seed, pool)
    seen: Counter[tuple[str, int]] = Counter()
    faults: list[str] = []
    decoded = accepted = 0
    total = length(1_000, 10_000)
    for number in range(total):
        request = maker.next()
        before = state_of(client, request)
        began = time.perf_counter()
        answer = client.request(request.method, request.path, request.body, request.headers)
        found = fault(request, answer, time.perf_counter() - began)
        if found is None and before is not None and answer.status >= 400 and state_of(client, request) != before:
            found = "was refused, and changed the run"
        if found:
            shown = f"{request.method} {request.path[:300]} {(request.body or b'')[:500]!r}"
            faults.append(f"case {number}: {found}: {answer.status} {answer.body[:300]!r}\n  {shown}")
        learn(pool, request, answer)
        seen[request.route, answer.status] += 1
        decoded += decoded_by(request, answer)
        accepted += answer.status < 300
    client.close()
    for (route, status), count in sorted(seen.items()):
        print(f"{status} {count:6} {route}")
    assert server.process is not None
    peak = memory_mib(server.process.pid)
    statuses = Counter[int]()
    for (_, status), count in seen.items():
        statuses[status] += count
    told = f"{total} fuzz cases: {decoded} decoded, {accepted} accepted, {len(faults)} faults, peak {peak:.0f} MiB; "
    told += ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    print(told)
    record_property("evidence", told)
    if LONG:
        for route in sorted({route for route, _ in seen}):
            shares = ", ".join(f"{s}: {count}" for (r, s), count in sorted(seen.items()) if r == route)
            record_property("evidence", f"{route}: {shares}")
    assert not faults, "\n".join(faults[:20])
    assert {route for route, _ in seen} == set(ROUTES), "some routes were never asked"
    assert decoded >= total / 2
    assert accepted >= total / 5
    assert peak < MEMORY_MIB


def test_every_route_is_among_the_cases() -> None:
    """The generated page lists the routes of the dialect; what has no fields to spoil is left out."""
    page = (ROOT / "docs/reference/mlflow-routes.md").read_text()
    rows = re.findall(r"^\| (\w+) \| `(mlflow[^`]*)` \|", page, re.MULTILINE)
    plain = {re.sub(r":path\}", "}", f"{method} /{path}") for method, path in rows}
    without = {route for route in plain if route not in ROUTES}
    assert len(plain) > 40
    assert without == {"GET /mlflow/server-info"}
