"""Tokens of users: what each gives, how it ends, and what whoever comes with it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select
from support.inside import ROOT, Inside, opened

from assay.core.scope import Scope
from assay.services import access
from assay.stores import schema
from assay.wire.errors import PermissionDenied, RuleViolation

ME = "/api/v1/me"
HOUR_US = 3_600 * 1_000_000


@pytest.fixture
def inside(tmp_path: Any) -> Iterator[Inside]:
    with opened(tmp_path / "home") as found:
        yield found


def test_without_users_everybody_tracks_and_the_home_governs(inside: Inside) -> None:
    told = inside.ask("GET", ME).json
    assert (told["name"], told["how"], told["roles"]) == ("local", "none", {"default": "editor"})
    assert inside.ask("POST", "/api/v1/users", {"name": "ada"}).status == 403
    assert inside.ask("POST", "/api/v1/users", {"name": "ada"}, inside.house.home.token()).status == 201
    refused = inside.ask("GET", ME)
    assert (refused.status, refused.json["code"]) == (401, "unauthenticated")
    assert "assay login" in refused.json["remedy"]
    told = inside.ask("GET", ME, token=inside.house.home.token()).json
    assert (told["name"], told["is_admin"], told["is_user"]) == ("home", True, False)


def test_a_token_gives_what_its_user_has_and_no_more_than_it_says(inside: Inside) -> None:
    inside.user("ada", default="admin", risk="editor")
    for given, roles in (
        ({}, {"default": "admin", "risk": "editor"}),
        ({"cap": "viewer"}, {"default": "viewer", "risk": "viewer"}),
        ({"workspace": "risk"}, {"risk": "editor"}),
        ({"workspace": "risk", "cap": "approver"}, {"risk": "editor"}),
    ):
        assert inside.ask("GET", ME, token=inside.token("ada", **given)).json["roles"] == roles


@pytest.mark.parametrize("given", [{"cap": "approver"}, {"workspace": "default"}])
def test_a_limited_token_makes_no_other(inside: Inside, given: dict[str, str]) -> None:
    token = inside.user("ada", default="admin")
    assert inside.ask("POST", "/api/v1/tokens", {"name": "more"}, token).status == 201
    refused = inside.ask("POST", "/api/v1/tokens", {"name": "again"}, inside.token("ada", **given))
    assert (refused.status, refused.json["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("path", [ME, "/api/2.0/mlflow/experiments/search?max_results=1"])
def test_a_token_that_has_ended_says_so(inside: Inside, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both dialects, each of which says what to do."""
    accounts = inside.house.services.accounts
    inside.user("ada", default="viewer")
    revoked, expired, kept = inside.token("ada"), inside.token("ada", days=0.001), inside.token("ada")
    for token in (revoked, expired, kept):
        assert inside.ask("GET", path, token=token).status == 200  # and is remembered
    accounts.revoke_token(ROOT, accounts.tokens(ROOT, "ada")[2].id)
    now_us = inside.house.services.access._now_us
    monkeypatch.setattr(inside.house.services.access, "_now_us", lambda: now_us() + HOUR_US)
    for token, says in ((revoked, "was revoked"), (expired, "has expired"), ("assay-" + "x" * 43, "not known here")):
        refused = inside.ask("GET", path, token=token)
        assert refused.status == 401
        assert says in refused.body.decode()
        assert "assay tokens create" in refused.body.decode()
    accounts.set_disabled(ROOT, "ada", disabled=True)
    assert "is disabled" in inside.ask("GET", path, token=kept).body.decode()
    accounts.set_disabled(ROOT, "ada", disabled=False)
    assert inside.ask("GET", path, token=kept).status == 200


