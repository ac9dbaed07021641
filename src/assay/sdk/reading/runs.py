"""Runs, read from a server: looked for lazily, a page at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.sdk import http
from assay.sdk.reading.files import RunFile, download, files
from assay.sdk.reading.frames import Columns, Framed
from assay.sdk.reading.history import History, history
from assay.sdk.reading.series import Axis, Series, series
from assay.sdk.reading.server import Server, server_at

PAGE = 1_000


def runs(
    filter: str = "",
    *,
    experiment: str | Sequence[str] = (),
    order_by: str | Sequence[str] = (),
    limit: int | None = None,
    url: str | None = None,
) -> Runs:
    """The runs that match, newest first unless ordered otherwise; nothing is read before they are asked for.

    Args:
        filter: Like `metrics.auc > 0.9 and params.model = 'xgb'`; see the how-to on finding runs.
        experiment: The names of their experiments. [all]
        order_by: Like `metrics.auc desc`.
        limit: At most so many.
        url: The server. [ASSAY_URL, or the home's]
    """
    names = (experiment,) if isinstance(experiment, str) else tuple(experiment)
    order = (order_by,) if isinstance(order_by, str) else tuple(order_by)
    return Runs(filter, tuple(filter_blank(names)), tuple(filter_blank(order)), limit, url)


def filter_blank(texts: Sequence[str]) -> Iterator[str]:
    """Those of the texts that say something."""
    return (text for text in texts if text)


@dataclass(frozen=True)
class Runs(Framed):
    """A search: each time that it is iterated over, the server is asked anew. Raises what the server answers."""

    filter: str
    experiments: tuple[str, ...]
    order_by: tuple[str, ...]
    limit: int | None
    url: str | None

    def __iter__(self) -> Iterator[FoundRun]:
        server, token, left = server_at(self.url), None, self.limit
        while left is None or left > 0:
            page = http.get(
                server.url,
                "runs",
                token=server.token,
                filter=self.filter or None,
                experiment=self.experiments,
                order_by=self.order_by,
                limit=PAGE if left is None else min(left, PAGE),
                page_token=token,
            )
            for document in page["runs"]:
                yield FoundRun(server, document)
            if left is not None:
                left -= len(page["runs"])
            token = page["next_page_token"]
            if not token:
                return

    def first(self) -> FoundRun | None:
        """The first of them, if there is one."""
        return next(iter(Runs(self.filter, self.experiments, self.order_by, 1, self.url)), None)

    def series(
        self,
        *keys: str,
        buckets: int = 1_000,
        x: Axis = "step",
        x_metric: str | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> Series:
        """These metrics of all the runs, at most 1,000, in buckets: what a plot needs, however many points there are.

        Args:
            keys: The metrics.
            buckets: The most of each series.
            x: What the buckets part: steps, times or times since a run began (in microseconds), or `metric`.
            x_metric: The metric along x, of the same row or step.
            low: The least x. [all]
            high: The greatest. [all]
        """
        server = server_at(self.url)
        asked = {"buckets": buckets, "x": x, "x_metric": x_metric, "low": low, "high": high}
        return series(server, [run.id for run in self], keys, asked)

    def count(self) -> int:
        """How many there are, a million at most; none of them is read."""
        server = server_at(self.url)
        query = {"filter": self.filter or None, "experiment": self.experiments}
        found = int(http.get(server.url, "runs/count", token=server.token, **query)["runs"])
        return found if self.limit is None else min(found, self.limit)

    def columns(self) -> Columns:
        """A column each of what the runs have: attributes, `params.*`, `metrics.*` (last values) and `tags.*`."""
        rows = [run.row() for run in self]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}


@dataclass(frozen=True)
class FoundRun:
    """A run as the server knew it when it was asked.

    Attributes:
        id: 32 hex digits.
        params: Texts by key.
        defaulted: The keys of those params that nobody chose.
        metrics: The last value of each by key; None for NaN.
        tags: Texts by key.
    """

    _server: Server = field(repr=False)
    _told: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._told["id"])

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self._told["name"])

    @property
    def status(self) -> str:
        """scheduled, running, finished, failed, interrupted, stopped or lost."""
        return str(self._told["status"])

    @property
    def params(self) -> dict[str, str]:
        """Its params."""
        return dict(self._told["params"])

    @property
    def defaulted(self) -> list[str]:
        """The keys of those params that nobody chose, in order; none where the server is too old to know."""
        return list(self._told.get("defaulted", ()))

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(self._told["tags"])

    @property
    def metrics(self) -> dict[str, float | None]:
        """The last value of each metric."""
        return {key: item["last"] for key, item in self._told["metrics"].items()}

    @property
    def started(self) -> datetime | None:
        """When it began."""
        return _time(self._told["start_us"])

    @property
    def ended(self) -> datetime | None:
        """When it ended."""
        return _time(self._told["end_us"])

    def __repr__(self) -> str:
        return f"<assay run {self.name or self.id} ({self.status})>"

    def row(self) -> dict[str, Any]:
        """Its attributes, params, metrics and tags by the names of their columns."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "started": self.started,
            "ended": self.ended,
            **{f"params.{key}": value for key, value in self.params.items()},
            **{f"metrics.{key}": value for key, value in self.metrics.items()},
            **{f"tags.{key}": value for key, value in self.tags.items()},
        }

    def detail(self) -> dict[str, Any]:
        """All that the server tells of it: also config, summary, note, datasets, models."""
        found: dict[str, Any] = http.get(self._server.url, f"runs/{self.id}", token=self._server.token)
        return found

    def history(self, key: str) -> History:
        """All points of a metric."""
        return history(self._server, self.id, key)

    @property
    def files(self) -> list[RunFile]:
        """Its files."""
        return files(self._server, self.id)

    def download(self, path: str = "", into: str | os.PathLike[str] = ".") -> Path:
        """The file, or the folder with all below it, lies in `into`; where. Raises NotFound, OSError."""
        return download(self._server, self.id, path, Path(into))


def _time(at_us: int | None) -> datetime | None:
    return None if at_us is None else datetime.fromtimestamp(at_us / 1e6, UTC)
