"""How people come in: sessions, links and identities at providers, as small stores of a unit of work.

As accounts, they belong to the server and not to a workspace. Secrets are known by their SHA-256 (hex) only.
"""

from __future__ import annotations

from typing import Protocol

from assay.core.logins import Link, Purpose, Session
from assay.core.scope import How


class Sessions(Protocol):
    """Sessions of browsers."""

    def add(self, digest: str, user_id: int, how: How, lasts_us: int) -> Session:
        """A new session, from now on."""
        ...

    def find(self, digest: str) -> Session | None:
        """The session of this digest, whether it has ended or not."""
        ...

    def seen(self, digest: str) -> None:
        """A request came now. Does not raise the version."""
        ...

    def end(self, digest: str) -> bool:
        """It is gone, and the version raised; whether there was one."""
        ...

    def end_of_user(self, user_id: int) -> int:
        """All of the user's are gone, and the version raised; how many they were."""
        ...

    def sweep(self, idle_us: int) -> int:
        """Those that have ended are gone; how many they were."""
        ...


class Links(Protocol):
    """Links that are good for once."""

    def add(self, digest: str, purpose: Purpose, user_id: int | None, lasts_us: int) -> Link:
        """A new link. Those that have expired are gone."""
        ...

    def find(self, digest: str) -> Link | None:
        """The link of this digest, if it can still be used."""
        ...

    def take(self, digest: str) -> Link | None:
        """The same, and it cannot be used again; of several who try at once, one has it."""
        ...

    def void(self, user_id: int) -> None:
        """The user's links cannot be used any more."""
        ...


class Identities(Protocol):
    """Who is whom at identity providers."""

    def find(self, issuer: str, subject: str) -> int | None:
        """The user whom the provider calls so."""
        ...

    def add(self, issuer: str, subject: str, user_id: int) -> None:
        """The provider calls this user so. Raises AlreadyExists if it has another name for the user."""
        ...
