"""The server that takes what is imported, as far as an import needs to know it. It is spoken to by its API only."""

from __future__ import annotations

import json
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from assay.exchange.source import SourceFile, SourcePoints
from assay.sdk import http as api
from assay.wire.errors import NotFound, Unavailable
from assay.wire.points import MEDIA_TYPE, pack

PAGE = 200
BODY_BYTES = 500_000  # of JSON a call; a server takes 1 MiB
POINTS = 500_000  # a call
LINES = 10_000  # a call
NEXT_HEADER = "x-next-page-token"
FILE_S = 600.0  # without a byte


class Target:
    """A server.

    Args:
        url: Where it is.
        token: What proves who asks, where the server may be told.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._token = token

    def post(self, path: str, body: dict[str, Any] | list[Any]) -> Any:
        """The answer to a POST."""
        return api.post(self._url, path, body, token=self._token)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a PATCH."""
        return api.patch(self._url, path, dict(body), token=self._token)

    def delete(self, path: str) -> None:
        """The thing is deleted, until somebody restores it."""
        api.delete(self._url, path, token=self._token)

    def find(self, path: str) -> dict[str, Any] | None:
        """The thing, None if there is none."""
        try:
            found: dict[str, Any] = api.get(self._url, path)
        except NotFound:
            return None
        return found

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The answer to a GET."""
        found: dict[str, Any] = api.get(self._url, path, **query)
        return found

    def histories(self, run_uid: str, key: str, context: Mapping[str, str] | None, at_once: int) -> Iterator[bytes]:
        """All points of one series, in bodies of at most so many."""
        token: str | None = None
        while True:
            body, headers = api.get_bytes(
                self._url,
                f"runs/{run_uid}/history",
                token=self._token,
                accept=MEDIA_TYPE,
                key=key,
                context=None if context is None else context_text(context),
                limit=at_once,
                page_token=token,
            )
            yield body
            token = next((value for name, value in headers.items() if name.lower() == NEXT_HEADER), None)
            if not token:
                return

    @contextmanager
    def fetched(self, owner: str, path: str) -> Iterator[IO[bytes]]:
        """The bytes of a file in the tree of the owner, `runs/ID` or `models/ID`. What breaks is Unavailable."""
        import http.client

        try:
            with api.stream(self._url, f"{owner}/files/{api.quoted_path(path)}", token=self._token) as answer:
                yield answer
        except http.client.HTTPException as error:
            raise Unavailable(f"The server ended the answer for {owner}/{path}", remedy="export again") from error

    def listed(self, path: str, what: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The things of all pages."""
        token: str | None = None
        while True:
            page = api.get(self._url, path, page_token=token, **{"limit": PAGE, **query})
            yield from page[what]
            token = page.get("next_page_token")
            if not token:
                return

    def progress(self, run_uid: str, writer: str) -> int:
        """The number of the next record that the writer may send."""
        told = self.post(f"runs/{run_uid}/writers", {"name": writer, "heartbeats": False})
        return int(told["next"])

    def send_points(self, run_uid: str, writer: str, first: int, points: SourcePoints) -> None:
        """These points are the run's, numbered from `first`."""
        for start in range(0, len(points.values), POINTS):
            body = packed(points, slice(start, start + POINTS))
            path = f"runs/{run_uid}/points"
            api.send(self._url, path, body, MEDIA_TYPE, token=self._token, writer=writer, first=first + start)

    def send_records(self, path: str, writer: str, first: int, body: Any) -> None:
        """These values or lines are the run's, numbered from `first`."""
        data = json.dumps(body).encode()
        api.send(self._url, path, data, "application/json", token=self._token, writer=writer, first=first)

    def put_file(self, owner: str, file: SourceFile) -> None:
        """The bytes of the file lie in the tree of the owner, `runs/ID` or `models/ID`."""
        path = f"{owner}/files/{api.quoted_path(file.path)}"
        with file.open() as source, ExitStack() as opened:
            size = file.size
            body: Any = source
            if size is None:
                body = opened.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(source, body)
                size = body.tell()
                body.seek(0)
            api.put_file(self._url, path, body, size, token=self._token, timeout_s=FILE_S)


def packed(points: SourcePoints, part: slice) -> bytes:
    """The points of this part as a body, with the names that they need."""
    key = points.key[part]
    used = sorted(set(key))
    place = dict(zip(used, range(len(used)), strict=True))
    if len(used) < len(points.keys):
        key = array("I", [place[at] for at in key])
    names = [points.keys[at] for at in used]
    rows = None if points.rows is None else points.rows[part]
    contexts: Sequence[str] = ()
    context = None
    if points.context is not None:
        contexts = [context_text(item) for item in points.contexts]
        context = points.context[part]
    return pack(names, key, points.steps[part], points.times_us[part], points.values[part], rows, contexts, context)


def context_text(context: Mapping[str, str]) -> str:
    """The one text of a context."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def pages(items: Iterator[Any], most: int, size: int = BODY_BYTES) -> Iterator[list[Any]]:
    """The JSON items in lists that are no longer, and no larger as JSON, unless one item is."""
    page: list[Any] = []
    total = 0
    for item in items:
        length = len(json.dumps(item))
        if page and (len(page) >= most or total + length > size):
            yield page
            page, total = [], 0
        page.append(item)
        total += length
    if page:
        yield page
