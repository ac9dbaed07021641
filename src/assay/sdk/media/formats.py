"""What files of images and sounds are, by their first bytes; a name may lie."""

from __future__ import annotations

import io
import struct
from typing import Any

IMAGES = ("png", "jpeg", "gif", "webp", "bmp")
SOUNDS = ("wav", "flac", "ogg", "mp3")


def image_format(data: bytes) -> tuple[str, int, int] | None:
    """The format, width and height; None if it is none that a browser shows as a picture and nothing else."""
    try:
        return _image_format(data)
    except (struct.error, IndexError):
        return None


def _image_format(data: bytes) -> tuple[str, int, int] | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
        return "png", *struct.unpack_from(">II", data, 16)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif", *struct.unpack_from("<HH", data, 6)
    if data[:2] == b"BM" and len(data) >= 26 and struct.unpack_from("<I", data, 14)[0] >= 40:
        width, height = struct.unpack_from("<ii", data, 18)
        return "bmp", width, abs(height)  # below nought: from the top
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return _jpeg(data) if data[:3] == b"\xff\xd8\xff" else None


def _webp(data: bytes) -> tuple[str, int, int] | None:
    kind = data[12:16]
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return "webp", width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return "webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return "webp", width, height
    return None


def _jpeg(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # the frame's head
            height, width = struct.unpack_from(">HH", data, at + 5)
            return "jpeg", width, height
        # Fill bytes and markers that stand alone have no length behind them.
        at += 1 if marker == 0xFF else 2 if 0xD0 <= marker <= 0xD8 else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def sound_format(data: bytes) -> str | None:
    """The format; None if it is none that a browser plays."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] in (b"fLaC", b"OggS"):
        return "flac" if data[:4] == b"fLaC" else "ogg"
    is_mp3 = data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2)
    return "mp3" if is_mp3 else None


def wav_properties(data: bytes) -> dict[str, Any]:
    """Rate, channels and seconds of a WAV file; nothing where it holds something unusual."""
    import wave  # noqa: PLC0415 -- only who logs sounds pays for it

    try:
        with wave.open(io.BytesIO(data)) as file:
            rate, channels, frames = file.getframerate(), file.getnchannels(), file.getnframes()
    except (wave.Error, EOFError, ValueError):
        return {}
    return {"sample_rate": rate, "channels": channels, "seconds": frames / rate} if rate > 0 else {}
