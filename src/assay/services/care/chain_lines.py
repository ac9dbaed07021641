"""Audit chains as lines of JSON: what `assay audit export` writes, and what `assay audit verify` reads anywhere.

A file begins with a line `export` and ends with a line `end`. Between are the public keys, and for each workspace a
line `chain` with the chain's end, its checkpoints and its records. A file of checkpoints has lines `key` and
`checkpoint` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from assay.core.audit import ID, Entry, Head
from assay.core.checkpoints import Key, Signed
from assay.core.scope import Scope
from assay.ports.aggregates import Audit
from assay.wire.errors import Corrupt, TooLarge, Unavailable

VERSION = 1
LINE_BOUND = 16 << 20
CHECKPOINTS_BOUND = 1_000_000  # a century of hours
Line = dict[str, Any]
T = TypeVar("T")


@dataclass(slots=True)
class Chain:
    """One workspace's chain. Its entries are read once, before the next chain is."""

    workspace_id: int
    name: str
    head: Head
    signed: list[Signed]
    entries: Iterator[Entry]


def chains_of(audit: Audit, ids: Iterable[int] | None = None) -> Iterator[Chain]:
    """The chains of a catalog; `ids`: only of these workspaces."""
    names = audit.workspaces()
    for id in names if ids is None else ids:
        scope = Scope(id)
        signed = list(audit.checkpoints(scope))
        yield Chain(id, names.get(id, str(id)), audit.head(scope), signed, audit.entries(scope))


def key_line(key: Key) -> Line:
    """A public key, with what the one before it vouched by."""
    return {
        "kind": "key",
        "id": key.id,
        "public": key.public.hex(),
        "since_us": key.since_us,
        "previous": key.previous_id,
        "handover": None if key.handover is None else key.handover.hex(),
    }


def checkpoint_line(signed: Signed) -> Line:
    """A checkpoint and its signature."""
    return {"kind": "checkpoint", **_bytes("checkpoint", signed.checkpoint), "signature": signed.signature.hex()}


def export_lines(keys: Iterable[Key], chains: Iterable[Chain], made_us: int) -> Iterator[Line]:
    """Every line of an export."""
    yield {"kind": "export", "v": VERSION, "made_us": made_us}
    count = 1
    for key in keys:
        yield key_line(key)
        count += 1
    for chain in chains:
        head = {"seq": chain.head.seq, "digest": chain.head.digest.hex()}
        yield {"kind": "chain", "workspace": str(chain.workspace_id), "name": chain.name, **head}
        yield from map(checkpoint_line, chain.signed)
        count += 1 + len(chain.signed)
        for entry in chain.entries:
            salt = None if entry.salt is None else entry.salt.hex()
            told = {"seq": entry.seq, **_bytes("record", entry.record), "salt": salt, "detail": entry.detail}
            yield {"kind": "record", **told}
            count += 1
    yield {"kind": "end", "lines": count}


def _bytes(name: str, data: bytes) -> Line:
    """Canonical bytes are ASCII; what somebody put in their place need not be."""
    return {name: data.decode("ascii")} if data.isascii() else {f"{name}_hex": data.hex()}


def written(line: Line) -> bytes:
    """The line as bytes."""
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


