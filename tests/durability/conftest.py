"""A disk that forgets, for the tests of durability."""

from __future__ import annotations

from pathlib import Path

import pytest
from durability import faults


@pytest.fixture(scope="session")
def fault_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of fault.c, built once."""
    return faults.build(tmp_path_factory.mktemp("fault"))
