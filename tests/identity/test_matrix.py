"""Every route that is served, asked by everybody: each answers as its rule says, and there is none without one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route
from support.inside import Inside, opened

from assay.core.roles import Verb
from assay.dialects.rules import Place, Ruled
from assay.server.app import ruled

# Said once more, and plainly: this page must not be wrong by the same mistake as the code.
LEAST = {
    Verb.READ: "viewer",
    Verb.WRITE: "editor",
    Verb.DELETE: "editor",
    Verb.SIGN: "approver",
    Verb.PURGE: "admin",
    Verb.ERASE: "admin",
    Verb.MEMBERS: "admin",
    Verb.COLLECT: "root",
    Verb.MANAGE: "root",
    Verb.RESTORE: "root",
    Verb.SEAL: "root",
    Verb.ROTATE: "root",
}
RANKS = ("nobody", "viewer", "editor", "approver", "admin", "root")
PROBES = {"/health", "/ready", "/version"}
LOGIN = {"/login", "/logout", "/password", "/setup/{secret}"}
SHELL = {"/", "/assets/{name}", "/compare", "/compare/{rest:path}", "/experiments", "/experiments/{rest:path}"}
PUBLIC = PROBES | LOGIN | SHELL | {"/runs", "/runs/{rest:path}"}  # the shell has no data: it asks the API for that
FOREIGN = ("foreign", "capped", "elsewhere")  # an admin of another workspace, and tokens that do not reach this one


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with opened(tmp_path_factory.mktemp("matrix") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def tokens(inside: Inside) -> dict[str, str | None]:
    """Who asks, and with what."""
    found: dict[str, str | None] = {role: inside.user(role, default=role) for role in RANKS[1:5]}
    found["root"] = inside.user("root", is_admin=True)
    found["home"] = inside.house.home.token()
    found["foreign"] = inside.user("foreign", other="admin")
    inside.user("both", default="admin", other="admin")
    found["elsewhere"] = inside.token("both", workspace="other")
    found["capped"] = inside.token("foreign", cap="viewer")
    found["root but viewer"] = inside.token("root", cap="viewer")
    found["anonymous"] = None
    found["stranger"] = "assay-" + "x" * 43
    return found


def filled(path: str) -> str:
    """A path of things that do not exist."""
    values = {"workspace": "default", "workspace_name": "default", "path": "no/such", "rest": "nonsense"}
    return re.sub(r"{(\w+)(?::path)?}", lambda found: values.get(found[1], "999999"), path)


def asked(route: Ruled) -> Iterator[tuple[str, str, Any]]:
    for method in sorted((route.methods or {"GET"}) - {"HEAD", "OPTIONS", "TRACE"}):
        yield method, filled(route.path), None if method in ("GET", "DELETE") else {}


def expected(rule: Any, who: str) -> str:
    """What the rule says: let in, unknown (401), forbidden (403), or not there (404)."""
    if rule.public:
        return "in"
    if who in ("anonymous", "stranger"):
        return "unknown"
    if rule.verb is None:
        return "in"
    if who in FOREIGN:
        return "forbidden" if rule.place is Place.NONE else "absent"
    rank = {"home": "root", "root but viewer": "viewer"}.get(who, who)
    return "in" if RANKS.index(rank) >= RANKS.index(LEAST[rule.verb]) else "forbidden"


def told(inside: Inside, route: Ruled, token: str | None) -> Iterator[tuple[str, bytes]]:
    for method, path, body in asked(route):
        answer = inside.ask(method, path, body, token)
        assert answer.status < 500 or answer.status in (501, 503), (method, path, answer)
        absent = answer.status == 404 and b"Workspace 'default' not found" in answer.body
        yield {401: "unknown", 403: "forbidden"}.get(answer.status, "absent" if absent else "in"), answer.body


def test_every_route_asks_what_its_rule_says(inside: Inside, tokens: dict[str, str | None]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    wrong = []
    for route in inside.routes:
        for who, token in tokens.items():
            outcome = expected(route.rule, who)
            for found, body in told(inside, route, token):
                seen[who, found] += 1
                # A use case that asks for more than its route does says so itself.
                if found != outcome and not (route.rule.verb is None and found in ("forbidden", "absent")):
                    wrong.append((route.path, sorted(route.methods or ()), who, found, outcome, body[:200]))
    assert wrong == []
    assert seen["anonymous", "unknown"] > 200
    assert all(seen[who, "absent"] > 200 for who in FOREIGN)
    refused = [seen[role, "forbidden"] for role in ("viewer", "editor", "approver", "admin", "root", "home")]
    assert refused == sorted(refused, reverse=True)
    assert refused[0] > refused[1] > refused[3] > 5
    assert refused[4:] == [0, 0]


def test_nothing_but_probes_the_login_and_the_shell_is_public(inside: Inside) -> None:
    assert {route.path for route in inside.routes if route.rule.public} == PUBLIC


def test_a_workspace_without_a_role_answers_as_one_that_is_not_there(
    inside: Inside, tokens: dict[str, str | None]
) -> None:
    """Names cannot be enumerated: the same status, headers and bytes, but for the name that was asked for."""
    for method, path, body in (
        ("GET", "/api/v1/runs", None),
        ("POST", "/api/v1/runs", {"name": "x"}),
        ("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", None),
        ("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": "x"}),
    ):
        answers = []
        for name in ("default", "nowhere"):
            headers = {"Assay-Workspace": name, "X-MLFLOW-WORKSPACE": name}
            answer = inside.ask(method, path, body, tokens["foreign"], headers)
            answers.append((answer.status, answer.headers, answer.body.replace(name.encode(), b"NAME")))
        lengths = [answer[1].pop("content-length") for answer in answers]
        assert answers[0] == answers[1]
        assert len(set(lengths)) == 1  # both names have seven letters
        assert answers[0][0] == 404
    for name in ("default", "nowhere"):
        answer = inside.ask("GET", f"/api/3.0/mlflow/workspaces/{name}", token=tokens["foreign"])
        assert (answer.status, answer.json["message"]) == (404, f"Workspace '{name}' not found")


def test_a_route_without_a_rule_is_not_served() -> None:
    async def page(request: Any) -> None: ...

    with pytest.raises(TypeError, match="/new' says nothing of who may call it"):
        ruled([Route("/new", page)])


def test_of_all_verbs_it_is_said_who_may() -> None:
    assert set(LEAST) == set(Verb)
