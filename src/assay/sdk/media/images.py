"""Images of any library, and files of them."""

from __future__ import annotations

import io
import math
import os
import sys
from typing import Any

from assay.sdk.media import figures, png
from assay.sdk.media.arrays import as_array, as_lists, flat, numpy, shape
from assay.sdk.media.encoded import Encoded, captioned, checked_size, read_file, refused
from assay.sdk.media.formats import IMAGES, image_format

PIXELS = 1 << 26
SLACK = 1e-3  # by which rounding may leave 0 to 1
SHAPES = "(height, width), or with 1, 3 or 4 channels behind"
_PIL_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # that PNG has
_SUFFIXES = {"jpeg": ".jpg"}


def image(value: Any, caption: str = "") -> Encoded:
    """The image as a file that a browser shows: PNG, or as it is if it is a file already.

    Args:
        value: An array or tensor (height, width) or (height, width, 1, 3 or 4), of bool, integers 0 to 255 or floats 0
            to 1; nested lists of the same; an image of PIL's; a figure of matplotlib's; a path to a PNG, JPEG, GIF,
            WebP or BMP file, or its bytes.
        caption: Shown below it.

    Raises:
        InvalidInput: It is none of these, or too large.
    """
    if isinstance(value, str | os.PathLike):
        return _file(read_file(value, "image"), caption)
    if isinstance(value, bytes | bytearray | memoryview):
        return _file(bytes(value), caption)
    if figures.is_matplotlib(value):
        return _file(figures.rendered(value, "png"), caption)
    library = sys.modules.get("PIL.Image")
    if library is not None and isinstance(value, library.Image):
        return _file(_saved(value), caption)
    array = as_array(value)
    data, height, width, channels = _from_lists(as_lists(value)) if array is None else _from_array(array)
    return _file(png.encode(data, width, height, channels, None if array is None else numpy()), caption)


def _file(data: bytes, caption: str) -> Encoded:
    checked_size(data, "image")
    found = image_format(data)
    if found is None:
        raise refused(
            "image is no file that a browser shows", "image", ", ".join(IMAGES), "convert it to one of these formats"
        )
    name, width, height = found
    _check_size(height, width)
    document = captioned({"format": name, "width": width, "height": height}, caption)
    return Encoded("image", document, [(_SUFFIXES.get(name, f".{name}"), data)])


def _saved(picture: Any) -> bytes:
    _check_size(picture.height, picture.width)
    if picture.mode not in _PIL_MODES:
        picture = picture.convert("RGBA" if "A" in picture.mode or "a" in picture.mode else "RGB")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _check_size(height: int, width: int) -> None:
    if not (height > 0 and width > 0 and height * width <= PIXELS):
        raise refused(f"image has {width} x {height} pixels", "image", f"1 to {PIXELS}", "scale it down")


def _checked_shape(found: tuple[int, ...] | None, value: Any) -> tuple[int, int, int]:
    sizes = (*found, 1) if found is not None and len(found) == 2 else found
    if sizes is None or len(sizes) != 3 or sizes[2] not in png.COLOURS:
        what = f"the shape {found}" if found else f"a {type(value).__name__}"
        remedy = "move the channels behind: permute(1, 2, 0) or transpose(1, 2, 0)"
        is_turned = sizes is not None and len(sizes) == 3 and sizes[0] in png.COLOURS
        raise refused(f"image has {what}", "image", SHAPES, remedy if is_turned else "give an array of such a shape")
    _check_size(sizes[0], sizes[1])
    return sizes[0], sizes[1], sizes[2]


def _from_array(array: Any) -> tuple[bytes, int, int, int]:
    height, width, channels = _checked_shape(array.shape, array)
    kind = array.dtype.kind
    if kind == "b":
        array = array.astype("uint8") * 255
    elif kind == "f":
        _check_range(float(array.min()), float(array.max()), 1.0, SLACK)  # either is NaN if one of all is
        array = (array.astype("float32").clip(0, 1) * 255).round()
    elif kind in "iu":
        _check_range(int(array.min()), int(array.max()), 255, 0)
    else:
        raise refused(f"image has numbers of {array.dtype}", "image", "bool, integer, float", "convert it")
    return array.astype("uint8").tobytes(), height, width, channels


def _from_lists(value: Any) -> tuple[bytes, int, int, int]:
    height, width, channels = _checked_shape(shape(value), value)
    cells = list(flat(value))
    if not all(isinstance(cell, int | float) for cell in cells):
        raise refused("image holds what is no number", "image", "bool, integer, float", "convert it")
    if all(isinstance(cell, bool) for cell in cells):
        return bytes(255 * cell for cell in cells), height, width, channels
    if all(isinstance(cell, int) for cell in cells):
        _check_range(min(cells), max(cells), 255, 0)
        return bytes(cells), height, width, channels
    if any(math.isnan(cell) for cell in cells):
        _check_range(math.nan, math.nan, 1.0, SLACK)
    _check_range(min(cells), max(cells), 1.0, SLACK)
    return bytes(round(min(1.0, max(0.0, cell)) * 255) for cell in cells), height, width, channels


def _check_range(least: float, most: float, bound: float, slack: float) -> None:
    if not (-slack <= least and most <= bound + slack):  # NaN is not within either
        raise refused(
            f"image has values from {least:g} to {most:g}",
            "image",
            f"0 to {bound:g}",
            "scale them: floats go from 0 to 1, integers from 0 to 255, and NaN has no colour",
        )
