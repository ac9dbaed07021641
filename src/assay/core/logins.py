"""Sessions of browsers, links that are good for once, and where a login may lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from assay.core.scope import How

HOUR_US = 3_600 * 1_000_000
LINK_US = 24 * HOUR_US
PATH_BOUND = 2_000
# What a browser reads as a path of this server, whatever it makes of slashes, backslashes and blanks.
PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/._~!$&'()*+,;=:@%?#-]*\Z")


class Purpose(StrEnum):
    """What a link is good for."""

    FIRST_ADMIN = "first-admin"
    SET_PASSWORD = "set-password"  # noqa: S105 -- a purpose


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has logged in.

    Attributes:
        user_id: Whose; 0: whoever reads the server's own output, as its home's token is.
        how: How he proved himself.
        created_us: When.
        seen_us: When a request last came, to some minutes.
        expires_us: When it ends, whatever comes.
    """

    user_id: int
    how: How
    created_us: int
    seen_us: int
    expires_us: int

    def ends_us(self, idle_us: int) -> int:
        """When it ends if nothing more comes."""
        return min(self.expires_us, self.seen_us + idle_us)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good for once. Only the digest of its secret is known."""

    purpose: Purpose
    user_id: int | None
    expires_us: int
    used_us: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link that can be used is for, and for whom."""

    purpose: Purpose
    name: str | None = None


def local_path(text: str) -> str:
    """The text if it is a path of this server, else the front page: a login leads nowhere else."""
    return text if len(text) <= PATH_BOUND and PATH.match(text) else "/"
