"""Passwords beside the event loop: what is remembered, what comes one after the other, and what proxies may say."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2.profiles import CHEAPEST
from hypothesis import given
from hypothesis import strategies as st
from support.stores import open_store

from assay.core.scope import HOME, Scope
from assay.server.auth import guessing
from assay.server.auth.guessing import AT_ONCE, PasswordGate, place_of
from assay.server.proxies import Proxies, networks
from assay.services.access import AccessService
from assay.services.accounts import AccountService
from assay.services.hashing import Hasher
from assay.services.logins import LoginService
from assay.wire.errors import InvalidInput, TooOften, Unauthenticated

GOOD, OTHER = "correct horse battery", "staple the battery horse"
OWNER = Scope(actor=HOME)


class Slow(Hasher):
    """Takes a while, and counts how much is done at once."""

    def __init__(self) -> None:
        super().__init__(CHEAPEST)
        self.count = self.now = self.most = 0
        self._lock = threading.Lock()

    def verify(self, stored: str | None, password: str) -> bool:
        with self._lock:
            self.count, self.now = self.count + 1, self.now + 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self._lock:
            self.now -= 1
        return super().verify(stored, password)


class Gate:
    """A gate with its accounts."""

    def __init__(self, store: Any) -> None:
        self.hasher, self.now_s = Slow(), 0.0
        self.access = AccessService(store, time.monotonic, lambda: time.time_ns() // 1_000)
        given = (lambda: secrets.token_bytes(32), lambda: f"assay-{secrets.token_urlsafe(32)}")
        self.accounts = AccountService(store, *given, self.access)
        self.logins = LoginService(store, self.access, self.hasher, *given, lambda: time.time_ns() // 1_000)
        self.gate = PasswordGate(self.logins, lambda: self.now_s)

    def make(self, name: str, password: str = GOOD) -> None:
        self.accounts.create(OWNER, name)
        self.set(name, password)

    def set(self, name: str, password: str) -> None:
        self.logins.set_password(self.logins.invite(OWNER, name), password)

    async def enters(self, name: str, password: str, client: str = "192.0.2.1") -> bool:
        version = (await asyncio.to_thread(self.access.refresh)).version
        try:
            await self.gate.user(name, password, client, version)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr(guessing, "FAILED_S", 0.0)
    with open_store("sqlite-memory", tmp_path, lambda: None) as store:
        yield Gate(store)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_a_right_pair_is_remembered_until_something_changes(house: Gate) -> None:
    house.make("ada")

    async def work() -> None:
        assert all(await asyncio.gather(*(house.enters("ada", GOOD) for _ in range(50))))
        assert house.hasher.count == 1  # fifty workers of one user cost one hash
        house.accounts.create(OWNER, "somebody")
        assert await house.enters("ada", GOOD)
        assert house.hasher.count == 1  # another's change
        house.now_s += 299
        assert await house.enters("ada", GOOD)
        house.now_s += 2
        assert await house.enters("ada", GOOD)
        assert house.hasher.count == 2
        house.set("ada", OTHER)
        assert not await house.enters("ada", GOOD)
        assert await house.enters("ada", OTHER)
        house.accounts.set_disabled(OWNER, "ada", disabled=True)
        assert not await house.enters("ada", OTHER)

    run(work)
    assert not [pair for pair in house.gate._pairs if GOOD.encode() in pair]


def test_few_are_hashed_at_once_and_those_of_one_account_in_turn(house: Gate) -> None:
    house.make("ada")

    async def work() -> None:
        await asyncio.gather(*(house.enters(f"nobody{n}", "wrong", f"192.0.2.{n}") for n in range(12)))
        assert house.hasher.most == AT_ONCE
        house.hasher.most = house.hasher.count = 0
        found = await asyncio.gather(*(house.enters("ada", f"wrong {n}", f"192.0.2.{n}") for n in range(12)))
        assert not any(found)
        assert house.hasher.most == 1
        assert not await house.enters("ada", GOOD)  # it was locked by the fifth, whoever sent it

    run(work)
    assert house.gate._turns == {}


def test_too_many_are_refused_before_any_work(house: Gate) -> None:
    async def work() -> None:
        for n in range(20):
            assert not await house.enters(f"nobody{n}", "wrong", f"2001:db8::{n}")
        house.hasher.count = 0
        with pytest.raises(TooOften) as refused:
            await house.enters("another", "wrong", "2001:db8::ffff:1")
        assert refused.value.retry_after_s == 15.0
        assert house.hasher.count == 0
        assert not await house.enters("another", "wrong", "2001:db8:0:1::1")  # another network
        house.now_s += 15
        assert not await house.enters("another", "wrong", "2001:db8::1")

    run(work)


def test_a_place_is_a_network_of_ipv6() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1") != place_of("2001:db8:0:1::1")
    assert (place_of("192.0.2.1"), place_of("::ffff:192.0.2.1")) == ("192.0.2.1", "192.0.2.1")
    assert place_of("") == ""


def seen(trusted: list[str], client: str, *headers: tuple[str, str]) -> tuple[str, str, str]:
    """Client, scheme and host as the application sees them."""
    found: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.update(scope)

    given = [(name.encode(), value.encode("latin-1")) for name, value in (("host", "inner:5000"), *headers)]
    scope = {"type": "http", "client": (client, 1), "scheme": "http", "headers": given}
    asyncio.run(Proxies(app, networks(trusted))(scope, None, None))  # type: ignore[arg-type]
    (host,) = [value.decode("latin-1") for name, value in found["headers"] if name == b"host"]
    return found["client"][0], found["scheme"], host


FOR, PROTO, HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"


def test_a_proxy_of_ours_is_believed() -> None:
    said = ((FOR, "198.51.100.7"), (PROTO, "https"), (HOST, "ml.example.org"))
    assert seen(["10.0.0.0/8"], "10.1.2.3", *said) == ("198.51.100.7", "https", "ml.example.org")
    assert seen(["10.0.0.0/8"], "::ffff:10.1.2.3", *said) == ("198.51.100.7", "https", "ml.example.org")
    # What a client wrote before the first of our proxies is his word alone.
    assert seen(["10.0.0.0/8"], "10.1.2.3", (FOR, "6.6.6.6, 198.51.100.7, 10.9.9.9"))[0] == "198.51.100.7"
    assert seen(["10.0.0.0/8"], "10.1.2.3", (FOR, "6.6.6.6"), (FOR, "198.51.100.7"))[0] == "198.51.100.7"
    assert seen(["10.0.0.0/8"], "10.1.2.3", (PROTO, "gopher")) == ("10.1.2.3", "http", "inner:5000")


@given(
    st.lists(
        st.tuples(st.sampled_from([FOR, PROTO, HOST, "forwarded", "x-real-ip"]), st.text("a1.:,[] ", max_size=30))
    ),
    st.sampled_from(["192.0.2.1", "::1", "11.0.0.1", "unix", ""]),
)
def test_nobody_else_is(headers: list[tuple[str, str]], client: str) -> None:
    assert seen(["10.0.0.0/8"], client, *headers) == (client, "http", "inner:5000")
    assert seen([], "10.1.2.3", *headers) == ("10.1.2.3", "http", "inner:5000")


@pytest.mark.parametrize("word", ["", "proxy", "10.0.0.1/8", "10.0.0.0/33", "http://10.0.0.1"])
def test_what_is_no_network_is_refused(word: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        networks([word])
    assert refused.value.field == "--proxy"
