"""Checking passwords beside the event loop: few at once, one at a time of each account, and not too often."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from assay.core.accounts import User, fold
from assay.core.guesses import Guesses
from assay.services.logins import LoginService
from assay.wire.errors import TooOften, Unauthenticated

AT_ONCE = 2  # argon2 takes a core and 64 MiB each
WAITING = 100
FAILED_S = 0.5  # a failure is answered no earlier, so that its time tells nothing
REMEMBERED_S = 300.0
PAIRS_BOUND = 10_000
LONGEST = 1_000  # bytes of a password that are looked at


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and a password that were right, and the account as it was then."""

    user: User
    version: int
    until_s: float


def place_of(client: str) -> str:
    """Where somebody tries from: an address, of IPv6 the network that one customer has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64))
    return client


class PasswordGate:
    """Lets those in who have the right password, and remembers them for five minutes.

    What is remembered is a digest keyed by a number of this process, never a password.

    Args:
        logins: What checks.
        clock_s: A clock that never goes back.
    """

    def __init__(self, logins: LoginService, clock_s: Callable[[], float]) -> None:
        self._logins = logins
        self._clock_s = clock_s
        self._guesses = Guesses()
        self._key = secrets.token_bytes(32)
        self._pairs: dict[bytes, Pair] = {}
        self._limiter = CapacityLimiter(AT_ONCE)
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}
        self._waiting = 0

    async def user(self, name: str, password: str, client: str, version: int) -> User:
        """Whose name and password these are.

        Args:
            name: As it was given.
            password: As it was given.
            client: The address that they came from.
            version: Of the accounts, as they were read before this.

        Raises:
            Unauthenticated: They are nobody's, or the account is locked or disabled: the answer does not say which.
            TooOften: Too many were tried from there, or at all.
        """
        if (known := await self._known(name, password, version)) is not None:
            return known
        if self._waiting >= WAITING:
            raise _too_often(5.0)
        self._waiting += 1
        try:
            async with self._turn(fold(name[:200])):
                if (known := await self._known(name, password, version)) is not None:
                    return known
                return await self._tried(name, password, client, version)
        finally:
            self._waiting -= 1

    async def _tried(self, name: str, password: str, client: str, version: int) -> User:
        place, began_s = place_of(client), self._clock_s()
        if (wait_s := self._guesses.take(place, began_s)) > 0:
            raise _too_often(wait_s)
        user = None
        if len(password.encode("utf-8", "surrogatepass")) <= LONGEST:
            user = await run_sync(self._logins.verified, name, password, limiter=self._limiter)
        if user is None:
            await asyncio.sleep(max(0.0, began_s + FAILED_S - self._clock_s()))
            raise Unauthenticated(
                "The name or the password is wrong, or the account is locked",
                field="Authorization",
                remedy="check both; after ten failures an account takes no password for 15 minutes, after five for "
                "seconds; an admin can send you a link that sets a new one",
            )
        self._guesses.give_back(place)
        self._remember(self._digest(name, password), Pair(user, version, began_s + REMEMBERED_S))
        return user

    async def _known(self, name: str, password: str, version: int) -> User | None:
        """The user, if the pair is remembered and the account is as it was."""
        digest = self._digest(name, password)
        pair = self._pairs.get(digest)
        if pair is None:
            return None
        if self._clock_s() >= pair.until_s:
            self._pairs.pop(digest, None)
            return None
        if pair.version == version:
            return pair.user
        user = await run_sync(self._logins.current, pair.user)
        if user is None:
            self._pairs.pop(digest, None)
        else:
            self._remember(digest, Pair(user, version, pair.until_s))
        return user

    def _remember(self, digest: bytes, pair: Pair) -> None:
        while len(self._pairs) >= PAIRS_BOUND:
            del self._pairs[next(iter(self._pairs))]
        self._pairs[digest] = pair

    def _digest(self, name: str, password: str) -> bytes:
        told = name.encode("utf-8", "surrogatepass") + b"\0" + password.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, told, sha256)

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        """Tries of one account come one after the other, so that failures are counted before the next is looked at."""
        lock, count = self._turns.get(name, (asyncio.Lock(), 0))
        self._turns[name] = lock, count + 1
        try:
            async with lock:
                yield
        finally:
            lock, count = self._turns[name]
            if count == 1:
                del self._turns[name]
            else:
                self._turns[name] = lock, count - 1


def _too_often(wait_s: float) -> TooOften:
    return TooOften(
        "Too many passwords were tried",
        field="Authorization",
        remedy=f"wait {max(1, round(wait_s))} s; tokens and sessions still work",
        retry_after_s=wait_s,
    )
