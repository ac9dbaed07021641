"""A page of things as JSON: each is encoded by itself, and of a long page the most lies in a file until it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
from starlette.responses import Response, StreamingResponse

from assay.wire.errors import Unavailable

JSON = "application/json"
HELD = 2 << 20  # bytes of a page that are in memory
PIECE = 256 << 10  # bytes that are sent at a time
RETRY_S = 5


def page(name: str, things: Iterable[Any], rest: Mapping[str, Any]) -> Response:
    """{name: [thing, ...], **rest}, byte for byte as if it were encoded at once.

    Raises:
        Unavailable: There is no room for a long page.
    """
    encoder = msgspec.json.Encoder()
    held = bytearray(b"{" + encoder.encode(name) + b":[")
    file: IO[bytes] | None = None
    size = 0
    try:
        comma = b""
        for thing in things:
            held += comma
            comma = b","
            encoder.encode_into(thing, held, -1)
            if len(held) > HELD:
                file = file or TemporaryFile()  # noqa: SIM115 -- it ends with the answer
                size += _append(file, held)
                held.clear()
        held += b"]," + encoder.encode(rest)[1:] if rest else b"]}"
        if file is None:
            return Response(bytes(held), media_type=JSON)
        size += _append(file, held)
        file.seek(0)
    except BaseException:
        if file is not None:
            file.close()
        raise
    return StreamingResponse(_pieces(file), headers={"Content-Length": str(size)}, media_type=JSON)


def _append(file: IO[bytes], data: bytearray) -> int:
    try:
        file.write(data)
        file.flush()
    except OSError as error:
        raise Unavailable(
            "This server has no room for so long an answer",
            field="limit",
            remedy="ask for a smaller page, or free space where the server keeps temporary files",
            retry_after_s=RETRY_S,
        ) from error
    return len(data)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
