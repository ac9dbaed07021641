"""Sounds as files that a browser plays."""

from __future__ import annotations

import io
import math
import os
import sys
from array import array
from typing import Any

from assay.sdk.media.arrays import as_array, as_lists, flat, shape
from assay.sdk.media.encoded import FILE, Encoded, captioned, checked_size, read_file, refused
from assay.sdk.media.formats import SOUNDS, sound_format, wav_properties

RATES = 1_000, 384_000
FULL = 32_767
SLACK = 1e-3
SHAPES = "(samples,), (samples, 1) or (samples, 2)"


def audio(value: Any, sample_rate: int | None = None, caption: str = "") -> Encoded:
    """The sound as a file: WAV of 16 bits, or as it is if it is a file already.

    Args:
        value: An array or tensor (samples,) or (samples, 1 or 2), of int16 or of floats -1 to 1; nested lists of the
            same; a path to a WAV, FLAC, Ogg or MP3 file, or its bytes.
        sample_rate: Samples a second. A file tells it itself.
        caption: Shown below it.

    Raises:
        InvalidInput: It is none of these, or too large.
    """
    if isinstance(value, str | os.PathLike):
        return _file(read_file(value, "audio"), caption)
    if isinstance(value, bytes | bytearray | memoryview):
        return _file(bytes(value), caption)
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, int) or not RATES[0] <= sample_rate <= RATES[1]:
        bound = f"{RATES[0]} to {RATES[1]}"
        raise refused(f"{sample_rate!r} is no sample rate", "sample_rate", bound, "give the samples a second")
    found = as_array(value)
    samples, channels = _from_lists(as_lists(value)) if found is None else _from_array(found)
    return _file(_wav(samples, channels, sample_rate), caption)


def _file(data: bytes, caption: str) -> Encoded:
    checked_size(data, "audio")
    found = sound_format(data)
    if found is None:
        raise refused(
            "audio is no file that a browser plays", "audio", ", ".join(SOUNDS), "convert it to one of these formats"
        )
    properties = wav_properties(data) if found == "wav" else {}
    return Encoded("audio", captioned({"format": found, **properties}, caption), [(f".{found}", data)])


def _wav(samples: bytes, channels: int, rate: int) -> bytes:
    import wave  # noqa: PLC0415 -- only who logs sounds pays for it

    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(samples)
    return file.getvalue()


def _channels(found: tuple[int, ...] | None, value: Any) -> int:
    sizes = (*found, 1) if found is not None and len(found) == 1 else found
    if sizes is None or len(sizes) != 2 or sizes[1] not in (1, 2) or not sizes[0]:
        what = f"the shape {found}" if found else f"a {type(value).__name__}"
        is_turned = sizes is not None and len(sizes) == 2 and sizes[0] in (1, 2)
        remedy = "move the channels behind: transpose it" if is_turned else "give an array of such a shape"
        raise refused(f"audio has {what}", "audio", SHAPES, remedy)
    if sizes[0] * sizes[1] * 2 > FILE - 1_024:
        raise refused(f"audio has {sizes[0]} samples", "audio", (FILE - 1_024) // 2 // sizes[1], "cut it into parts")
    return sizes[1]


def _from_array(found: Any) -> tuple[bytes, int]:
    channels = _channels(found.shape, found)
    if found.dtype.kind == "f":
        _check_range(float(found.min()), float(found.max()))
        found = (found.astype("float64").clip(-1, 1) * FULL).round()
    elif found.dtype != "int16":
        raise refused(f"audio has numbers of {found.dtype}", "audio", "int16, float", "convert it to one of these")
    return found.astype("<i2").tobytes(), channels


def _from_lists(value: Any) -> tuple[bytes, int]:
    channels = _channels(shape(value), value)
    cells = list(flat(value))
    if not all(isinstance(cell, int | float) for cell in cells):
        raise refused("audio holds what is no number", "audio", "int16, float", "convert it to one of these")
    if any(isinstance(cell, float) for cell in cells):
        least, most = (math.nan, math.nan) if any(math.isnan(cell) for cell in cells) else (min(cells), max(cells))
        _check_range(least, most)
        cells = [round(min(1.0, max(-1.0, cell)) * FULL) for cell in cells]
    elif min(cells) < -FULL - 1 or max(cells) > FULL:
        raise refused("audio holds integers beyond 16 bits", "audio", "int16", "scale them")
    samples = array("h", cells)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes(), channels


def _check_range(least: float, most: float) -> None:
    if not (least >= -1 - SLACK and most <= 1 + SLACK):  # NaN is not within either
        raise refused(
            f"audio has values from {least:g} to {most:g}", "audio", "-1 to 1", "scale them, or convert to int16"
        )
