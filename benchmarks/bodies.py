"""Requests built ahead of their sending, at next to no cost: what a batch shares is joined in as one number.

Batch `n` holds steps `n * 100` to `n * 100 + 99` at one step a second, so that step and time of all its points share
the digits of `n`: a body is `n` joined between pieces that never change. Values are float32 random walks, as Python's
`json` writes them, from a pool that is longer than the longest chunk of a series.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy

from assay.wire.points import MEDIA_TYPE, pack

FIRST = 100_000  # six digits from the first batch to the millionth: the width of steps and times does not change
POOL = 200  # 20,000 steps a series until values come again
COLUMN_POOL = 8  # of larger bodies
LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"
POINTS = "/api/v1/runs/%s/points?writer=bench&first=%d"
LOG_METRIC = "/api/2.0/mlflow/runs/log-metric"


def head(url: str, method: str, path: str, length: int, kind: str = "application/json") -> bytes:
    """The head of a request with a body of this length."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def walks(count: int, length: int, seed: int) -> numpy.ndarray:
    """`count` random walks in float32, as rows."""
    steps = numpy.random.default_rng(seed).normal(0, 0.01, (count, length))
    return (1 + numpy.cumsum(steps, axis=1)).astype(numpy.float32)


class Batches:
    """A pool of log-batch bodies of keys x steps points, shared by the connections of a process."""

    def __init__(self, keys: int, steps: int, seed: int = 0) -> None:
        self.points = keys * steps
        pool = POOL if steps > 1 else 20
        values = walks(keys, pool * steps, seed)
        names = [f"train/metric_{key:03d}" for key in range(keys)]
        self._pool = [
            self._pieces(names, values[:, start : start + steps].tolist()) for start in range(0, pool * steps, steps)
        ]

    @staticmethod
    def _pieces(names: list[str], values: list[list[float]]) -> list[bytes]:
        parts: list[bytes] = []
        before = '"metrics":['
        for name, row in zip(names, values, strict=True):
            for offset, value in enumerate(row):
                parts.append(f'{before}{{"key":"{name}","value":{value!r},"timestamp":17'.encode())
                parts.append(f'{offset * 1_000:05d},"step":'.encode())
                before = f"{offset:02d}}},"
        parts.append(f"{before[:-1]}]}}".encode())
        return parts

    def requests(self, url: str, run_id: str, start: int) -> Iterator[bytes]:
        """Requests without end, each with points that none before had."""
        opening = f'{{"run_id":"{run_id}",'.encode()
        pool = itertools.cycle(self._pool)
        for _ in range(start):
            next(pool)
        for number, pieces in enumerate(pool, FIRST):
            body = opening + (b"%d" % number).join(pieces)
            yield head(url, "POST", LOG_BATCH, len(body)) + body

    def sample(self, run_id: str = "0" * 32) -> bytes:
        """One body."""
        return next(self.requests("http://127.0.0.1:1", run_id, 0)).partition(b"\r\n\r\n")[2]


class Singles:
    """Requests of one metric each."""

    points = 1

    def __init__(self, seed: int = 0) -> None:
        self._values = [repr(value).encode() for value in walks(1, 20_000, seed)[0].tolist()]

    def requests(self, url: str, run_id: str, start: int) -> Iterator[bytes]:
        """Requests without end, each with a point that none before had."""
        values = itertools.cycle(self._values)
        for _ in range(start):
            next(values)
        for number in itertools.count(FIRST):
            body = b'{"run_id":"%b","key":"train/loss","value":%b,"timestamp":17%d00000,"step":%d}' % (
                run_id.encode(),
                next(values),
                number,
                number,
            )
            yield head(url, "POST", LOG_METRIC, len(body)) + body


class Columns:
    """Bodies of binary columns, as our SDK packs what it logs at once: at each step, one point of each key."""

    def __init__(self, keys: int, steps: int, seed: int = 0) -> None:
        self.points = keys * steps
        self._names = [f"train/metric_{key:03d}" for key in range(keys)]
        # Packed beforehand: what comes before the columns that change, and the column that does not.
        sample = pack(self._names, list(range(keys)) * steps, [0] * self.points, [0] * self.points, [0.0] * self.points)
        self._before = sample[: len(sample) - self.points * (3 * 8 + 4)]
        self._keys = sample[len(sample) - self.points * 4 :]
        walk = walks(keys, COLUMN_POOL * steps, seed).T.astype("<f8").tobytes()
        self._values = [walk[at : at + self.points * 8] for at in range(0, len(walk), self.points * 8)]
        self._steps = numpy.repeat(numpy.arange(steps, dtype="<i8"), keys)

    def requests(self, url: str, run_id: str, start: int) -> Iterator[bytes]:
        """Requests without end, each with points that none before had, numbered as one writer does."""
        length = len(self._before) + self.points * (3 * 8 + 4)
        for number in itertools.count():
            steps = self._steps + number * (self._steps[-1] + 1)
            times_us = 1_700_000_000_000_000 + steps * 1_000_000
            path = POINTS % (run_id, number * self.points)
            values = self._values[(start + number) % COLUMN_POOL]
            yield b"".join(
                (
                    head(url, "POST", path, length, MEDIA_TYPE),
                    *(self._before, values, steps.tobytes(), times_us.tobytes(), self._keys),
                )
            )
