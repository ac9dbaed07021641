"""A file as an HTTP answer: whole or a range, HEAD, and what a cache asks."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from assay.ports.aggregates import StoredFile
from assay.services.files import FileService

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def range_of(asked: str | None, size: int) -> tuple[int, int] | None:
    """Start and end of the range that a header asks for of `size` bytes; None for all of them.

    A header that we do not understand, or that asks for several ranges, asks for all. An end before the start (also of
    an empty file) stands for a range that cannot be satisfied.
    """
    match = _RANGE.match((asked or "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return (max(size - int(last), 0), size) if int(last) and size else (0, -1)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (0, -1)


def _disposition(name: str) -> str:
    plain = name.isascii() and not set(name) & set('"\\')
    return f'attachment; filename="{name}"' if plain else f"attachment; filename*=utf-8''{quote(name)}"


class Download(Response):
    """The bytes of a file; the first piece was read before the answer begins, so that a failure still has a code."""

    def __init__(self, status: int, headers: dict[str, str], first: bytes, rest: Iterator[bytes]) -> None:
        super().__init__(status_code=status, headers=headers)
        self.raw_headers = [item for item in self.raw_headers if item[0] != b"content-length"]
        self.raw_headers.append((b"content-length", headers["Content-Length"].encode()))
        self._first = first
        self._rest = rest

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Sends a piece while the next one is read."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        left = int(self.headers["content-length"]) - len(self._first) if scope["method"] != "HEAD" else 0
        await send({"type": "http.response.body", "body": self._first, "more_body": left > 0})
        if left <= 0:
            return
        ahead = asyncio.create_task(run_sync(next, self._rest))
        try:
            while left > 0:
                piece = await ahead
                left -= len(piece)
                if left > 0:
                    ahead = asyncio.create_task(run_sync(next, self._rest))
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        finally:
            if not ahead.done():
                await asyncio.wait([ahead])


def answer(
    files: FileService,
    file: StoredFile,
    header: Callable[[str], str | None],
    *,
    head: bool,
    shown: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a GET or HEAD of the file; blocks while its first piece is read. Browsers save it.

    Args:
        files: Where its bytes are.
        file: What was asked for.
        header: The request's header of a name.
        head: Whether only the headers are wanted.
        shown: Its type and what else a browser that may show it is told; with a Content-Disposition, it is saved.
    """
    name = file.path.rpartition("/")[2]
    etag = f'"{(file.blake3 or file.blob_id)[:32]}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": formatdate(file.modified_us / 1e6, usegmt=True),
        "X-Content-Type-Options": "nosniff",
    }
    if shown is None:
        headers["Content-Type"] = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers["Content-Disposition"] = _disposition(name)
    else:
        headers |= shown
        if "Content-Disposition" in shown:
            headers["Content-Disposition"] = _disposition(name)
    known = header("if-none-match")
    if known is not None and (known.strip() == "*" or etag in known.replace("W/", "")):
        return Response(status_code=304, headers=headers)
    if_range = header("if-range")
    asked = range_of(header("range"), file.size) if if_range in (None, etag) else None
    start, end = asked or (0, file.size)
    if end < start:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    pieces = files.read(file, start, end)
    first = b"" if head else next(pieces, b"")
    return Download(206 if asked else 200, headers, first, pieces)
