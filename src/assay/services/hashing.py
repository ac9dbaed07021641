"""Passwords are stored as argon2id makes them; one of nobody costs as much work as one of somebody."""

from __future__ import annotations

import base64
import secrets

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY


class Hasher:
    """Argon2id with 64 MiB and three passes, about 0.1 s a password: RFC 9106's second choice."""

    def __init__(self, kept: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(kept)
        salt, tag = (
            base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (kept.salt_len, kept.hash_len)
        )
        cost = f"m={kept.memory_cost},t={kept.time_cost},p={kept.parallelism}"
        self._nobody = f"$argon2id$v={kept.version}${cost}${salt}${tag}"

    def hash(self, password: str) -> str:
        """The text to store."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password whose text is stored. None: it is not, after the same work."""
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
