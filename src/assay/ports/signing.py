"""Who signs checkpoints of the audit chain: the holder of the server's key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Signer(Protocol):
    """A key that signs, of which only the public half can be read."""

    @property
    def id(self) -> str: ...

    @property
    def public(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes."""
        ...


class Keyring(Protocol):
    """Where the server's key lies."""

    def signer(self) -> Signer:
        """The key that signs now, made the first time. Raises PermissionDenied, Unavailable, InvalidInput."""
        ...

    def replace(self) -> tuple[Signer, Callable[[], None]]:
        """A new key, and what puts it into the place of the old one. Raises InvalidState where an operator sets it."""
        ...
