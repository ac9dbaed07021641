"""A history with something of everything that Assay keeps, as a source."""

from __future__ import annotations

import io
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from assay.exchange.source import (
    SourceComment,
    SourceDataset,
    SourceExperiment,
    SourceFile,
    SourceLine,
    SourceModel,
    SourceModelPoint,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)

MODEL = "m-" + "a" * 32
UIDS = [f"{at:032x}" for at in range(1, 7)]
STATUSES = ("finished", "failed", "running", "scheduled", "interrupted", "stopped")
CONTEXTS = [{"split": "test"}, {"summary": "run"}, {"dataset": "ünï ☃", "rank": "0"}]
VALUES = [0.1, math.nan, math.inf, -math.inf, 0.0, 5e-324, 1.7976931348623157e308]


@dataclass(frozen=True)
class Text:
    """A file in memory, whose size is not told beforehand."""

    path: str
    data: bytes
    size: int | None = None

    def open(self) -> IO[bytes]:
        """Its bytes."""
        return io.BytesIO(self.data)


class History:
    """Runs of every status, one deleted, one in a deleted experiment, one in an archived one."""

    identity = "history of a test"

    def experiments(self) -> Iterator[SourceExperiment]:
        """Four of them, one without runs."""
        yield SourceExperiment("one ☃", {"owner": "me"})
        yield SourceExperiment("gone", {"was": "here"}, deleted=True)
        yield SourceExperiment("old", archived=True)
        yield SourceExperiment("empty")

    def runs(self) -> Iterator[SourceRun]:
        """One of each status."""
        for at, (uid, status) in enumerate(zip(UIDS, STATUSES, strict=True)):
            yield SourceRun(
                uid,
                uid,
                ("one ☃", "one ☃", "one ☃", "one ☃", "gone", "old")[at],
                f"run {at} ☃",
                status,
                user="ann",
                start_us=1_000_000 + at,
                end_us=2_000_000 + at if status in ("finished", "failed", "interrupted", "stopped") else None,
                deleted=at == 1,
                parent_uid=UIDS[0] if at == 2 else None,
                params={"lr": "0.10", "text": "a\nb", "empty": ""},
                config={"model": {"depth": 3, "names": ["a", "b"]}, "rate": 0.5} if at % 2 == 0 else None,
                defaults={"model": {"x": None}, "seed": {"of": 7}} if at != 3 else None,
                tags={"k": "v", "ünï": "☃" * 100},
                note="# A note" if at == 0 else "",
                groups=("sweep 1", "sweep 2") if at == 0 else (),
                datasets=[SourceDataset("train", "d1", "local", "x.csv", '{"a": "long"}', "{}", {"use": "training"})],
                models_used=[(MODEL, 0)] if at == 3 else (),
                models_made=[(MODEL, 7)] if at == 0 else (),
                comments=[SourceComment("bob", 3, "a *spike* ☃", "loss", -1), SourceComment("ann", 4, "why?")]
                if at in (0, 1)
                else (),
            )

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """Two pieces: plain points, then points with rows and contexts."""
        n = len(VALUES)
        steps, times = array("q", range(-1, n - 1)), array("q", range(n))
        keys = array("I", [at % 2 for at in range(n)])
        yield SourcePoints(["loss", "val/äuc"], keys, steps, times, array("d", VALUES))
        context = array("I", [at % 4 for at in range(n)])
        rows = array("q", range(n))
        zeros = array("I", [0] * n)
        yield SourcePoints(["loss"], zeros, steps, times, array("d", VALUES), rows, CONTEXTS, context)

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """One of several kinds, with context and row."""
        yield SourceValue("note", 1, 5, "text", "a text ☃")
        yield SourceValue("table", 2, 6, "table", {"columns": ["a"], "rows": [[1.5], [None]]}, {"split": "test"}, 3)
        yield SourceValue("flag", 3, 7, "bool", True)

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """A few lines, one empty."""
        for at in range(20):
            yield SourceLine("stderr" if at % 3 == 0 else "stdout", 1_000 + at, f"line {at} ☃" if at != 5 else "")

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """Two files, one of them empty."""
        yield Text("deep/er/Ünicode ☃.txt", run.uid.encode() * 1_000)
        yield Text("empty", b"")

    def models(self) -> Iterator[SourceModel]:
        """A model with a point on a dataset."""
        points = [
            SourceModelPoint(UIDS[0], "auc", 0.75, 3, 9, "train", "d1"),
            SourceModelPoint(UIDS[0], "auc", 0.5, 3, 9),
        ]
        tags = {"team": "risk"}
        yield SourceModel(MODEL, "one ☃", "tree", UIDS[0], "ready", "forest", {"depth": "3"}, tags, points)

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """A file."""
        yield Text("MLmodel", b"flavor: none\n")

    def views(self) -> Iterator[SourceView]:
        """One of an experiment, and one of the workspace."""
        yield SourceView("runs", "best ☃", {"columns": ["metrics.loss"], "none": None}, "one ☃")
        yield SourceView("compare", "best ☃", {})

    def versions(self) -> Iterator[SourceVersion]:
        """A version."""
        yield SourceVersion("churn/1", {"model": "churn", "version": 1, "tags": {"a": "b"}})
