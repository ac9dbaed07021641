"""What roles, grants and tokens come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.accounts import fold, group_name, user_name, workspace_name
from assay.core.roles import NEEDED, SERVER, Grant, Role, SubjectKind, Verb, standing
from assay.core.scope import HOME, LOCAL, How, Scope, Thing, allow, made
from assay.wire.errors import InvalidInput, PermissionDenied

WORKSPACES, EXPERIMENTS = (1, 2), {1: (0, 11), 2: (20, 21)}


@st.composite
def grants(draw: Any) -> Grant:
    workspace = draw(st.sampled_from(WORKSPACES))
    experiment = draw(st.none() | st.sampled_from(EXPERIMENTS[workspace]))
    roles = list(Role)[1:] if experiment is None else list(Role)
    return Grant(workspace, experiment, draw(st.sampled_from(SubjectKind)), 6, draw(st.sampled_from(roles)))


def expected(found: list[Grant], workspace: int, experiment: int | None) -> Role:
    """The rule, said plainly."""
    whole = max((g.role for g in found if (g.workspace_id, g.experiment_id) == (workspace, None)), default=Role.NONE)
    inside = [g.role for g in found if experiment is not None and g.experiment_id == experiment]
    return min(whole, max(inside)) if inside else whole


@given(st.lists(grants(), max_size=8), st.sampled_from(list(Role)[1:]), st.none() | st.sampled_from(WORKSPACES))
def test_the_highest_role_counts_and_experiments_and_tokens_narrow(
    found: list[Grant], cap: Role, only: int | None
) -> None:
    plain = made("ada", How.PASSWORD, 6, standing(found))
    token = made("ada", How.TOKEN, 6, standing(found, cap=cap, workspace_id=only), token_id=14)
    for workspace in WORKSPACES:
        for experiment in (None, *EXPERIMENTS[workspace]):
            role = expected(found, workspace, experiment)
            assert plain.role_in(workspace, experiment) is role
            limited = Role.NONE if only not in (None, workspace) else min(role, cap)
            assert token.role_in(workspace, experiment) is limited
            for verb in Verb:
                may = allow(token, verb, Thing("run", workspace, experiment))
                assert may is (verb not in SERVER and limited >= NEEDED[verb])


@given(st.lists(grants(), max_size=4), st.sampled_from(list(Role)[1:]), st.none() | st.sampled_from(WORKSPACES))
def test_an_admin_of_the_server_may_everything_but_what_his_token_does_not_allow(
    found: list[Grant], cap: Role, only: int | None
) -> None:
    whole = made("root", How.PASSWORD, 6, standing(found, is_admin=True))
    assert all(allow(whole, verb, Thing("run", workspace, 11)) for verb in Verb for workspace in (*WORKSPACES, 99))
    token = made("root", How.TOKEN, 6, standing(found, is_admin=True, cap=cap, workspace_id=only))
    assert token.is_admin is (cap is Role.ADMIN and only is None)
    for workspace in (*WORKSPACES, 99):
        assert token.role_in(workspace, 11) is (cap if only in (None, workspace) else Role.NONE)


def test_without_users_everybody_may_track_and_nobody_governs_but_the_home() -> None:
    thing = Thing("run", 77, 5)
    assert {verb for verb in Verb if allow(LOCAL, verb, thing)} == {Verb.READ, Verb.WRITE, Verb.DELETE, Verb.COLLECT}
    assert all(allow(HOME, verb, thing) for verb in Verb)


def test_roles_are_in_order_and_every_verb_has_one() -> None:
    assert set(NEEDED) | SERVER == set(Verb)
    assert not set(NEEDED) & SERVER
    assert [role.word for role in sorted(Role)] == ["none", "viewer", "editor", "approver", "admin"]


def test_a_scope_leaves_out_what_is_closed() -> None:
    found = [
        Grant(1, None, SubjectKind.USER, 6, Role.EDITOR),
        Grant(1, 5, SubjectKind.USER, 6, Role.NONE),
        Grant(1, 7, SubjectKind.USER, 6, Role.VIEWER),
        Grant(1, 9, SubjectKind.USER, 6, Role.ADMIN),  # no more than the workspace gives
    ]
    scope = Scope(1, made("ada", How.TOKEN, 6, standing(found)))
    assert (list(scope.closed), scope.open([5, 6, 7])) == ([5], [6, 7])
    assert [scope.hides(id) for id in (5, 6, 7, 9)] == [True, False, False, False]
    scope.require(9)
    scope.require(7, Verb.READ)
    with pytest.raises(PermissionDenied, match="may not write in experiment 7"):
        scope.require(7)
    with pytest.raises(PermissionDenied):
        replace(scope).require(9, Verb.PURGE)
    assert Scope().open([1, 2]) == [1, 2]


def test_names_that_look_alike_are_one() -> None:
    assert user_name("Ada@Example.COM") == "ada@example.com"
    assert user_name("Zoe\u0308") == user_name("ZO\u00cb") == "zo\u00eb"
    assert group_name("/team/ML x"[1:]) == "team/ml x"
    assert workspace_name("risk-2") == "risk-2"


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "a%2e", "a\0", "x" * 101, "local", "HOME", " a", "a\n"])
def test_a_name_that_could_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        user_name(name)


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a" * 64, "a\n", "é", "a/b", "..", "a%20"])
def test_a_workspace_has_a_plain_name(name: str) -> None:
    with pytest.raises(InvalidInput):
        workspace_name(name)
