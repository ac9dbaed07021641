"""Passwords, sessions, links and providers: who comes in, who does not, and what stands in the chain."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2.profiles import CHEAPEST
from support.stores import ENGINES, open_store

from assay.core.accounts import Origin, User, UserKind
from assay.core.audit import decode
from assay.core.logins import HOUR_US, Opened, Purpose
from assay.core.scope import HOME, LOCAL, Actor, How, Scope
from assay.services.access import AccessService
from assay.services.accounts import AccountService
from assay.services.hashing import Hasher
from assay.services.logins import Lasting, LoginService, digest_of
from assay.services.providers import Identity, Policy, ProviderService
from assay.wire.errors import InvalidInput, NotFound, PermissionDenied, RuleViolation

GOOD, OTHER = "correct horse battery", "staple the battery horse"
OWNER = Scope(actor=HOME)


class Counting(Hasher):
    """Counts the work."""

    def __init__(self) -> None:
        super().__init__(CHEAPEST)
        self.count = 0

    def verify(self, stored: str | None, password: str) -> bool:
        self.count += 1
        return super().verify(stored, password)


def new_secret() -> str:
    return f"assay-{secrets.token_urlsafe(32)}"


def new_salt() -> bytes:
    return secrets.token_bytes(32)


def now_us() -> int:
    return time.time_ns() // 1_000


@dataclass
class Place:
    """A store, and the services by which people come in."""

    store: Any
    hasher: Counting = field(default_factory=Counting)

    def __post_init__(self) -> None:
        self.access = AccessService(self.store, time.monotonic, now_us)
        self.accounts = AccountService(self.store, new_salt, new_secret, self.access)
        self.logins = self.lasting(Lasting())

    def lasting(self, lasting: Lasting) -> LoginService:
        return LoginService(self.store, self.access, self.hasher, new_salt, new_secret, now_us, lasting)

    def providers(self, **policy: Any) -> ProviderService:
        return ProviderService(self.store, self.access, new_salt, Policy(**policy))

    def user(self, name: str, password: str | None = GOOD, **given: Any) -> User:
        made = self.accounts.create(OWNER, name, **given)
        if password is not None:
            self.logins.set_password(self.logins.invite(OWNER, name), password)
        return made

    def failures(self, name: str, count: int) -> None:
        """So many logins failed, the last long ago."""
        with self.store.read() as unit:
            one = unit.accounts.by_name(name)
        self.store.write(lambda unit: unit.accounts.set_failures(one.id, count, None))

    def chain(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Acts, how their actors are known, and details."""
        with self.store.read() as unit:
            entries = list(unit.audit.entries(Scope()))
        records = [(decode(entry.record), json.loads(entry.detail)) for entry in entries]
        return [(record.act, record.how, detail) for record, detail in records]


