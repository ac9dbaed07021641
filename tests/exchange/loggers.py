"""Scripts that log with the real wandb and tensorboardX, in their own environment, and what a source then holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.server import ROOT

from assay.exchange.source import Source, SourceLine, SourceRun, SourceValue

PYTHON = ROOT / ".venv-loggers/bin/python"
HERE = Path(__file__).parent


def run_logger(script: str, folder: Path, *words: str) -> str:
    """What the script says, which ended well; it may write in the folder only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "ASSAY_"))}
    names = ("HOME", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "TMPDIR")
    own = {name: str(folder / "own" / name.lower()) for name in names}
    for path in own.values():
        Path(path).mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(
        [str(PYTHON), str(HERE / script), *words],
        cwd=folder,
        env={**kept, **own, "WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-6_000:]
    return ran.stdout


@dataclass
class Held:
    """A run of a source with everything that it holds. A point is key, step, time, value, row, context."""

    run: SourceRun
    points: list[tuple[str, int, int, float, int | None, dict[str, str] | None]]
    values: list[SourceValue]
    lines: list[SourceLine]
    files: dict[str, bytes]

    def series(self, key: str, context: dict[str, str] | None = None) -> list[tuple[int, float]]:
        """Step and value of one series."""
        return [(step, value) for name, step, _, value, _, where in self.points if (name, where) == (key, context)]


def held(source: Source) -> list[Held]:
    """The runs of the source."""
    found = []
    for run in source.runs():
        points: list[Any] = []
        for piece in source.points(run):
            rows = piece.rows or [None] * len(piece.values)
            places = piece.context or [0] * len(piece.values)
            columns = (piece.key, piece.steps, piece.times_us, piece.values, rows, places)
            for key, step, time_us, value, row, place in zip(*columns, strict=True):
                context = dict(piece.contexts[place - 1]) if place else None
                points.append((piece.keys[key], step, time_us, value, row, context))
        files = {}
        for file in source.files(run):
            with file.open() as opened:
                files[file.path] = opened.read()
            assert file.size == len(files[file.path])
        found.append(Held(run, points, list(source.values(run)), list(source.lines(run)), files))
    return found


class Told:
    """What a source says that it could not keep."""

    def __init__(self) -> None:
        self.reasons: dict[str, set[str]] = {}

    def __call__(self, reason: str, name: str) -> None:
        self.reasons.setdefault(reason, set()).add(name)


def same(found: Iterable[float], expected: Iterable[float]) -> bool:
    """Whether these are the same numbers; NaN is NaN."""
    return [repr(float(number)) for number in found] == [repr(float(number)) for number in expected]
