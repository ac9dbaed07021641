"""A page that is encoded thing by thing is what it would be if it were encoded at once, however long it is."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import msgspec
import pytest

from assay.dialects import pages
from assay.dialects.pages import page
from assay.wire.errors import InvalidInput, Unavailable

THINGS = [{"a": 1.5, "é": None}, [1, "🦊"], {}, "x" * 50]


def sent(answer: Any) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body as a server is given them."""
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(answer({"type": "http", "method": "GET", "extensions": {}}, receive, send))
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return messages[0]["status"], dict(messages[0]["headers"]), body


@pytest.mark.parametrize("held", [1, 20, 2 << 20])
@pytest.mark.parametrize("rest", [{}, {"next": None}, {"next": "x", "n": 1}])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_page_is_the_same_in_memory_and_in_a_file(
    monkeypatch: pytest.MonkeyPatch, held: int, rest: dict[str, Any], count: int
) -> None:
    monkeypatch.setattr(pages, "HELD", held)
    monkeypatch.setattr(pages, "PIECE", 7)
    status, headers, body = sent(page("things", iter(THINGS[:count]), rest))
    assert body == msgspec.json.encode({"things": THINGS[:count], **rest})
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert int(headers[b"content-length"]) == len(body)


def test_what_fails_on_the_way_is_raised_and_no_file_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[IO[bytes]] = []

    def watched() -> IO[bytes]:
        opened.append(tempfile.TemporaryFile())  # noqa: SIM115 -- whether it is closed is what is tested
        return opened[-1]

    def failing() -> Iterator[Any]:
        yield from THINGS
        raise InvalidInput("the store says no", field="filter")

    monkeypatch.setattr(pages, "HELD", 1)
    monkeypatch.setattr(pages, "TemporaryFile", watched)
    with pytest.raises(InvalidInput):
        page("things", failing(), {})
    assert [file.closed for file in opened] == [True]


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the one boundary that cannot be filled here."""

    class Full:
        closed = False

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            self.closed = True

    file = Full()
    monkeypatch.setattr(pages, "HELD", 1)
    monkeypatch.setattr(pages, "TemporaryFile", lambda: file)
    with pytest.raises(Unavailable) as refused:
        page("things", iter(THINGS), {})
    assert (refused.value.field, file.closed) == ("limit", True)
