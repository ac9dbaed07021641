"""Journals for tests."""

from __future__ import annotations

from pathlib import Path

from assay.sdk.journal.journal import Journal, read

SMALL = 512  # bytes of a segment


def opened(folder: Path, *, mapped: bool, segment_bytes: int = SMALL) -> Journal:
    """A new journal there."""
    return Journal(lambda: folder, mapped=mapped, segment_bytes=segment_bytes)


def bodies(folder: Path) -> list[bytes]:
    """All records that can be read."""
    return [body for _, body in read(folder)]
