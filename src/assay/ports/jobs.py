"""Work that recurs, and that one of several servers does at a time."""

from __future__ import annotations

from typing import Protocol


class JobRows(Protocol):
    """Which job is due, and who holds its lease."""

    def claim(self, kind: str, key: str, holder: str, lease_us: int) -> bool:
        """Whether the job was due and is now the holder's, until the lease ends. One that was never done is due."""
        ...

    def done(self, kind: str, key: str, holder: str, after_us: int) -> None:
        """The job is due again after this time; nothing happens if the lease has gone to another."""
        ...
