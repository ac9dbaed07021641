"""Which runs and models of a source were imported, and in what state: kept by the server beside them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from assay.exchange.source import SourceModel, SourceRun
from assay.exchange.target import Target

BEGUN, DONE = "begun", "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """How far the import of a run or model got, and of which state of it."""

    state: str
    seen: str


class Ledger:
    """The imports of one source, of one kind: `run` or `model`.

    A thing is noted before it is made: so what exists and is not noted was made by somebody else.
    """

    def __init__(self, target: Target, kind: str, source_digest: str) -> None:
        self._target = target
        self._kind = kind
        self._source = source_digest
        self._entries: dict[str, Entry] = {}
        for row in target.listed("imports", "imports", kind=kind, source=source_digest):
            self._entries[row["name"]] = Entry(row["document"]["state"], row["document"]["seen"])

    def entry(self, uid: str) -> Entry | None:
        """What is noted of it."""
        return self._entries.get(uid)

    def has(self, uid: str, seen: str) -> bool:
        """Whether it was imported whole, in this state."""
        entry = self._entries.get(uid)
        return entry is not None and entry.state == DONE and entry.seen == seen != ""

    def note(self, uid: str, state: str, seen: str) -> None:
        """The server knows how far this one got."""
        document = {"state": state, "seen": seen}
        self._target.post("imports", {"kind": self._kind, "source": self._source, "name": uid, "document": document})
        self._entries[uid] = Entry(state, seen)


def digest(text: str) -> str:
    """A short name for a long text, the same each time."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def state_of(thing: SourceRun | SourceModel) -> str:
    """What changes when anything of it does; "" where the source cannot say."""
    if not thing.files_state and not (isinstance(thing, SourceRun) and thing.points_state):
        return ""
    return digest(json.dumps(asdict(thing), sort_keys=True, default=list))
