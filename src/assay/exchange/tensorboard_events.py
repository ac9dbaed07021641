"""What the records of TensorBoard's event files mean.

The field numbers of its `event.proto`, `summary.proto`, `tensor.proto` and of the messages of its plugins:

    Event         1 wall time, 2 step, 4 graph, 5 summary (1 values), 6 log message, 7 session log (1 status: 1 start),
                  8 run metadata, 9 meta graph
    Value         1 tag, 2 simple value, 3 old histogram, 4 image, 5 histogram, 6 audio, 8 tensor,
                  9 metadata (1 plugin (1 name, 2 content))
    Image         1 height, 2 width, 4 bytes
    Audio         1 sample rate, 4 bytes, 5 content type
    Histogram     1 min, 2 max, 3 number, 4 sum, 5 sum of squares, 6 bucket limits, 7 buckets
    Tensor        1 type, 2 shape (2 dimensions (1 size)), 4 content, 5 floats, 6 doubles, 7 ints, 8 strings,
                  10 int64s, 11 bools, 13 halves
    hparams       2 experiment, 3 session start (1 hparams (1 key, 2 google.protobuf.Value)), 4 session end (1 status)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from assay.exchange.protobuf import Field, Malformed, Message, fields, text_of

LARGEST = 1.7976931348623157e308  # the last bucket's limit, where it has none
_CONTENT = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 10: "?", 17: "H", 19: "e", 22: "I", 23: "Q"}
_STRING, _HALF, _BFLOAT16 = 7, 19, 14
_OTHER = {4: "graphs", 6: "log messages", 8: "run metadata", 9: "graphs"}
_STARTS = ((b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"\xff\xd8\xff", ".jpg"), (b"RIFF", ".wav"), (b"BM", ".bmp"))


@dataclass(slots=True)
class Event:
    """A record: values by tag, or that a session began, or the name of what is not read."""

    seconds: float = 0.0
    step: int = 0
    values: list[Message] = field(default_factory=list)
    starts: bool = False
    other: str = ""


def event(record: bytes) -> Event:
    """What the record says. Raises Malformed."""
    found = Event()
    for number, value in fields(record):
        if number == 1 and isinstance(value, float):
            found.seconds = value
        elif number == 2 and isinstance(value, int):
            found.step = value - (1 << 64) if value >> 63 else value
        elif number == 5:
            found.values = Message(value).parts(1)
        elif number == 7:
            found.starts = Message(value).integer(1) == 1
        elif number in _OTHER:
            found.other = _OTHER[number]
    return found


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of an image or sound, and what is told beside them."""

    data: bytes
    told: dict[str, Any]

    @property
    def suffix(self) -> str:
        """How a file of it is called in the end."""
        for start, suffix in _STARTS:
            if self.data.startswith(start):
                return suffix
        return ".bin"


def logged(value: Message, plugin: str) -> tuple[str, Any]:
    """What was logged: its kind and itself. Raises Malformed.

    The kinds are scalar (a float), text (texts), histogram (a document), image and audio (`Encoded`), hparams (the
    plugin's bytes), and other (what to call it).
    """
    if plugin == "hparams":
        return "hparams", value.part(9).part(1).raw(2)
    if 2 in value:
        return "scalar", value.real(2)
    if 5 in value:
        return "histogram", _histogram(value.part(5))
    if 4 in value:
        image = value.part(4)
        return "image", [Encoded(image.raw(4), {"width": image.integer(2), "height": image.integer(1)})]
    if 6 in value:
        sound = value.part(6)
        return "audio", [Encoded(sound.raw(4), {"sample_rate": sound.real(1)})]
    if 8 in value:
        return _tensor(value.part(8), plugin)
    return "other", f"data of the plugin {plugin}" if plugin else "values of a form that is not known"


