"""Histograms: how many values lie between which edges. NaN and infinity are counted apart."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice, pairwise
from typing import Any

from assay.sdk.media.arrays import as_array, as_lists, flat, numpy
from assay.sdk.media.encoded import Encoded, refused

BINS = 512
VALUES = 10_000_000  # that are counted one by one
ARRAY = 1 << 30  # that numpy counts
LARGEST = sys.float_info.max
PART = 1 << 20  # at a time, so that it needs little memory


def histogram(values: Any, bins: int = 64) -> Encoded:
    """The histogram of the values, or the one that was counted already.

    Its document has `edges` and `counts`, one fewer; `nan` and `infinite`, which are in no bin; `min` and `max` of the
    others, unless there are none. The last bin holds its upper edge too. Values that are all the same lie in bins of
    one unit in all.

    Args:
        values: Numbers: an array, a tensor, or anything to go through. Or a pair (counts, edges), as `numpy.histogram`
            returns it.
        bins: How many.

    Raises:
        InvalidInput: They are no numbers, too many, or the pair does not fit.
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= BINS:
        raise refused(f"{bins!r} is no number of bins", "bins", f"1 to {BINS}", "give a number within the bounds")
    if isinstance(values, tuple) and len(values) == 2 and all(_is_many(part) for part in values):
        return _counted(*values)
    array = as_array(values)
    if array is None:
        return _of_numbers(_numbers(values, VALUES), bins)
    if array.size > ARRAY:
        raise refused(f"values are {array.size}", "values", ARRAY, "take a sample of them")
    if array.dtype.kind not in "biuf":
        raise refused(f"values are of {array.dtype}", "values", "numbers", "convert them to float")
    return _of_array(array.reshape(-1), bins)


def _is_many(value: Any) -> bool:
    return isinstance(value, list | tuple) or bool(getattr(value, "shape", ()))


def _numbers(values: Any, bound: int) -> list[float]:
    values = as_lists(values)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        values = [values]
    try:
        found = [float(value) for value in islice(flat(values) if isinstance(values, list) else values, bound + 1)]
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(f"values hold what is no number: {error}", "values", "numbers", "convert them") from None
    if len(found) > bound:
        raise refused(f"values are more than {bound}", "values", bound, "take a sample of them, or give an array")
    return found


def _edges(least: float, most: float, bins: int) -> list[float]:
    if least == most:
        half = max(0.5, abs(least) * 2**-50)  # half a unit is nothing beside a large number
        least, most = max(-LARGEST, least - half), min(LARGEST, most + half)
    # Written like this it does not overflow; its rounding may leave the bounds or the order.
    edges = [least * (1 - place / bins) + most * (place / bins) for place in range(1, bins)]
    return [least, *sorted(min(max(least, edge), most) for edge in edges), most]


def _of_numbers(values: list[float], bins: int) -> Encoded:
    finite = [value for value in values if math.isfinite(value)]
    nan = sum(map(math.isnan, values))
    if not finite:
        return _document([], [], nan, len(values) - nan)
    edges = _edges(min(finite), max(finite), bins)
    counts = [0] * bins
    for value in finite:
        counts[min(bins, bisect_right(edges, value)) - 1] += 1
    return _document(edges, counts, nan, len(values) - nan - len(finite), min(finite), max(finite))


def _of_array(array: Any, bins: int) -> Encoded:
    np = numpy()
    parts = [array[begin : begin + PART] for begin in range(0, len(array), PART)]
    least, most, nan, infinite = math.inf, -math.inf, 0, 0
    for part in parts:
        finite = _finite(np, part)
        nan += int(np.isnan(part).sum()) if part.dtype.kind == "f" else 0
        infinite += int(np.isinf(part).sum()) if part.dtype.kind == "f" else 0
        if len(finite):
            least, most = min(least, float(finite.min())), max(most, float(finite.max()))
    if least > most:
        return _document([], [], nan, infinite)
    edges = _edges(least, most, bins)
    counts = np.zeros(bins + 1, dtype="int64")
    for part in parts:
        places = np.searchsorted(np.array(edges), _finite(np, part), side="right")
        counts += np.bincount(np.minimum(places, bins), minlength=bins + 1)
    return _document(edges, [int(count) for count in counts[1:]], nan, infinite, least, most)


def _finite(np: Any, part: Any) -> Any:
    part = part.astype("float64")
    return part[np.isfinite(part)]


def _counted(counts: Any, edges: Any) -> Encoded:
    numbers, places = _numbers(counts, BINS), _numbers(edges, BINS + 1)
    if len(places) != len(numbers) + 1 or not numbers:
        raise refused(
            f"there are {len(numbers)} counts and {len(places)} edges",
            "values",
            "one edge more than counts",
            "give them as numpy.histogram returns them",
        )
    if not all(math.isfinite(edge) for edge in places) or any(one >= other for one, other in pairwise(places)):
        raise refused("the edges do not rise", "values.edges", "finite and rising", "sort them")
    if not all(count >= 0 and math.isfinite(count) for count in numbers):
        raise refused("the counts are no counts", "values.counts", "0 or more", "count again")
    whole = [int(count) if count.is_integer() else count for count in numbers]
    return _document(places, whole, 0, 0)


def _document(
    edges: list[float],
    counts: list[Any],
    nan: int,
    infinite: int,
    least: float | None = None,
    most: float | None = None,
) -> Encoded:
    document: dict[str, Any] = {"edges": edges, "counts": counts, "nan": nan, "infinite": infinite}
    if least is not None:
        document |= {"min": least, "max": most}
    return Encoded("histogram", document)