class ChainFile:
    """An export that was written to a file.

    Raises:
        Corrupt: It is none.
        Unavailable: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = read_lines(path)
        self._number = 0
        self._line: Line | None = None
        self._next()
        if not self._is("export") or self._have().get("v") != VERSION:
            raise self._wrong("begins with no line `export` of a version that is known")
        self._next()
        self.keys = [self._take(read_key) for _ in self._while("key")]

    def chains(self) -> Iterator[Chain]:
        """The chains, each to be read before the next.

        Raises:
            Corrupt: A line is not in order, or the end is missing.
        """
        for _ in self._while("chain"):
            id, name, head = self._take(_read_chain)
            signed = []
            for _ in self._while("checkpoint"):
                signed.append(self._take(read_checkpoint))
                if len(signed) > CHECKPOINTS_BOUND:
                    raise _too_many(self._path)
            yield Chain(id, name, head, signed, self._entries())
        if not self._is("end") or self._have().get("lines") != self._number - 1:
            raise self._wrong("is not followed by the end of the export: lines are missing")

    def _entries(self) -> Iterator[Entry]:
        for _ in self._while("record"):
            yield self._take(_read_entry)

    def _next(self) -> None:
        self._line = next(self._lines, None)
        self._number += 1

    def _is(self, kind: str) -> bool:
        return self._line is not None and self._line.get("kind") == kind

    def _while(self, kind: str) -> Iterator[None]:
        while self._is(kind):
            yield

    def _have(self) -> Line:
        assert self._line is not None
        return self._line

    def _take(self, read: Callable[[Line], T]) -> T:
        try:
            found = read(self._have())
        except (KeyError, TypeError, ValueError) as error:
            raise self._wrong("is not in order") from error
        self._next()
        return found

    def _wrong(self, what: str) -> Corrupt:
        return Corrupt(
            f"Line {self._number} of {self._path} {what}",
            field="FILE",
            remedy="give a whole file that `assay audit export` wrote",
        )


def read_lines(path: Path, damaged: Callable[[], None] | None = None) -> Iterator[Line]:
    """The lines of a file, each an object; `damaged` is called for others, which are passed over.

    Raises:
        Corrupt: A line is no object, and nobody asks to be told.
        TooLarge: A line is longer than any that was written.
        Unavailable: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while data := file.readline(LINE_BOUND):
                number += 1
                if len(data) == LINE_BOUND:
                    raise TooLarge(f"Line {number} of {path} is too long", field="FILE", bound=LINE_BOUND)
                try:
                    line = json.loads(data)
                except (ValueError, RecursionError):
                    line = None
                if isinstance(line, dict):
                    yield line
                elif damaged is None:
                    raise Corrupt(
                        f"Line {number} of {path} is no JSON object", field="FILE", remedy="give a whole file"
                    )
                elif data.strip():
                    damaged()
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be read: {error.strerror}", field="FILE", remedy="give a file that you may read"
        ) from error


def _too_many(path: Path) -> TooLarge:
    return TooLarge(
        f"{path} holds more checkpoints than this can read",
        field="FILE",
        bound=CHECKPOINTS_BOUND,
        remedy="split the file",
    )


def read_key(line: Line) -> Key:
    """The key of a line. Raises KeyError, TypeError, ValueError."""
    given, previous = line["handover"], line["previous"]
    handover = None if given is None else bytes.fromhex(given)
    if previous is not None:
        _text(previous)
    return Key(_text(line["id"]), bytes.fromhex(line["public"]), _number(line["since_us"]), previous, handover)


def read_checkpoint(line: Line) -> Signed:
    """The checkpoint of a line. Raises KeyError, TypeError, ValueError."""
    return Signed(_data(line, "checkpoint"), bytes.fromhex(line["signature"]))


def _read_chain(line: Line) -> tuple[int, str, Head]:
    if not ID.match(line["workspace"]):
        raise ValueError("this is no id")
    name = "".join(sign if sign.isprintable() else "?" for sign in _text(line["name"]))  # it is shown on terminals
    return int(line["workspace"]), name, Head(_number(line["seq"]), bytes.fromhex(line["digest"]))


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("this is no whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("this is no text")
    return value


def _read_entry(line: Line) -> Entry:
    salt, detail = line["salt"], line["detail"]
    if detail is not None:
        _text(detail)
    return Entry(_number(line["seq"]), _data(line, "record"), None if salt is None else bytes.fromhex(salt), detail)


def _data(line: Line, name: str) -> bytes:
    if name not in line:
        return bytes.fromhex(line[f"{name}_hex"])
    return _text(line[name]).encode("utf-8", "surrogatepass")