def _tensor(tensor: Message, plugin: str) -> tuple[str, Any]:
    if plugin not in ("", "scalars", "text", "images", "audio", "histograms"):
        return "other", f"data of the plugin {plugin}"
    if tensor.integer(1) == _STRING:
        texts = [_bytes(item) for item in tensor.all(8)]
        if plugin == "images":  # width, height, images
            width, height = (_whole(item) for item in [*texts[:2], b"", b""][:2])
            return "image", [Encoded(item, {"width": width, "height": height}) for item in texts[2:]]
        if plugin == "audio":  # sounds, or pairs of sound and label
            return "audio", [Encoded(item, {}) for item in (texts[::2] if len(_shape(tensor)) == 2 else texts)]
        return "text", [text_of(item) for item in texts]
    numbers = _numbers(tensor)
    if plugin == "histograms":
        return "histogram", _buckets(numbers)
    if len(numbers) != 1:
        return "other", "tensors"
    return "scalar", float(numbers[0])


def _bytes(value: Field) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed("bytes were expected")
    return value


def _whole(text: bytes) -> int | None:
    return int(text) if len(text) < 10 and text.isdigit() else None


def _shape(tensor: Message) -> list[int]:
    return [dimension.integer(1) for dimension in tensor.part(2).parts(2)]


def _numbers(tensor: Message) -> list[float]:
    """The numbers of a tensor; none of what is no number. A single one may stand for many. Raises Malformed."""
    kind = tensor.integer(1)
    content = tensor.raw(4)
    if content:
        if kind == _BFLOAT16:
            return [_bfloat16(item) for item in struct.unpack(f"<{len(content) // 2}H", content[: len(content) & ~1])]
        packing = _CONTENT.get(kind)
        if packing is None or len(content) % struct.calcsize(packing):
            raise Malformed("a tensor's content is cut short, or of no known type")
        return list(struct.unpack(f"<{len(content) // struct.calcsize(packing)}{packing}", content))
    if 13 in tensor:
        halves = [number & 0xFFFF for number in tensor.integers(13)]
        return [_bfloat16(item) if kind == _BFLOAT16 else _half(item) for item in halves]
    for number, width in ((5, 4), (6, 8)):
        if number in tensor:
            return tensor.reals(number, width)
    for number in (7, 10, 11):
        if number in tensor:
            return [float(item) for item in tensor.integers(number)]
    if kind in _CONTENT and not _shape(tensor):
        return [0.0]  # a zero is not written
    return []


def _half(bits: int) -> float:
    found: float = struct.unpack("<e", bits.to_bytes(2, "little"))[0]
    return found


def _bfloat16(bits: int) -> float:
    found: float = struct.unpack("<f", (bits << 16).to_bytes(4, "little"))[0]
    return found


def _histogram(given: Message) -> dict[str, Any]:
    limits, counts = given.reals(6, 8), given.reals(7, 8)
    if len(limits) != len(counts):
        raise Malformed("a histogram has not as many limits as buckets")
    low, high = given.real(1), given.real(2)
    edges = [min(low, limits[0]), *limits] if limits else []
    if edges and edges[-1] >= LARGEST:
        edges[-1] = max(high, edges[-2])
    if edges and edges[0] <= -LARGEST:
        edges[0] = min(low, edges[1])
    told = {"min": low, "max": high, "count": given.real(3), "sum": given.real(4), "sum_squares": given.real(5)}
    return {"edges": edges, "counts": counts, **told}


def _buckets(numbers: list[float]) -> dict[str, Any]:
    """The histogram of rows of left, right, count."""
    if len(numbers) % 3:
        raise Malformed("a histogram is no rows of three")
    left, right, counts = numbers[::3], numbers[1::3], numbers[2::3]
    if left[1:] == right[:-1]:
        return {"edges": [*left[:1], *right], "counts": counts}
    return {"buckets": [list(row) for row in zip(left, right, counts, strict=True)]}


def hparams(content: bytes) -> tuple[dict[str, str], int | None]:
    """The hyperparameters as texts, and the status in which the session ended, where this says so. Raises Malformed."""
    message = Message(content)
    found: dict[str, str] = {}
    for entry in message.part(3).parts(1):
        value = entry.part(2)
        if 2 in value:
            number = value.real(2)
            found[entry.text(1)] = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        elif 3 in value:
            found[entry.text(1)] = value.text(3)
        elif 4 in value:
            found[entry.text(1)] = "true" if value.integer(4) else "false"
    return found, message.part(4).integer(1) if 4 in message else None
