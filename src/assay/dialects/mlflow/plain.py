"""Log-batch bodies as almost all clients send them, decoded to columns; and the process that does so beside a server.

It imports little, so that the process is small. `python -m` of this module answers frames on its standard input, which
is a socket: each is a size (`<I`) and so many bytes, one way a body, the other `Columns` as MessagePack, or nothing.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any

import msgspec

SIZE = struct.Struct("<I")


class Metric(msgspec.Struct, gc=False):
    """A point as clients send it."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class Pair(msgspec.Struct, gc=False):
    """A param or tag as clients send it."""

    key: str
    value: str | None = None


class Batch(msgspec.Struct):
    """The body of log-batch."""

    run_id: str
    metrics: list[Metric] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class OfModel(msgspec.Struct, array_like=True, gc=False):
    """That a point, given by its position, was measured for a logged model."""

    at: int
    model_id: str
    dataset_name: str | None
    dataset_digest: str | None


class Columns(msgspec.Struct, array_like=True, gc=False):
    """A log-batch body, not yet checked: of each point its key (uint32, a position in `keys`), value (float64), step
    and timestamp (int64) in the machine's own byte order."""

    run_id: str
    keys: list[str]
    key: bytes
    value: bytes
    step: bytes
    timestamp: bytes
    of_models: list[OfModel]
    params: list[Pair]
    tags: list[Pair]


# What the strict decoders raise: wrong types and no JSON, bytes that are no UTF-8, depth without end.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
BATCH = msgspec.json.Decoder(Batch)
PACKED = msgspec.msgpack.Decoder(Columns)
PACK = msgspec.msgpack.Encoder()


def columns(body: bytes | bytearray) -> Columns | None:
    """The body's columns, or None if another decoder has to say what it holds or what is wrong with it."""
    try:
        sent = BATCH.decode(body)
        metrics = sent.metrics
        names = [metric.key for metric in metrics]
        positions = {name: position for position, name in enumerate(dict.fromkeys(names))}
        return Columns(
            sent.run_id,
            list(positions),
            _packed("I", [positions[name] for name in names]),
            _packed("d", [metric.value for metric in metrics]),
            _packed("q", [metric.step for metric in metrics]),
            _packed("q", [metric.timestamp for metric in metrics]),
            _of_models(metrics) if any([metric.model_id for metric in metrics]) else [],  # noqa: C419 -- a third faster
            sent.params,
            sent.tags,
        )
    except (*UNREADABLE, struct.error):  # the last: an integer of more than 64 bits
        return None


def _packed(kind: str, numbers: list[Any]) -> bytes:
    return struct.pack(f"={len(numbers)}{kind}", *numbers)


def _of_models(metrics: list[Metric]) -> list[OfModel]:
    return [
        OfModel(at, metric.model_id, metric.dataset_name, metric.dataset_digest)
        for at, metric in enumerate(metrics)
        if metric.model_id
    ]


def _received(connection: socket.socket, size: int) -> bytearray | None:
    """So many bytes, or None where the other side has ended."""
    got = bytearray(size)
    view = memoryview(got)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return got


def main() -> None:
    """Answers until the server ends the connection."""
    with socket.socket(fileno=sys.stdin.fileno()) as connection:
        while (head := _received(connection, SIZE.size)) is not None:
            body = _received(connection, *SIZE.unpack(head))
            if body is None:
                return
            found = columns(body)
            answer = b"" if found is None else PACK.encode(found)
            connection.sendall(SIZE.pack(len(answer)) + answer)


if __name__ == "__main__":
    main()
