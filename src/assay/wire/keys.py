"""Keys and contexts that mean the same to all who log and read."""

from __future__ import annotations

from collections.abc import Mapping

SYSTEM = "system/"  # how the keys of system metrics begin
SUMMARY: Mapping[str, str] = {"summary": "run"}  # the context of what a run is summed up by