EVERY_ENGINE = pytest.mark.parametrize("place", ENGINES, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty store: in memory, unless the test asks for every engine."""
    with open_store(
        getattr(request, "param", "sqlite-memory"), tmp_path, lambda: request.getfixturevalue("database_server")
    ) as store:
        yield Place(store)


def test_every_try_costs_one_hash_whoever_it_is(place: Place) -> None:
    """Nobody learns from the work who there is, who is locked, and who has no password."""
    for name in ("ada", "locked", "disabled"):
        place.user(name)
    place.user("robot", None, kind=UserKind.SERVICE)
    place.accounts.set_disabled(OWNER, "disabled", disabled=True)
    place.failures("locked", 9)
    assert place.logins.verified("locked", "wrong") is None
    place.hasher.count = 0
    for name in ("ada", "ADA", "nobody", "locked", "disabled", "robot", "", "\0", "x" * 10_000, "ada\ud800"):
        for password in (GOOD, "wrong", "", "x" * 10_000):
            found = place.logins.verified(name, password)
            assert (found is not None) == (name.lower() == "ada" and password == GOOD), (name, password)
            assert place.hasher.count == 1, (name, password)
            place.hasher.count = 0
        place.failures("ada", 0)


@EVERY_ENGINE
def test_failures_lock_an_account_also_for_the_right_password(place: Place) -> None:
    place.user("ada")
    for _ in range(5):
        assert place.logins.verified("ada", "wrong") is None
    assert place.logins.verified("ada", GOOD) is None  # for a second
    with place.store.read() as unit:
        one = unit.accounts.by_name("ada")
        assert 0 < one.locked_until_us - unit.now_us() <= 1_000_000
        assert one.failed_logins == 5  # those in a lock are not counted
    place.failures("ada", 9)
    assert place.logins.verified("ada", "wrong") is None
    with place.store.read() as unit:
        one = unit.accounts.by_name("ada")
        assert 890e6 < one.locked_until_us - unit.now_us() <= 900e6
    assert place.logins.verified("ada", GOOD) is None
    place.failures("ada", 10)  # 15 minutes later
    assert place.logins.verified("ada", GOOD) is not None
    with place.store.read() as unit:
        assert unit.accounts.by_name("ada").failed_logins == 0
    place.failures("ada", 10)
    place.logins.set_password(place.logins.invite(OWNER, "ada"), OTHER)  # an admin opens it again
    assert place.logins.verified("ada", OTHER) is not None


def test_a_session_ends_when_it_should(place: Place) -> None:
    ada, bob = place.user("ada"), place.user("bob")

    def alive(secret: str) -> Actor | None:
        return place.logins.by_session(secret, place.access.refresh().version)

    one, two, theirs = (place.logins.begin(id, How.PASSWORD) for id in (ada.id, ada.id, bob.id))
    home = place.logins.begin(0, How.LINK)
    assert len({one, two, theirs}) == 3
    found = alive(one)
    assert found is not None
    assert (found.name, found.how) == ("ada", How.PASSWORD)
    version = place.access.refresh().version
    assert place.logins.remembered(one, version) == found
    assert place.logins.remembered(one, version + 1) is None
    assert alive(home) is HOME
    place.logins.end(one)
    assert (alive(one), place.logins.remembered(one, place.access.refresh().version)) == (None, None)
    assert alive(two) is not None
    place.logins.change_password(Scope(actor=found), ada, OTHER)
    assert (alive(two), alive(theirs) is not None) == (None, True)
    place.accounts.set_disabled(OWNER, "bob", disabled=True)
    assert alive(theirs) is None
    place.accounts.set_disabled(OWNER, "bob", disabled=False)
    assert alive(theirs) is None
    for wrong in ("", "assay-", one[:-1], digest_of(home), "\ud800"):
        assert alive(wrong) is None
    with place.store.read() as unit:
        stored = unit.sessions.find(digest_of(home))
    assert stored.expires_us - stored.created_us == 168 * HOUR_US
    for lasting in (Lasting(idle_us=0), Lasting(whole_us=0)):
        short = place.lasting(lasting)
        assert short.by_session(short.begin(ada.id, How.PASSWORD), 0) is None


@EVERY_ENGINE
def test_the_first_admin_comes_by_the_printed_link_and_only_one(place: Place) -> None:
    links = [place.logins.first_admin_link() for _ in range(4)]
    assert place.logins.opened(links[0]) == Opened(Purpose.FIRST_ADMIN)
    with pytest.raises(InvalidInput):
        place.logins.become_admin(links[0], "ada", "short")
    with pytest.raises(InvalidInput):
        place.logins.become_admin(links[0], "a b", GOOD)
    made: list[Any] = []
    start = threading.Barrier(4)

    def become(at: int) -> None:
        start.wait()
        try:
            made.append(place.logins.become_admin(links[at], f"user{at}", GOOD))
        except PermissionDenied as error:
            made.append(error)

    threads = [threading.Thread(target=become, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    admins = [one for one in made if isinstance(one, User)]
    assert (len(made), len(admins)) == (4, 1)
    assert admins[0].is_admin
    assert place.logins.first_admin_link() is None
    assert all(place.logins.opened(link) is None for link in links)
    with pytest.raises(PermissionDenied):
        place.logins.enter_as_home(links[3])
    assert [(act, how) for act, how, _ in place.chain()] == [("user.first-admin", "link")]
    assert place.logins.verified(admins[0].name, GOOD) is not None


def test_a_link_sets_the_password_of_its_user_once(place: Place) -> None:
    place.user("ada", None)
    place.user("robot", None, kind=UserKind.SERVICE)
    assert place.logins.verified("ada", "") is None
    first, second = (place.logins.invite(OWNER, "Ada") for _ in range(2))
    assert (place.logins.opened(first), place.logins.opened(second)) == (None, Opened(Purpose.SET_PASSWORD, "ada"))
    for used in (first, "assay-none", ""):
        with pytest.raises(PermissionDenied):
            place.logins.set_password(used, GOOD)
    with pytest.raises(PermissionDenied):
        place.logins.become_admin(second, "eve", GOOD)
    third = place.logins.invite(OWNER, "ada")
    with pytest.raises(InvalidInput):
        place.logins.set_password(third, "ada1234567890")  # still good
    assert place.logins.set_password(third, GOOD).name == "ada"
    with pytest.raises(PermissionDenied):
        place.logins.set_password(third, OTHER)
    assert place.logins.verified("ada", GOOD) is not None
    with pytest.raises(RuleViolation):
        place.logins.invite(OWNER, "robot")
    with pytest.raises(NotFound):
        place.logins.invite(OWNER, "nobody")
    with pytest.raises(PermissionDenied):
        place.logins.invite(Scope(actor=LOCAL), "ada")
    fourth = place.logins.invite(OWNER, "ada")
    place.accounts.set_disabled(OWNER, "ada", disabled=True)
    with pytest.raises(RuleViolation):
        place.logins.invite(OWNER, "ada")
    place.accounts.set_disabled(OWNER, "ada", disabled=False)
    assert place.logins.opened(fourth) is None
    acts = [(act, how) for act, how, detail in place.chain() if detail.get("name") == "ada"]
    assert acts[1:6] == [("user.invite", "home")] * 3 + [("password.set", "link"), ("user.invite", "home")]
    told = json.dumps([detail for _, _, detail in place.chain()])
    assert GOOD not in told
    assert third not in told


def ada(**given: Any) -> Identity:
    told: dict[str, Any] = {"issuer": "https://op.example", "subject": "s-1", "name": "Ada", "shown_name": "Ada L."}
    return Identity(**{**told, **given})


def test_the_first_login_at_a_provider_makes_the_user(place: Place) -> None:
    service = place.providers(groups={"/ml/team": "ml", "ops": "ops"})
    one = service.enter(ada(groups=frozenset({"/ml/team", "unmapped"})))
    assert (one.name, one.shown_name, one.is_admin, one.password) == ("ada", "Ada L.", False, None)
    assert service.enter(ada(name="renamed", groups=frozenset({"ops"}))).id == one.id
    with place.store.read() as unit:
        assert [(group.name, origin) for group, origin in unit.user_groups.of_user(one.id)] == [("ops", Origin.OIDC)]
    place.accounts.create_group(OWNER, "by-hand")
    for group in ("by-hand", "ml"):
        place.accounts.set_member(OWNER, group, "ada", member=True)
    service.enter(ada())
    with place.store.read() as unit:
        names = [group.name for group, _ in unit.user_groups.of_user(one.id)]
    assert names == ["by-hand", "ml"]  # what an admin did stays
    acts = [(act, how) for act, how, _ in place.chain()][:6]
    assert acts == [
        (act, "oidc") for act in ("user.make", "group.make", "group.join", "group.make", "group.join", "group.leave")
    ]
    place.accounts.set_disabled(OWNER, "ada", disabled=True)
    with pytest.raises(PermissionDenied, match="disabled"):
        service.enter(ada())


def test_nobody_takes_an_account_by_its_name(place: Place) -> None:
    """Who may choose his name at the provider would choose an admin's."""
    place.user("ada", is_admin=True)
    place.user("robot", None, kind=UserKind.SERVICE)
    with pytest.raises(PermissionDenied, match="belongs to another"):
        place.providers().enter(ada())
    known = place.providers(makes_users=False)
    with pytest.raises(PermissionDenied, match="no account"):
        known.enter(ada(name="bob", subject="s-2"))
    with pytest.raises(PermissionDenied, match="belongs to another"):
        known.enter(ada(name="robot", subject="s-3"))
    assert known.enter(ada()).name == "ada"  # the operator has said that the provider's names are ours
    with pytest.raises(PermissionDenied, match="somebody else"):
        known.enter(ada(subject="s-4"))
    with pytest.raises(InvalidInput):
        place.providers().enter(ada(subject="s-5", name="../admin"))
    assert ("user.link", "oidc") in [(act, how) for act, how, _ in place.chain()]


def test_domains_and_groups_are_asked_for(place: Place) -> None:
    service = place.providers(domains=frozenset({"example.com"}), needed=frozenset({"staff", "ops"}))
    staff = frozenset({"staff"})
    for email in ("", "ada@other.com", "ada@example.com.evil", "example.com@evil", "ada@sub.example.com"):
        with pytest.raises(PermissionDenied, match="domains"):
            service.enter(ada(email=email, groups=staff))
    with pytest.raises(PermissionDenied, match="groups"):
        service.enter(ada(email="ada@example.com"))
    assert service.enter(ada(email="ada@EXAMPLE.com", groups=staff)).email == "ada@EXAMPLE.com"
