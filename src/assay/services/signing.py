"""Ed25519: signing with a key that is derived from the server's, and checking."""

from __future__ import annotations

import hmac
from functools import cached_property
from hashlib import sha256

from assay.core.checkpoints import key_id

LABEL = b"assay audit checkpoint 1"  # other uses of the server's key have other labels
PUBLIC_BYTES = 32


class Ed25519:
    """See `assay.ports.signing.Signer`."""

    def __init__(self, server_key: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 -- heavy

        seed = hmac.new(server_key, LABEL, sha256).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @cached_property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """What the key is called."""
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes, 64 bytes."""
        return self._private.sign(data)


def check(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key signed these bytes."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 -- heavy, as the next
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
