"""The small files of MLflow's file store: metadata in YAML, and a file for each param, tag and metric."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from assay.exchange import mlflow_rows as rows
from assay.exchange.mlflow_artifacts import walk
from assay.exchange.mlflow_yaml import load
from assay.exchange.report import Tell
from assay.exchange.source import SourceModelPoint, SourcePoints
from assay.wire.errors import InvalidInput, NotFound

META = "meta.yaml"
META_BOUND = 20 << 20  # bytes
TEXT_BOUND = 1 << 20
LINE_BOUND = 10_000
AT_ONCE = 50_000  # points in memory


def read_meta(folder: Path) -> dict[str, Any]:
    """What the folder's meta.yaml says.

    Raises:
        NotFound: It has none.
        InvalidInput: It cannot be read.
    """
    path = folder / META
    try:
        if not path.is_file() or path.is_symlink():
            raise NotFound(f"{folder} has no {META}", field="SOURCE")
        with path.open("rb") as file:
            data = file.read(META_BOUND + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", field="SOURCE") from error
    found = load(data[:META_BOUND].decode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise InvalidInput(f"{path} holds no fields", field="SOURCE")
    return found


def folders(parent: Path) -> list[Path]:
    """The folders in a folder, by name; none where it is none."""
    try:
        with os.scandir(parent) as found:
            return sorted(Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def texts(folder: Path, tell: Tell) -> dict[str, str]:
    """The content of each file below a folder, by its path."""
    found: dict[str, str] = {}
    for path, entry in walk(folder, tell):
        try:
            with open(entry.path, "rb") as file:
                found[path] = file.read(TEXT_BOUND).decode("utf-8", "replace")
        except OSError as error:
            tell(f"file left out: it cannot be read ({error.strerror})", entry.path)
    return found


def metrics_state(folder: Path) -> str:
    """Points are only ever added to the files: their number and size say whether there are new ones."""
    sizes = [entry.stat(follow_symlinks=False).st_size for _, entry in walk(folder, lambda reason, name: None)]
    return f"{len(sizes)} {sum(sizes)}"


def points(folder: Path, label: str, tell: Tell) -> Iterator[SourcePoints]:
    """The points of a run, key by key, in the order of the files' names."""
    for key, entry in sorted(walk(folder, tell), key=lambda item: item[0]):
        lines = _lines(Path(entry.path), f"{label} {key}", tell)
        while piece := list(islice(lines, AT_ONCE)):
            read = [_point(words, f"{label} {key}", tell) for words in piece]
            if kept := [point for point in read if point is not None]:
                times, values, steps = zip(*kept, strict=True)
                key_index = array("I", bytes(4 * len(kept)))
                yield SourcePoints([key], key_index, array("q", steps), array("q", times), array("d", values))


def model_points(folder: Path, label: str, tell: Tell) -> Iterator[SourceModelPoint]:
    """The points of a model: each line names the run, and may name a dataset."""
    for key, entry in sorted(walk(folder, tell), key=lambda item: item[0]):
        for words in _lines(Path(entry.path), f"{label} {key}", tell):
            point = _point(words, f"{label} {key}", tell)
            if point is None or len(words) < 4:
                continue
            time_us, value, step = point
            run, _, dataset = words[3].partition(" ")
            name, _, digest = dataset.rpartition(" ")
            if rows.UID.match(run):
                yield SourceModelPoint(run, key, value, step, time_us, name or None, digest or None)


def _lines(path: Path, label: str, tell: Tell) -> Iterator[list[str]]:
    """The words of each line: time, value, step, and the rest as one."""
    try:
        with path.open("rb") as file:
            while line := file.readline(LINE_BOUND):
                if words := line.decode("utf-8", "replace").strip().split(" ", 3):
                    yield words
    except OSError as error:
        tell(f"file left out: it cannot be read ({error.strerror})", label)


def _point(words: Sequence[str], label: str, tell: Tell) -> tuple[int, float, int] | None:
    try:
        time_us, step = rows.us(words[0]), int(words[2]) if len(words) > 2 else 0
        value = float(words[1])
    except (ValueError, IndexError):
        time_us, step, value = None, 0, math.nan
    if time_us is None or not -(2**63) <= step < 2**63:
        tell("points left out: their line cannot be read", label)
        return None
    return time_us, value, step
