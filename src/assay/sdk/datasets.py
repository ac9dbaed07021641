"""What is noted of a dataset that a run uses: enough to tell whether two runs used the same."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

BLOCK = 1 << 20  # bytes that are hashed at a time


def described(data: Any, name: str, source: str, digest: str, context: str) -> dict[str, Any]:
    """The dataset as the native API takes it. Raises ValueError if it has no name or digest, OSError."""
    profile: dict[str, Any] = {}
    kind = "code"
    if isinstance(data, (str, os.PathLike)):
        path = Path(data)
        name, source, kind = name or path.name, source or str(path.absolute()), "local"
        digest = digest or _of_file(path)
        profile = {"bytes": path.stat().st_size}
    elif data is not None:
        shape = getattr(data, "shape", None)
        if shape is not None:
            profile = {"shape": [int(size) for size in shape]}
        digest = digest or _of_data(data)
    if not name or not digest:
        raise ValueError("a dataset needs a name, and a file, array or digest")
    return {
        "name": name,
        "digest": digest,
        "source_type": kind,
        "source": source,
        "profile": json.dumps(profile) if profile else None,
        "tags": {"mlflow.data.context": context} if context else {},
    }


def _of_file(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()[:32]


def _of_data(data: Any) -> str:
    """The digest of an array's or frame's content, dtypes and names."""
    found = hashlib.sha256()
    columns = getattr(data, "columns", None)
    if columns is None:
        array = data.__array__()
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
        return found.hexdigest()[:32]
    for column in columns:
        series = data[column]
        array = series.to_numpy()
        found.update(f"{column} {array.dtype} {len(array)}".encode())
        found.update(repr(array.tolist()).encode() if array.dtype == object else array.tobytes())
    return found.hexdigest()[:32]
