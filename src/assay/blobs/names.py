"""What objects may be called."""

from __future__ import annotations

import re

from assay.wire.errors import InvalidInput

NAME = re.compile(r"[a-z0-9]{16,64}\Z")


def check_name(id: str) -> str:
    """The name, which is one. Raises InvalidInput."""
    if not NAME.match(id):
        raise InvalidInput(f"{id!r} is no name of an object", field="blob_id", remedy="16 to 64 of a-z0-9")
    return id
