"""Bodies of points that are spoiled in any way are stored as they say or refused as a whole, never half."""

from __future__ import annotations

import json
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from fuzz.test_mlflow_routes import MEMORY_MIB, SLOW_S, memory_mib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.length import length
from support.server import Http, Server

from assay.wire.errors import InvalidInput
from assay.wire.points import MEDIA_TYPE, pack, unpack

INT64 = st.integers(-(2**63), 2**63 - 1)
TIMES = st.integers(0, 2**63 - 1)
NAMES = st.sampled_from(["a", "b/c", "loss", "\u00e4", "k" * 250])
CONTEXTS = st.sampled_from(['{"split": "test"}', '{"b": "x", "a": "y"}'])
BAD_NAMES = st.one_of(st.text(max_size=5), st.sampled_from(["", "\0", "k" * 251]))
BAD_CONTEXTS = st.sampled_from(["{}", "[", '{"a": 1}', '{"a": "\\ud800"}'])
WORDS = [0, 1, 2**16 - 1, 2**31, 2**32 - 1]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body of points, good in form; every second one may say what cannot be."""
    n, good = draw(st.integers(0, 20)), draw(st.booleans())
    keys = draw(st.lists(NAMES if good else NAMES | BAD_NAMES, min_size=1, max_size=4))
    contexts = draw(st.lists(CONTEXTS if good else CONTEXTS | BAD_CONTEXTS, max_size=2))

    def column(of: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(of, min_size=n, max_size=n))

    rows = column(INT64) if draw(st.booleans()) else None
    return pack(
        keys,
        column(st.integers(0, len(keys) - good)),
        column(INT64),
        column(TIMES if good else INT64),
        column(st.floats()),
        rows,
        contexts,
        column(st.integers(0, len(contexts))) if contexts else None,
    )


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A body of points, to which something may have happened."""
    body = bytearray(draw(bodies()))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, max(len(body) - 1, 0)))
        match draw(st.sampled_from(["flip", "cut", "add", "drop", "head", "double"])):
            case "flip" if body:
                body[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del body[at:]
            case "add":
                body[at:at] = draw(st.binary(max_size=16))
            case "drop":
                del body[at : at + draw(st.integers(1, 16))]
            case "head" if len(body) >= 16:
                struct.pack_into("<I", body, draw(st.sampled_from([8, 12])), draw(st.sampled_from(WORDS)))
            case "double":
                body += bytes(body)
    return bytes(body)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Http, Server]]:
    """A connection to a server of this module, and the server."""
    server = Server(tmp_path_factory.mktemp("home")).start()
    with closing(server.http()) as connection:
        yield connection, server
    server.stop()


def test_spoiled_bodies_are_stored_or_refused(
    http: tuple[Http, Server], record_property: Callable[[str, object], None]
) -> None:
    client, server = http
    uid = client.request("POST", "/api/v1/runs", {}).json["id"]
    reached = 0
    seen: Counter[int] = Counter()

    @settings(max_examples=length(1_000, 10_000), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(spoiled(), st.sampled_from([0, 0, 0, 1, -3]))
    def send(body: bytes, shift: int) -> None:
        nonlocal reached
        first = max(reached + shift, 0)
        path = f"/api/v1/runs/{uid}/points?writer=w&first={first}"
        began = time.perf_counter()
        answer = client.request("POST", path, body, {"Content-Type": MEDIA_TYPE})
        assert time.perf_counter() - began < SLOW_S
        seen[answer.status] += 1
        try:
            n: int | None = unpack(body).n
        except InvalidInput:
            n = None
        if answer.status == 200:
            assert n is not None
            assert first <= reached
            assert answer.json == {"next": first + n}
            reached = max(reached, first + n)
        else:
            assert answer.status in (409, 422), answer.body
            told = answer.json
            assert told["status"] == answer.status
            assert told["field"]
            assert told["remedy"]
            assert answer.status == 422 or first > reached
        opened = client.request("POST", f"/api/v1/runs/{uid}/writers", {"name": "w"}).json
        assert opened["next"] == reached

    send()
    for item in client.request("GET", f"/api/v1/runs/{uid}/series").json["series"]:  # all of it can be read again
        context = {} if item["context"] is None else {"context": json.dumps(item["context"])}
        found = client.request("GET", f"/api/v1/runs/{uid}/history", key=item["key"], **context)
        assert found.status == 200, (item, found.body)
        assert found.json["step"], item
    assert server.process is not None
    peak = memory_mib(server.process.pid)
    told = f"{sum(seen.values())} bodies, peak {peak:.0f} MiB; " + ", ".join(
        f"{s}: {c}" for s, c in sorted(seen.items())
    )
    record_property("evidence", told)
    assert seen[200] > sum(seen.values()) / 10
    assert peak < MEMORY_MIB
