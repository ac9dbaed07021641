"""MLflow's metric messages, which are encoded in blocks, are byte for byte what one encoder makes of them all."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.points.columns import Points, empty, from_lists
from assay.dialects.mlflow import encode, metrics
from assay.testing.strategies import points


def whole(some: Points, key: str, token: str | None, run: str | None, *, named: bool) -> bytes:
    """The answer made of dicts, at once."""
    extra = {} if run is None else {"run_id": run}
    messages = [
        {"key": key, "value": encode.number(value), "timestamp": time_us // 1_000, "step": step, **extra}
        for value, time_us, step in zip(some.value.tolist(), some.time_us.tolist(), some.step.tolist(), strict=True)
    ]
    answer: dict[str, Any] = {"metrics": messages} if named else encode.present(metrics=messages)
    return msgspec.json.encode(answer | encode.present(next_page_token=token))


def pieces(some: Points, key: str, token: str | None, run: str | None, *, named: bool) -> list[bytes]:
    """The answer in pieces."""
    return list(metrics._answer(metrics.encoded(some, key, run), token, named=named))


@given(points(), st.text(max_size=5), st.none() | st.just("abc="), st.none() | st.just("r"), st.booleans())
def test_any_points_are_told_so(some: Points, key: str, token: str | None, run: str | None, named: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "BLOCK", 7)
        patch.setattr(metrics, "PIECE", 100)
        assert b"".join(pieces(some, key, token, run, named=named)) == whole(some, key, token, run, named=named)


def test_no_points_are_no_field() -> None:
    assert pieces(empty(), "m", None, None, named=False) == [b"{}"]
    assert pieces(empty(), "m", None, "r", named=True) == [b'{"metrics":[]}']


def test_what_json_has_no_number_for() -> None:
    some = from_lists([0] * 4, range(4), [-1, 0, 999, 1_000], [math.nan, math.inf, -math.inf, -0.0])
    (piece,) = pieces(some, "m", None, None, named=False)
    found = json.loads(piece)["metrics"]
    assert [item["value"] for item in found] == ["NaN", sys.float_info.max, -sys.float_info.max, 0.0]
    assert [item["timestamp"] for item in found] == [-1, 0, 0, 1]
    assert b'"value":-0.0' in piece


def test_a_long_answer_comes_in_pieces_of_some_size() -> None:
    n = 30_000
    some = from_lists(np.zeros(n, np.int64), np.arange(n), np.arange(n) * 1_000, np.arange(n) / 7)
    found = pieces(some, "loss", None, None, named=False)
    assert len(found) > 5
    assert all(metrics.PIECE < len(piece) < 3 * metrics.PIECE for piece in found[:-1])
    assert len(json.loads(b"".join(found))["metrics"]) == n
