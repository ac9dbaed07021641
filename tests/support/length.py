"""How long a test runs: short by default, the full length of the promises with ASSAY_TEST_LENGTH=long."""

from __future__ import annotations

import os

LONG = os.environ.get("ASSAY_TEST_LENGTH") == "long"


def length(short: int, long: int) -> int:
    """The number for this run of the tests."""
    return long if LONG else short
