"""What lies where in an archive, the folder that `assay export` writes.

assay-archive.json      the format, and what is in it; written last: without it the archive is not whole
experiments.jsonl       an experiment a line
runs.jsonl              a run a line: all that is known of it but points, values, console and files; its comments
models.jsonl            a logged model a line
versions.jsonl          a version of a registered model that was imported, a line
views.jsonl             a saved view a line
runs.parquet            the same as tables: a row a run, a param, a tag
params.parquet
tags.parquet
points/RUN.parquet      run, key, context (JSON), step, time_us, value, row: a row a point
values/RUN.jsonl        a logged value a line
console/RUN.jsonl       a line of console output a line: stream, time_us, text
files/RUN/...           the files of a run
model-files/MODEL/...   the files of a model
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from assay.wire.errors import Corrupt, InvalidInput

MANIFEST = "assay-archive.json"
FORMAT = 1
ID = re.compile(r"(m-)?[0-9a-f]{32}\Z")
LINE_BOUND = 64 << 20  # bytes of a line
MANIFEST_BOUND = 16 << 20  # bytes


def checked_id(id: object) -> str:
    """The id of a run or model, which names files. Raises Corrupt for what is none."""
    if not isinstance(id, str) or not ID.match(id):
        raise Corrupt(f"{str(id)[:100]!r} is no id of a run or model", field="id", remedy="export again")
    return id


def write_line(file: IO[str], item: Any) -> None:
    """A line of JSON."""
    file.write(json.dumps(item, ensure_ascii=True, allow_nan=False) + "\n")


def is_there(path: Path) -> bool:
    """Whether the archive has this file. Raises Corrupt for a link, a pipe or a device: they lead out, or never end."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        raise Corrupt(f"{path} is no file", field=path.name, remedy="export again")
    return True


def read_lines(path: Path) -> Iterator[Any]:
    """The JSON of each line; none where there is no file.

    Raises:
        Corrupt: A line is no JSON, or has no end.
    """
    if not is_there(path):
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BOUND):
            number += 1
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Corrupt(
                    f"Line {number} of {path} cannot be read", field=path.name, remedy="export again"
                ) from error


def inside(folder: Path, path: str) -> Path:
    """Where a file of this path lies below the folder.

    Raises:
        InvalidInput: The path leads out of it.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise InvalidInput(f"The path {path[:200]!r} leads out of the archive", field="path")
    return folder.joinpath(*parts)
