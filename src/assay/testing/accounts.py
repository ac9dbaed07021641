"""What every store promises of accounts, grants, tokens and workspaces. Subclass, and give a fixture `house`."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from assay.core.accounts import Origin, Quota, Token, User, UserKind
from assay.core.roles import Grant, Role, SubjectKind
from assay.testing.house import House
from assay.wire.errors import AlreadyExists, InvalidState, NotFound

_numbers = itertools.count()
FIRST = "!" * 3  # before every name


def name(prefix: str = "user") -> str:
    """A name that no other test has."""
    return f"{prefix}-{next(_numbers):06d}-{uuid.uuid4().hex[:8]}"


def user(house: House, **given: Any) -> User:
    """A new user."""
    called = given.pop("name", None) or name()
    values: dict[str, Any] = {"shown_name": "Ada", "email": "", "kind": UserKind.PERSON, "is_admin": False, **given}
    found: User = house.write(lambda unit: unit.accounts.add(called, **values))
    return found


def token(house: House, one: User) -> Token:
    """A new token of the user."""
    found: Token = house.write(
        lambda unit: unit.tokens.add(one.id, name("t"), name(), cap=Role.ADMIN, workspace_id=None, expires_us=None)
    )
    return found


def put(grant: Grant, unit: Any) -> Role | None:
    """Stores a grant."""
    found: Role | None = unit.grants.put(grant)
    return found


def set_quota(workspace_id: int, quota: Quota, unit: Any) -> None:
    """Stores a quota."""
    unit.workspaces.set_quota(workspace_id, quota)


class AccountContract:
    """Users and their groups."""

    def test_a_user_is_kept(self, house: House) -> None:
        made = user(house, shown_name="Ada Lovelace", email="ada@example.com", kind=UserKind.SERVICE, is_admin=True)
        assert made.created_us > 0
        with house.store.read() as unit:
            assert unit.accounts.any()
            assert unit.accounts.get(made.id) == made == unit.accounts.by_name(made.name)
            with pytest.raises(NotFound):
                unit.accounts.get(made.id + 8)
            with pytest.raises(NotFound):
                unit.accounts.by_name("nobody")
        with pytest.raises(AlreadyExists):
            user(house, name=made.name)

    def test_users_are_listed_page_by_page(self, house: House) -> None:
        mine = sorted(user(house).name for _ in range(3))
        with house.store.read() as unit:
            found, after = [], FIRST
            while page := unit.accounts.page(after, 2):
                assert len(page) <= 2
                found += [item.name for item in page]
                after = found[-1]
        assert found == sorted(found)
        assert [item for item in found if item in mine] == mine

    def test_what_changes_of_a_user(self, house: House) -> None:
        made = user(house, is_admin=True)
        admins = house.write(lambda unit: unit.accounts.admins())
        house.write(lambda unit: unit.accounts.set_failures(made.id, 3, 77))
        house.write(lambda unit: unit.accounts.set_disabled(made.id, disabled=True))
        with house.store.read() as unit:
            found = unit.accounts.get(made.id)
        assert found.disabled_us is not None
        assert replace(found, disabled_us=None) == replace(made, failed_logins=3, locked_until_us=77)
        assert house.write(lambda unit: unit.accounts.admins()) == admins - 1
        house.write(lambda unit: unit.accounts.set_disabled(made.id, disabled=False))
        house.write(lambda unit: unit.accounts.set_password(made.id, "$argon2id$x"))
        house.write(lambda unit: unit.accounts.set_admin(made.id, is_admin=False))
        with house.store.read() as unit:
            assert unit.accounts.by_name(made.name) == replace(made, password="$argon2id$x", is_admin=False)  # noqa: S106
        assert house.write(lambda unit: unit.accounts.admins()) == admins - 1

    def test_the_last_two_admins_cannot_end_each_other_at_once(self, house: House) -> None:
        """Who counts the admins is alone until his unit ends."""
        mine = [user(house, is_admin=True) for _ in range(2)]
        at_least = house.write(lambda unit: unit.accounts.admins()) - 1
        seen: list[int] = []
        barrier = threading.Barrier(2)

        def end(one: User) -> None:
            def work(unit: Any) -> None:
                if unit.accounts.admins() <= at_least:
                    raise InvalidState("the last one")
                unit.accounts.set_admin(one.id, is_admin=False)

            barrier.wait()
            try:
                house.write(work)
            except InvalidState:
                seen.append(one.id)

        threads = [threading.Thread(target=end, args=(one,)) for one in mine]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 1
        house.write(lambda unit: [unit.accounts.set_admin(one.id, is_admin=False) for one in mine])

    def test_groups_have_members(self, house: House) -> None:
        ada, bob = sorted((user(house) for _ in range(2)), key=lambda item: item.name)
        group = house.write(lambda unit: unit.user_groups.add(name("group")))
        with pytest.raises(AlreadyExists):
            house.write(lambda unit: unit.user_groups.add(group.name))

        def join(one: User, origin: Origin) -> bool:
            found: bool = house.write(lambda unit: unit.user_groups.join(group.id, one.id, origin))
            return found

        assert [join(bob, Origin.OIDC), join(ada, Origin.OIDC), join(ada, Origin.MANUAL), join(ada, Origin.OIDC)] == [
            True,
            True,
            False,
            False,
        ]
        with house.store.read() as unit:
            assert unit.user_groups.by_name(group.name) == group
            assert unit.user_groups.members(group.id) == [(ada, Origin.MANUAL), (bob, Origin.OIDC)]
            assert unit.user_groups.of_user(ada.id) == [(group, Origin.MANUAL)]
            assert group in unit.user_groups.page(group.name[:-1], 100)
        assert house.write(lambda unit: unit.user_groups.leave(group.id, bob.id))
        assert not house.write(lambda unit: unit.user_groups.leave(group.id, bob.id))
        place = Grant(house.scope.workspace_id, None, SubjectKind.GROUP, group.id, Role.EDITOR)
        house.write(lambda unit: unit.grants.put(place))
        house.write(lambda unit: unit.user_groups.remove(group.id))
        with house.store.read() as unit:
            assert unit.user_groups.of_user(ada.id) == []
            assert unit.grants.within(house.scope.workspace_id) == []
            with pytest.raises(NotFound):
                unit.user_groups.by_name(group.name)

    @pytest.mark.parametrize(
        "change",
        [
            lambda unit, one: unit.accounts.add(name(), shown_name="", email="", kind=UserKind.PERSON, is_admin=False),
            lambda unit, one: unit.accounts.set_disabled(one.id, disabled=True),
            lambda unit, one: (
                unit.accounts.set_admin(one.id, is_admin=True) or unit.accounts.set_admin(one.id, is_admin=False)
            ),
            lambda unit, one: unit.accounts.set_password(one.id, None),
            lambda unit, one: unit.user_groups.add(name()),
            lambda unit, one: unit.user_groups.join(6, one.id, Origin.MANUAL),
            lambda unit, one: unit.user_groups.leave(6, one.id),
            lambda unit, one: unit.user_groups.remove(14),
            lambda unit, one: unit.grants.put(Grant(1_000_000, None, SubjectKind.USER, one.id, Role.VIEWER)),
            lambda unit, one: unit.grants.remove(1_000_000, None, SubjectKind.USER, one.id),
            lambda unit, one: unit.tokens.add(one.id, "t", name(), cap=Role.ADMIN, workspace_id=None, expires_us=None),
            lambda unit, one: unit.tokens.revoke(6),
            lambda unit, one: unit.workspaces.add(name("w")),
            lambda unit, one: unit.workspaces.set_quota(1_000_000, Quota()),
        ],
        ids=range(14),
    )
    def test_every_change_of_who_may_what_raises_the_version(
        self, house: House, change: Callable[[Any, User], Any]
    ) -> None:
        one = user(house)
        with house.store.read() as unit:
            before = unit.accounts.version()
        house.write(lambda unit: change(unit, one))
        with house.store.read() as unit:
            assert unit.accounts.version() > before


class GrantContract:
    """Roles of users and groups."""

    def test_grants_of_a_user_are_his_own_and_those_of_his_groups(self, house: House) -> None:
        ada, bob = user(house), user(house)
        group = house.write(lambda unit: unit.user_groups.add(name("group")))
        house.write(lambda unit: unit.user_groups.join(group.id, ada.id, Origin.MANUAL))
        here = house.scope.workspace_id
        own = Grant(here, None, SubjectKind.USER, ada.id, Role.VIEWER)
        in_zero = Grant(here, 0, SubjectKind.USER, ada.id, Role.NONE)  # MLflow's default experiment is one, too
        through = Grant(here, None, SubjectKind.GROUP, group.id, Role.ADMIN)
        others = Grant(here, None, SubjectKind.USER, bob.id, Role.EDITOR)
        elsewhere = Grant(here + 500_000, None, SubjectKind.USER, ada.id, Role.APPROVER)
        for grant in (own, in_zero, through, others, elsewhere):
            assert house.write(partial(put, grant)) is None
        with house.store.read() as unit:
            assert set(unit.grants.of_user(ada.id)) == {own, in_zero, through, elsewhere}
            told = [(item.grant, item.name) for item in unit.grants.within(here)]
        users = sorted([(own, ada.name), (others, bob.name)], key=lambda item: item[1])
        assert told == [(through, group.name), *users, (in_zero, ada.name)]
        assert house.write(lambda unit: unit.grants.put(replace(own, role=Role.EDITOR))) is Role.VIEWER
        gone = (here, 0, SubjectKind.USER, ada.id)
        assert house.write(lambda unit: unit.grants.remove(*gone)) is Role.NONE
        assert house.write(lambda unit: unit.grants.remove(*gone)) is None
        with house.store.read() as unit:
            assert set(unit.grants.of_user(ada.id)) == {replace(own, role=Role.EDITOR), through, elsewhere}


class TokenContract:
    """Tokens are found by their digests."""

    def test_a_token_is_found_with_its_user(self, house: House) -> None:
        one, digest = user(house), uuid.uuid4().hex * 2
        made = house.write(
            lambda unit: unit.tokens.add(
                one.id, "ci", digest, cap=Role.EDITOR, workspace_id=house.scope.workspace_id, expires_us=5
            )
        )
        assert (made.cap, made.workspace_id, made.expires_us) == (Role.EDITOR, house.scope.workspace_id, 5)
        with house.store.read() as unit:
            found = unit.tokens.find(digest)
            assert found is not None
            assert (found.token, found.user) == (made, one)
            assert unit.tokens.find(digest[:-1]) is None
            assert unit.tokens.get(made.id) == made
            with pytest.raises(NotFound):
                unit.tokens.get(made.id + 8)
        with pytest.raises(Exception, match=r"(?i)unique"):
            house.write(
                lambda unit: unit.tokens.add(
                    one.id, "twin", digest, cap=Role.EDITOR, workspace_id=None, expires_us=None
                )
            )

    def test_a_token_is_used_and_revoked(self, house: House) -> None:
        one = user(house)
        made = [token(house, one) for _ in range(2)]
        with house.store.read() as unit:
            before = unit.accounts.version()
        house.write(lambda unit: unit.tokens.used([item.id for item in made]))
        with house.store.read() as unit:
            assert unit.accounts.version() == before
            assert all(item.last_used_us for item in unit.tokens.of_user(one.id))
            assert {item.id for item in unit.tokens.of_user(one.id)} == {item.id for item in made}
        assert house.write(lambda unit: unit.tokens.revoke(made[0].id))
        assert not house.write(lambda unit: unit.tokens.revoke(made[0].id))
        with house.store.read() as unit:
            assert unit.tokens.get(made[0].id).revoked_us is not None
            assert unit.tokens.get(made[1].id).revoked_us is None


class WorkspaceContract:
    """Workspaces are numbered, named, and hold what they hold."""

    def test_a_workspace_has_a_number_that_was_never_given(self, house: House) -> None:
        first, second = (house.write(lambda unit: unit.workspaces.add(name("w"))) for _ in range(2))
        assert second.id == first.id + 1 > 2
        with pytest.raises(AlreadyExists):
            house.write(lambda unit: unit.workspaces.add(first.name))
        with house.store.read() as unit:
            assert unit.workspaces.by_name(first.name) == first
            assert unit.workspaces.by_name("default").id == 1
            found = unit.workspaces.all()
            with pytest.raises(NotFound):
                unit.workspaces.by_name("absent")
        assert [item.name for item in found] == sorted(item.name for item in found)
        assert {first, second} <= set(found)

    def test_a_quota_is_kept(self, house: House) -> None:
        here = house.scope.workspace_id
        for quota in (Quota(1, 2, 3, 4), Quota(points=7)):
            house.write(partial(set_quota, here, quota))
            with house.store.read() as unit:
                assert unit.workspaces.quotas()[here] == quota

    def test_usage_is_that_of_one_workspace(self, house: House) -> None:
        theirs = House(house.store)
        for one, count in ((house, 3), (theirs, 5)):
            uid = one.run()
            one.log(uid, "loss", [0.5] * count)
            one.log(uid, f"key-{count}", [0.5])
            one.run()
        with house.store.read() as unit:
            mine, others = unit.workspaces.usage(house.scope), unit.workspaces.usage(theirs.scope)
        assert (mine.runs, mine.points, mine.bytes) == (2, 4, 0)
        assert (others.runs, others.points) == (2, 6)
        assert mine.keys == others.keys >= 2
