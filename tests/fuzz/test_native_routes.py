"""Any request to the native API that its own document allows, or almost, gets a coded answer, soon, in form."""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from fuzz.test_mlflow_routes import MEMORY_MIB, SLOW_S, memory_mib
from hypothesis import HealthCheck, Phase
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks
from support.length import LONG, length
from support.postgres import fresh_database
from support.server import Server

from assay.dialects.native.mount import TABLE, described
from assay.wire.points import MEDIA_TYPE, pack

ENDLESS = "/api/v1/changes"  # which is tested by itself
ALLOWED = {501, 503}  # of those above 499
KNOWN = 0.8  # how often what a path names is there
AT_ONCE = 10  # at most, cases of a route, before the next one has its turn
HELD = 5  # things of a kind that are there
LOGGED = ("runs", "models")
KINDS = (*LOGGED, "experiments", "users", "groups")
CHECKS = (checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance)


@schemathesis.serializer(MEDIA_TYPE)
def points(context: Any, value: Any) -> bytes:
    """A body of points: what was drawn, or as many good points as that has bytes."""
    data = bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
    n = len(data)
    return data if n % 2 else pack(["a", "b"], [at % 2 for at in range(n)], range(n), range(n), list(map(float, data)))


@dataclass
class Pool:
    """What is on the server, made anew as it is deleted."""

    url: str
    session: requests.Session
    chance: random.Random
    things: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def fill(self) -> None:
        """A few of everything are there, with something in them."""
        for kind, ids in self.things.items():
            while len(ids) < HELD:
                body = {"name": f"f{secrets.token_hex(8)}"}
                if kind in LOGGED:  # the experiment that is there by itself may be deleted by now
                    body["experiment"] = f"e{secrets.token_hex(8)}"
                told = self.session.post(f"{self.url}/api/v1/{kind}", json=body, timeout=30).json()
                made = told["id"] if kind in (*LOGGED, "experiments") else told["name"]
                ids.append(str(made))
                if kind in LOGGED:
                    self.session.put(f"{self.url}/api/v1/{kind}/{made}/files/a.txt", b"abc", timeout=30)

    def known(self, kind: str, *, gone: bool) -> str:
        """The id of something that is there; `gone`: and will not be."""
        ids = self.things[kind]
        at = self.chance.randrange(len(ids))
        return ids.pop(at) if gone else ids[at]


def prepared(case: Any, pool: Pool) -> Any:
    """The case, which mostly means things that are there."""
    kind = case.path.split("/")[3] if case.path.count("/") > 2 else ""
    if kind in pool.things and "id" in case.path_parameters and pool.chance.random() < KNOWN:
        pool.fill()
        whole = case.path.endswith("{id}") and case.method == "DELETE"
        case.path_parameters["id"] = pool.known(kind, gone=whole)
        if "path" in case.path_parameters and pool.chance.random() < 0.5:
            case.path_parameters["path"] = pool.chance.choice(["a.txt", "b/c.bin"])
    if pool.chance.random() < KNOWN:  # mostly in the workspace that is there
        for part, name in ((case.query, "workspace"), (case.headers, "Assay-Workspace")):
            if part and name in part:
                del part[name]
        if "workspace" in case.path_parameters:
            case.path_parameters["workspace"] = "default"
    if case.query and "first" in case.query and pool.chance.random() < 0.7:
        case.query = {**case.query, "first": 0, "epoch": 0, "writer": secrets.token_hex(4)}
    if case.path.endswith("/retention") and isinstance(case.body, dict) and pool.chance.random() < KNOWN:
        case.body = {**case.body, "days": 365}  # nothing is so old: the pool stays
        case.body.pop("max_bytes", None)
    if case.path.endswith("/quota") and isinstance(case.body, dict):  # nor does it hit a bound
        case.body = {name: 1 << 40 if isinstance(value, int) else value for name, value in case.body.items()}
    return case


