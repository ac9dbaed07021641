"""Many payloads opened at once, column by column: those of one length, which a training loop writes by the thousand, as
one matrix; those of one layout and other lengths, which are folded from them, laid end to end.

It gives what `payload.decode` gives of each, and leaves to that what is unusual or damaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.core.points.columns import Floats, Ints, Points, concat, everywhere
from assay.core.points.packed import places
from assay.core.points.payload import EQUAL, SINGLES, decode_body, expand

FEW = 8  # payloads that are as quick one by one
SMALL = 16 << 10  # bytes of a body that is worth laying beside others
HEAD = 4  # bytes of the count
Matrix = npt.NDArray[np.uint8]


def decode_all(payloads: Sequence[bytes]) -> tuple[Points, Ints]:
    """The points of all payloads, those of one in their order, and of each point its payload's position, int64 (n,).

    Raises:
        Corrupt: As `payload.decode`.
    """
    by_size: dict[int, list[int]] = {}
    bodies = [expand(payload) for payload in payloads]
    for position, body in enumerate(bodies):
        by_size.setdefault(len(body), []).append(position)
    alone: list[int] = []
    parts: list[Points] = []
    sources: list[Ints] = []
    for size, of_size in by_size.items():
        positions = np.array(of_size, np.int64)
        if len(positions) >= FEW and size <= SMALL:
            matrix = np.frombuffer(b"".join([bodies[at] for at in of_size]), np.uint8).reshape(-1, size)
            while len(positions) >= FEW and (modes := _modes(matrix[0].tobytes())):
                fixed = [*range(HEAD), *(at for at, _ in modes)]
                alike = (matrix[:, fixed] == matrix[0, fixed]).all(axis=1)
                points = _points(matrix[alike], modes)
                parts.append(points)
                sources.append(np.repeat(positions[alike], len(points) // int(alike.sum())))
                matrix, positions = matrix[~alike], positions[~alike]
        alone += positions.tolist()
    by_modes: dict[tuple[int, ...], list[int]] = {}
    for position in alone:
        by_modes.setdefault(tuple(mode for _, mode in _modes(bodies[position])), []).append(position)
    for modes_alike, alike_positions in by_modes.items():
        some = [bodies[position] for position in alike_positions]
        if modes_alike and len(some) >= FEW:
            parts.append(_end_to_end(some, modes_alike))
        else:
            parts += map(decode_body, some)
        sources.append(np.repeat(np.array(alike_positions, np.int64), [count_of(body) for body in some]))
    return concat(parts), np.concatenate(sources) if sources else np.zeros(0, np.int64)


def count_of(body: bytes) -> int:
    """How many points a body says that it has."""
    return int.from_bytes(body[:HEAD], "little")


def _modes(body: bytes) -> list[tuple[int, int]]:
    """Where each of a body's six columns has its mode, and which; none where the body has no layout of ours."""
    try:
        return [(at, body[at]) for at in places(body, count_of(body))]
    except (ValueError, IndexError):
        return []


def _points(matrix: Matrix, modes: Sequence[tuple[int, int]]) -> Points:
    """The points of bodies of one layout, body after body."""
    count = count_of(matrix[0, :HEAD].tobytes())
    key, context, row, step, time_us = (_ints(matrix, at, mode, count) for at, mode in modes[:5])
    at, mode = modes[5]
    with np.errstate(invalid="ignore"):
        value = _planes(matrix, at + 1, "<f4" if mode == SINGLES else "<f8", count).astype(np.float64)
    return Points(key, context, row, step, time_us, value.ravel())


def _ints(matrix: Matrix, at: int, mode: int, count: int) -> Ints:
    """One column of each body, body after body: int64 of shape (bodies * count,)."""
    first = np.ascontiguousarray(matrix[:, at + 1 : at + 9]).view("<i8")
    if mode == EQUAL:
        return _repeated(first.ravel(), count)
    column = np.empty((len(matrix), count), np.int64)
    column[:, :1] = first
    column[:, 1:] = _planes(matrix, at + 9, f"<i{mode}", count - 1)
    return np.cumsum(column, axis=1, out=column).ravel()


def _repeated(numbers: Ints, counts: Ints | int) -> Ints:
    """Each number so many times; the same one everywhere is held once."""
    if (numbers == numbers[0]).all():
        return everywhere(
            int(numbers[0]), int(np.sum(counts)) if not isinstance(counts, int) else len(numbers) * counts
        )
    return np.repeat(numbers, counts)


def _planes(matrix: Matrix, at: int, dtype: str, count: int) -> npt.NDArray[Any]:
    """Numbers whose bytes of equal weight lie side by side."""
    width = np.dtype(dtype).itemsize
    numbers = np.empty((len(matrix), count, width), np.uint8)
    for weight in range(width):  # a third of what one transposed copy takes
        numbers[:, :, weight] = matrix[:, at + weight * count : at + (weight + 1) * count]
    return numbers.view(dtype)[:, :, 0]


def _end_to_end(bodies: Sequence[bytes], modes: Sequence[int]) -> Points:
    """The points of bodies whose columns have these modes, body after body."""
    counts = np.array([count_of(body) for body in bodies], np.int64)
    at = list(zip(*(places(body, count_of(body)) for body in bodies), strict=True))
    key, context, row, step, time_us = (ints_of(bodies, at[number], modes[number], counts) for number in range(5))
    return Points(key, context, row, step, time_us, values_of(bodies, at[5], modes[5], counts))


def ints_of(bodies: Sequence[bytes], at: Sequence[int], mode: int, counts: Ints) -> Ints:
    """A column of this mode of each body, which begins there, one after the other: int64 of shape (sum of counts,)."""
    first = np.frombuffer(b"".join([body[here + 1 : here + 9] for body, here in zip(bodies, at, strict=True)]), "<i8")
    if mode == EQUAL:
        return _repeated(first, counts)
    starts = np.cumsum(counts) - counts
    column = _joined(bodies, [here + 9 for here in at], f"<i{mode}", counts - 1, lead=b"\0").astype(np.int64)
    np.cumsum(column, out=column)
    column += np.repeat(first - column[starts], counts)
    return column


def values_of(bodies: Sequence[bytes], at: Sequence[int], mode: int, counts: Ints) -> Floats:
    """The same of the values: float64."""
    dtype = "<f4" if mode == SINGLES else "<f8"
    with np.errstate(invalid="ignore"):
        return _joined(bodies, [here + 1 for here in at], dtype, counts).astype(np.float64)


def _joined(
    bodies: Sequence[bytes], at: Sequence[int], dtype: str, counts: Ints, lead: bytes = b""
) -> npt.NDArray[Any]:
    """So many numbers of each body from there on, whose bytes of equal weight lie side by side in each.

    With a zero byte for `lead`, there is a 0 before those of each body.
    """
    width = np.dtype(dtype).itemsize
    column = np.empty((int(counts.sum()) + len(lead) * len(bodies), width), np.uint8)
    sizes = counts.tolist()
    for weight in range(width):
        cut = zip(bodies, at, sizes, strict=True)
        plane = [body[here + weight * size : here + (weight + 1) * size] for body, here, size in cut]
        column[:, weight] = np.frombuffer(lead + lead.join(plane), np.uint8)
    return column.view(dtype).reshape(-1)
