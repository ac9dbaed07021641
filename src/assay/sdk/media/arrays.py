"""Arrays of any library as numpy's, where the program uses numpy, or as nested lists. Nothing is imported for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any


def numpy() -> Any:
    """The module, if the program has loaded it."""
    return sys.modules.get("numpy")


def as_array(value: Any) -> Any | None:
    """The value as an array of numpy's; None if numpy is not loaded, or it is no array.

    Tensors come to the processor first, and types that numpy does not have become float32.
    """
    if numpy() is None or not (hasattr(value, "__array__") or hasattr(value, "__array_interface__")):
        return None
    for step in ("detach", "cpu"):
        if hasattr(value, step):
            value = getattr(value, step)()
    try:
        array = numpy().asarray(value)
    except (TypeError, ValueError, RuntimeError):
        if not hasattr(value, "float"):
            return None
        array = numpy().asarray(value.float())
    return array.astype("float32") if array.dtype.kind == "V" and array.dtype.names is None else array


def listed(array: Any) -> Any:
    """What an array of numpy's holds, as Python's own values; times as ISO 8601, missing ones None."""
    if array.dtype.kind not in "mM":
        return array.tolist()
    texts = array.astype("str").astype("object")
    texts[numpy().isnat(array)] = None
    return texts.tolist()


def as_lists(value: Any) -> Any:
    """The value with lists for arrays, where it has a method for that."""
    if hasattr(value, "detach"):
        value = value.detach()
    with suppress(Exception):
        return value.tolist()
    return value


def shape(value: Any) -> tuple[int, ...] | None:
    """How nested lists are nested; None if they are ragged."""
    if not isinstance(value, list | tuple):
        return ()
    inner = [shape(part) for part in value]
    if not inner:
        return (0,)
    return None if inner[0] is None or any(other != inner[0] for other in inner) else (len(value), *inner[0])


def flat(value: Any) -> Iterator[Any]:
    """What nested lists hold, in order."""
    if isinstance(value, list | tuple):
        for part in value:
            yield from flat(part)
    else:
        yield value
