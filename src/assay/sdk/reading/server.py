"""Which server is read from."""

from __future__ import annotations

import os
from dataclasses import dataclass

from assay.sdk.home import address_of, default_home, is_held, token_for
from assay.wire.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Server:
    """Where to read, and what proves who does."""

    url: str
    token: str | None


def server_at(url: str | None = None) -> Server:
    """The server there, else that of `ASSAY_URL` or of the home.

    Raises:
        Unavailable: There is none.
        InvalidInput: ASSAY_TOKEN holds no token.
        PermissionDenied: The home's token is not in order.
    """
    home = default_home()
    found = url or os.environ.get("ASSAY_URL") or (address_of(home) if is_held(home) else None)
    if not found:
        raise Unavailable("There is no server to read from", remedy="start one with: assay up, or set ASSAY_URL")
    return Server(found, token_for(found, home))