def test_what_changes_elsewhere_is_seen_within_a_second(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another replica would change it: in the store, without a word to this server."""
    now_s = 0.0
    services = inside.house.services
    monkeypatch.setattr(services.access, "_clock_s", lambda: now_s)
    token = inside.user("ada", default="viewer")
    assert inside.ask("GET", ME, token=token).status == 200
    user_id = services.accounts.user(ROOT, "ada")[0].id
    (known,) = services.accounts.tokens(ROOT, "ada")
    inside.house.store.write(lambda unit: unit.tokens.revoke(known.id))
    assert inside.ask("GET", ME, token=token).status == 200  # it is remembered
    now_s += access.EVERY_S
    assert inside.ask("GET", ME, token=token).status == 401
    inside.house.store.write(lambda unit: unit.accounts.set_disabled(user_id, disabled=True))
    made = inside.house.store.write(lambda unit: unit.workspaces.add("new"))
    inside.house.store.write(lambda unit: None)
    assert services.access.state.workspaces.get("new") is None
    home = inside.house.home.token()
    assert inside.ask("GET", "/api/v1/runs?workspace=new", token=home).status == 200  # looked for before it is denied
    assert services.access.state.workspaces["new"] == made.id


def test_tokens_are_found_by_their_digest_in_one_read(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored is SHA-256; what was found is remembered; strangers are, too, within a bound."""
    token = inside.user("ada", default="viewer")
    with inside.house.store.read() as unit:
        rows = unit.connection.execute(select(schema.access_token)).mappings().all()  # type: ignore[attr-defined]
    assert [row["digest"] for row in rows] == [sha256(token.encode()).hexdigest()]
    assert token not in str(rows)
    found: list[str] = []
    by_token = inside.house.services.access.by_token

    def counted(digest: str) -> Any:
        found.append(digest)
        return by_token(digest)

    monkeypatch.setattr(inside.house.services.access, "by_token", counted)
    monkeypatch.setattr(access, "KNOWN_BOUND", 5)
    for _ in range(3):
        assert inside.ask("GET", ME, token=token).status == 200
        assert inside.ask("GET", ME, token="assay-stranger").status == 401
    assert len(found) == 2
    for number in range(20):
        inside.ask("GET", ME, token=f"assay-{number}")
    assert len(inside.house.services.access._known) <= 5
    assert inside.ask("GET", ME, token=token).status == 200


def test_a_refusal_that_is_remembered_holds_no_more_frames_each_time(inside: Inside) -> None:
    """Whoever sends a bad token again and again would fill the memory else."""
    inside.user("ada", default="viewer")

    def frames() -> int:
        assert inside.ask("GET", ME, token="assay-stranger").status == 401
        refusal = inside.house.services.access._known[sha256(b"assay-stranger").hexdigest()].refusal
        assert refusal is not None
        found, trace = 0, refusal.__traceback__
        while trace is not None:
            found, trace = found + 1, trace.tb_next
        return found

    first = frames()
    assert {frames() for _ in range(5)} == {first}


def test_the_last_use_of_a_token_is_kept_now_and_then(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    token = inside.user("ada", default="viewer")
    services = inside.house.services
    began_s = services.access._clock_s()
    assert inside.ask("GET", ME, token=token).status == 200
    assert services.accounts.tokens(ROOT, "ada")[0].last_used_us is None
    monkeypatch.setattr(services.access, "_clock_s", lambda: began_s + access.USED_EVERY_S + 1)
    services.access.refresh()
    used_us = services.accounts.tokens(ROOT, "ada")[0].last_used_us
    assert used_us is not None


def test_others_tokens_are_no_business_of_ours(inside: Inside) -> None:
    ada, bob = inside.user("ada", default="admin"), inside.user("bob", default="viewer")
    (of_bob,) = inside.ask("GET", "/api/v1/tokens", token=bob).json["tokens"]
    assert inside.ask("GET", "/api/v1/tokens?user=bob", token=ada).status == 403
    assert inside.ask("DELETE", f"/api/v1/tokens/{of_bob['id']}", token=ada).status == 404
    assert inside.ask("POST", "/api/v1/tokens", {"name": "t", "user": "bob"}, ada).status == 403
    assert inside.ask("GET", "/api/v1/users/bob", token=ada).status == 403
    assert inside.ask("GET", "/api/v1/users/nobody", token=ada).status == 403  # names are not told apart
    assert inside.ask("GET", "/api/v1/users/BOB", token=bob).json["groups"] == []
    assert inside.ask("DELETE", f"/api/v1/tokens/{of_bob['id']}", token=bob).json["revoked_us"]


def test_every_act_is_on_the_chain_and_names_are_erasable(inside: Inside) -> None:
    services = inside.house.services
    token = inside.user("mallory", risk="admin")
    inside.ask("PATCH", "/api/v1/workspaces/risk/members", {"user": "mallory", "role": "viewer"}, token)
    inside.ask("PUT", "/api/v1/workspaces/risk/quota", {"runs": 1}, inside.house.home.token())
    with inside.house.store.read() as unit:
        acts = [str(re.search(rb'"act":"([^"]+)"', entry.record)[1], "ascii") for entry in unit.audit.entries(ROOT)]  # type: ignore[index]
        in_risk = list(unit.audit.entries(inside.scope("risk")))
        text = b"".join(entry.record for entry in [*unit.audit.entries(ROOT), *in_risk])
        details = "".join(entry.detail or "" for entry in in_risk)
    assert acts == ["user.make", "workspace.make", "token.make", "quota.set"]
    assert [re.search(rb'"act":"([^"]+)"', entry.record)[1] for entry in in_risk] == [b"grant.set"] * 2  # type: ignore[index]
    assert b'"actor":"0"' in in_risk[0].record  # the home
    assert f'"actor":"{services.accounts.user(ROOT, "mallory")[0].id}"'.encode() in in_risk[1].record
    assert b"mallory" not in text  # names lie in the detail, which can be erased
    assert '"mallory"' in details
    assert services.audit.verify(ROOT) == services.audit.verify(inside.scope("risk")) == []


def test_rules_of_users_are_kept(inside: Inside) -> None:
    accounts = inside.house.services.accounts
    inside.user("root", is_admin=True)
    for end in (
        lambda: accounts.set_disabled(ROOT, "ROOT", disabled=True),
        lambda: accounts.set_admin(ROOT, "root", is_admin=False),
    ):
        with pytest.raises(RuleViolation, match="last admin"):
            end()
    with pytest.raises(RuleViolation, match="a token 't0' already"):
        accounts.create_token(ROOT, "t0", user="root")
    accounts.create(ROOT, "bob")
    accounts.set_disabled(ROOT, "bob", disabled=True)
    with pytest.raises(RuleViolation, match="disabled"):
        accounts.create_token(ROOT, "t", user="bob")
    with pytest.raises(PermissionDenied):
        accounts.create(Scope(), "eve")
