"""What every store promises of sessions, links and identities at providers. Subclass, and give a fixture `house`."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

import pytest

from assay.core.logins import HOUR_US, Link, Purpose
from assay.core.scope import How
from assay.testing.accounts import name, user
from assay.testing.house import House
from assay.wire.errors import AlreadyExists


def version(house: House) -> int:
    """The version of the accounts."""
    with house.store.read() as unit:
        found: int = unit.accounts.version()
        return found


def _begin(digest: str, user_id: int, unit: Any) -> None:
    unit.sessions.add(digest, user_id, How.PASSWORD, HOUR_US)


def _link(digest: str, user_id: int, lasts_us: int, unit: Any) -> None:
    unit.links.add(digest, Purpose.SET_PASSWORD, user_id, lasts_us)


def _take(digest: str, unit: Any) -> Link | None:
    found: Link | None = unit.links.take(digest)
    return found


class SessionContract:
    """Sessions of browsers."""

    def test_a_session_is_kept_until_it_ends(self, house: House) -> None:
        digest, one = name("session"), user(house)
        made = house.write(lambda unit: unit.sessions.add(digest, one.id, How.OIDC, HOUR_US))
        assert (made.user_id, made.how, made.expires_us - made.created_us) == (one.id, How.OIDC, HOUR_US)
        assert made.ends_us(7) == made.created_us + 7
        assert made.ends_us(2 * HOUR_US) == made.expires_us
        with house.store.read() as unit:
            assert unit.sessions.find(digest) == made
            assert unit.sessions.find(digest[:-1]) is None
        before = version(house)
        house.write(lambda unit: unit.sessions.seen(digest))
        assert version(house) == before
        with house.store.read() as unit:
            seen = unit.sessions.find(digest)
        assert seen is not None
        assert seen.seen_us > made.seen_us
        assert house.write(lambda unit: unit.sessions.end(digest))
        assert not house.write(lambda unit: unit.sessions.end(digest))
        assert version(house) > before
        with house.store.read() as unit:
            assert unit.sessions.find(digest) is None

    def test_all_sessions_of_a_user_end_and_no_others(self, house: House) -> None:
        ada, bob = user(house), user(house)
        mine, theirs = [name("session") for _ in range(2)], name("session")
        for digest, one in ((mine[0], ada), (mine[1], ada), (theirs, bob)):
            house.write(partial(_begin, digest, one.id))
        before = version(house)
        assert house.write(lambda unit: unit.sessions.end_of_user(ada.id)) == 2
        assert version(house) > before
        with house.store.read() as unit:
            assert [unit.sessions.find(digest) is None for digest in (*mine, theirs)] == [True, True, False]

    def test_what_has_ended_is_swept(self, house: House) -> None:
        short, idle, fresh = (name("session") for _ in range(3))
        house.write(lambda unit: unit.sessions.add(short, 0, How.LINK, 0))
        house.write(lambda unit: unit.sessions.add(idle, 0, How.LINK, HOUR_US))
        time.sleep(0.002)
        made = house.write(lambda unit: unit.sessions.add(fresh, 0, How.LINK, HOUR_US))
        with house.store.read() as unit:
            before = unit.sessions.find(idle)
        assert before is not None
        gap_us = made.seen_us - before.seen_us

        def sweep(unit: Any) -> None:
            unit.sessions.sweep(unit.now_us() - made.seen_us + gap_us // 2)

        house.write(sweep)
        with house.store.read() as unit:
            assert [unit.sessions.find(digest) is None for digest in (short, idle, fresh)] == [True, True, False]


class LinkContract:
    """Links that are good for once."""

    def test_a_link_is_good_for_once(self, house: House) -> None:
        digest, one = name("link"), user(house)
        made = house.write(lambda unit: unit.links.add(digest, Purpose.SET_PASSWORD, one.id, HOUR_US))
        with house.store.read() as unit:
            assert unit.links.find(digest) == made == Link(Purpose.SET_PASSWORD, one.id, made.expires_us)
            assert unit.links.find(digest[:-1]) is None
        taken = house.write(lambda unit: unit.links.take(digest))
        assert (taken.purpose, taken.user_id) == (Purpose.SET_PASSWORD, one.id)
        assert house.write(lambda unit: unit.links.take(digest)) is None
        with house.store.read() as unit:
            assert unit.links.find(digest) is None

    def test_of_several_at_once_one_has_it(self, house: House) -> None:
        digest, found = name("link"), []
        house.write(lambda unit: unit.links.add(digest, Purpose.FIRST_ADMIN, None, HOUR_US))
        start = threading.Barrier(4)

        def take() -> None:
            start.wait()
            found.append(house.write(lambda unit: unit.links.take(digest)))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(link is None for link in found) == [False, True, True, True]

    def test_a_link_expires_and_can_be_made_void(self, house: House) -> None:
        ada, bob = user(house), user(house)
        late, void, good = (name("link") for _ in range(3))
        for digest, one, lasts_us in ((late, bob, 0), (void, ada, HOUR_US), (good, bob, HOUR_US)):
            house.write(partial(_link, digest, one.id, lasts_us))
        house.write(lambda unit: unit.links.void(ada.id))
        for digest, is_good in ((late, False), (void, False), (good, True)):
            assert (house.write(partial(_take, digest)) is not None) is is_good


class IdentityContract:
    """Who is whom at identity providers."""

    def test_a_provider_has_one_name_for_a_user_and_one_user_for_a_name(self, house: House) -> None:
        ada, bob, subject = user(house), user(house), name("subject")

        def add(issuer: str, called: str, id: int) -> None:
            house.write(lambda unit: unit.identities.add(issuer, called, id))

        add("https://one", subject, ada.id)
        add("https://two", subject, bob.id)
        with house.store.read() as unit:
            assert unit.identities.find("https://one", subject) == ada.id
            assert unit.identities.find("https://two", subject) == bob.id
            assert unit.identities.find("https://one", subject.upper()) is None
            assert unit.identities.find("https://three", subject) is None
        with pytest.raises(AlreadyExists):
            add("https://one", name("subject"), ada.id)
        with pytest.raises(Exception, match=r"(?i)unique"):
            add("https://one", subject, bob.id)
