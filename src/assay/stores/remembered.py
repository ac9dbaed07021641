"""What this server itself wrote to the tails of the runs that it logs to: it folds them without reading.

A tail is remembered whole or not at all. If another server writes to it, or makes it short, that shows in the number of
its batches, which the store tells with each write, or in what is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.points.tails import Batch

MOST_BYTES = 16 << 20  # of all tails together; when there would be more, all are read once again
EACH_BYTES = 150  # that a batch takes besides its payload


class Remembered:
    """The tails that are remembered.

    Args:
        most_bytes: What all of them may take.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._tails: dict[int, list[Batch]] = {}
        self._bytes = 0

    def begin(self, owner_id: int, batches: Sequence[Batch]) -> None:
        """The owner's tail is this."""
        self.forget(owner_id)
        self._tails[owner_id] = []
        for batch in batches:
            self._add(owner_id, batch)

    def add(self, owner_id: int, batch: Batch, batches: int) -> None:
        """This batch was stored, and the tail has so many now."""
        tail = self._tails.get(owner_id)
        if tail is None:
            return
        if len(tail) + 1 == batches:
            self._add(owner_id, batch)
        else:
            self.forget(owner_id)

    def _add(self, owner_id: int, batch: Batch) -> None:
        self._bytes += len(batch.payload) + EACH_BYTES
        if self._bytes > self._most_bytes:
            self.clear()
        elif owner_id in self._tails:
            self._tails[owner_id].append(batch)

    def tail(self, owner_id: int) -> Sequence[Batch] | None:
        """The owner's tail; None if it is not remembered."""
        return self._tails.get(owner_id)

    def forget(self, owner_id: int) -> None:
        """The tail is no longer what it was."""
        tail = self._tails.pop(owner_id, ())
        self._bytes -= sum(len(batch.payload) + EACH_BYTES for batch in tail)

    def clear(self) -> None:
        """No tail is remembered."""
        self._tails.clear()
        self._bytes = 0