def fault(case: Any, response: Any, seconds: float) -> str | None:
    """What is wrong with this answer."""
    if seconds > SLOW_S:
        return f"took {seconds:.1f} s"
    if response.status_code == 400 and response.content == b"Invalid HTTP request received.":
        return None  # it never came to be a request
    if response.status_code >= 400 and response.status_code != 416:
        if response.headers.get("content-type") != ["application/problem+json"]:
            return "is no problem+json"
        told = response.json()
        if told["status"] != response.status_code or not told["detail"]:
            return "says nothing, or another status"
        if told["code"] in ("invalid_input", "too_large") and not (told.get("field") and told.get("remedy")):
            return "names no field or remedy"
        if response.status_code >= 500 and response.status_code not in ALLOWED:
            return f"is {told['code']}"
        if told["code"] == "route_not_found":
            return None  # a spoiled path, or method, is another route
    try:
        case.validate_response(response, checks=CHECKS)
    except (Exception, FailureGroup) as error:
        return f"is not as described: {error!r}"[:1_500]
    return None


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server on each engine."""
    options: list[str] = []
    if request.param == "postgresql":
        options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
    running = Server(tmp_path / "home", options).start()
    yield running
    running.stop()


@pytest.mark.timeout(3_600 if LONG else 600)
def test_every_request_is_answered_in_form(server: Server, record_property: Callable[[str, object], None]) -> None:
    load_all_checks()
    seed = int(os.environ.get("ASSAY_FUZZ_SEED", secrets.randbits(32) if LONG else 20_262))
    print(f"\nASSAY_FUZZ_SEED={seed}")
    chance, session = random.Random(seed), requests.Session()
    session.headers["Authorization"] = f"Bearer {(server.home / 'token').read_text().strip()}"  # who may everything
    pool = Pool(server.url, session, chance)
    pool.fill()
    schema = schemathesis.openapi.from_dict(described())
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = [operation for operation in operations if operation.path != ENDLESS]
    assert len(asked) == len(TABLE) - 1
    seen: Counter[tuple[str, int]] = Counter()
    faults: list[str] = []
    total, rounds = length(1_000 if "--store" not in server.options else 300, 10_000), 0

    def ask(case: Any) -> None:
        if sum(seen.values()) >= total:
            return
        case = prepared(case, pool)
        began = time.perf_counter()
        response = case.call(base_url=server.url, session=session, timeout=30)
        found = fault(case, response, time.perf_counter() - began)
        seen[case.operation.label, response.status_code] += 1
        if found:
            faults.append(
                f"{response.status_code} {found}\n  {case.as_curl_command()[:800]}\n  {response.content[:300]!r}"
            )

    while sum(seen.values()) < total:
        rounds += 1
        for operation in asked:
            for mode in schemathesis.GenerationMode:
                if mode is schemathesis.GenerationMode.NEGATIVE and not (len(operation.query) or len(operation.body)):
                    continue  # nothing of it can be wrong
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    some = hypothesis.given(strategy)(ask)
                    some = hypothesis.seed(seed + rounds)(some)
                    hypothesis.settings(
                        max_examples=min(AT_ONCE, total // (2 * len(asked))),
                        database=None,
                        deadline=None,
                        phases=[Phase.generate],
                        suppress_health_check=list(HealthCheck),
                    )(some)()
                except hypothesis.errors.Unsatisfiable:
                    continue  # nothing more of it can be drawn
    statuses = Counter[int]()
    for (_, status), count in seen.items():
        statuses[status] += count
    for (label, status), count in sorted(seen.items()):
        print(f"{status} {count:6} {label}")
    assert server.process is not None
    peak = memory_mib(server.process.pid)
    told = f"{sum(seen.values())} fuzz cases, {len(faults)} faults, peak {peak:.0f} MiB; "
    told += ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    print(told)
    record_property("evidence", told)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:20])
    assert {label for label, _ in seen} == {operation.label for operation in asked}
    assert sum(count for status, count in statuses.items() if status < 300) >= total / 5
    assert statuses[404] <= total / 2
    assert peak < MEMORY_MIB


def test_the_fuzz_sees_what_is_wrong() -> None:
    """An answer without a code, and one that is another than described, are both faults."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(described())
    case = schema["/api/v1/runs/{id}"]["GET"].Case(path_parameters={"id": "x"})

    def answered(status: int, body: Any, kind: str = "application/json") -> str | None:
        request = requests.Request("GET", "http://127.0.0.1/api/v1/runs/x").prepare()
        content = json.dumps(body).encode()
        response = schemathesis.Response(status, {"content-type": [kind]}, content, request, 0.1, verify=False)
        return fault(case, response, 0.1)

    problem = {"type": "about:blank", "title": "t", "status": 404, "code": "not_found", "detail": "d"}
    assert answered(404, problem, "application/problem+json") is None
    assert answered(404, problem) == "is no problem+json"
    wrong = {**problem, "status": 500, "code": "internal"}
    assert answered(500, wrong, "application/problem+json") == "is internal"
    assert re.match("is not as described", answered(200, {"id": 5}) or "")
    assert re.match("is not as described", answered(418, problem, "text/plain") or "is no problem+json") is None
