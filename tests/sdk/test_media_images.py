"""Images become files that hold the same pixels; what is no image is told why."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.sdk.media import png
from assay.sdk.media.figures import figure
from assay.sdk.media.images import PIXELS, image
from assay.wire.errors import InvalidInput

CHANNELS = {0: 1, 2: 3, 6: 4}


def decoded(data: bytes) -> np.ndarray[Any, Any]:
    """The pixels of a PNG file, by the standard and with its checksums."""
    assert data[:8] == png.SIGNATURE
    at, chunks = 8, {}
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + size)[0]
        chunks[kind] = body
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = CHANNELS[colour]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    pixels = np.zeros((height, width * channels), np.uint8)
    for y, (kind, *row) in enumerate(rows.tolist()):
        for x, value in enumerate(row):
            left = int(pixels[y, x - channels]) if x >= channels else 0
            above = int(pixels[y - 1, x]) if y else 0
            pixels[y, x] = (value + (0, left, above)[kind]) % 256
    return pixels.reshape(height, width, channels)


PICTURES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4])).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape)
)


@given(PICTURES)
def test_pixels_come_back(pixels: np.ndarray[Any, Any]) -> None:
    """With numpy and as lists, whatever the filter."""
    for value in (pixels, pixels.tolist(), np.asfortranarray(pixels), pixels.astype("int64")):
        made = image(value)
        ((suffix, data),) = made.files
        assert suffix == ".png"
        assert np.array_equal(decoded(data), pixels)
        assert made.document == {"format": "png", "width": pixels.shape[1], "height": pixels.shape[0]}


@pytest.mark.parametrize("lists", [False, True])
def test_kinds_of_numbers(lists: bool) -> None:
    """Floats are 0 to 1, with a little slack for rounding; booleans black and white; two dimensions are grey."""
    floats = np.array([[0.0, 0.5], [1.0, 1.0000001]])
    expected = [[[0], [128]], [[255], [255]]]
    for value in (floats, floats.astype("float32"), floats.astype("float16")):
        assert decoded(image(value.tolist() if lists else value).files[0][1]).tolist() == expected
    booleans = np.array([[True, False]])
    assert decoded(image(booleans.tolist() if lists else booleans).files[0][1]).tolist() == [[[255], [0]]]


class Tensor:
    """As torch has it: on a device, with a gradient, and of a type that numpy does not know until it is float."""

    def __init__(self, values: np.ndarray[Any, Any], *steps: str) -> None:
        self._values = values
        self._steps = steps

    def detach(self) -> Tensor:
        return Tensor(self._values, *self._steps, "detach")

    def cpu(self) -> Tensor:
        return Tensor(self._values, *self._steps, "cpu")

    def float(self) -> Tensor:
        return Tensor(self._values, *self._steps, "float")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        if self._steps != ("detach", "cpu", "float"):
            raise TypeError("can't convert it to numpy")
        return self._values


def test_tensors() -> None:
    """They are brought to where numpy can read them."""
    assert decoded(image(Tensor(np.ones((2, 2, 3)))).files[0][1]).min() == 255


def test_a_filter_makes_photographs_smaller() -> None:
    """A smooth picture takes less than half of what it takes without."""
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    noise = np.random.default_rng(1).integers(0, 3, (256, 256, 3))
    pixels = (np.stack([x, y, (x + y) // 2], axis=2) + noise).clip(0, 255).astype(np.uint8)
    plain = png.encode(pixels.tobytes(), 256, 256, 3)
    filtered = png.encode(pixels.tobytes(), 256, 256, 3, np)
    assert len(filtered) < len(plain) / 1.5
    assert np.array_equal(decoded(filtered), decoded(plain))


@pytest.mark.parametrize(
    ("value", "bound", "remedy"),
    [
        (np.zeros((3, 8, 8)), "(height, width)", "permute"),
        (np.zeros((8, 8, 2)), "(height, width)", "shape"),
        (np.zeros(8), "(height, width)", "shape"),
        (np.zeros((0, 8)), f"1 to {PIXELS}", "scale"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000)), f"1 to {PIXELS}", "scale"),
        (np.full((2, 2), 255.0), "0 to 1", "scale"),
        (np.full((2, 2), np.nan), "0 to 1", "scale"),
        (np.full((2, 2), 256), "0 to 255", "scale"),
        (np.full((2, 2), -1), "0 to 255", "scale"),
        (np.zeros((2, 2), complex), "bool, integer, float", "convert"),
        (np.zeros((2, 2), [("a", "i4")]), "bool, integer, float", "convert"),
        ([[1, 2], [3]], "(height, width)", "shape"),
        ([[0.5, float("nan")]], "0 to 1", "scale"),
        ([["a"]], "bool, integer, float", "convert"),
        ([[300]], "0 to 255", "scale"),
        (None, "(height, width)", "shape"),
        (b"<svg onload='alert(1)'/>", "png, jpeg", "convert"),
        (b"", "67108864", "smaller"),
        ("/nowhere.png", "a file", "path"),
        ("/dev/zero", "a file", "path"),
        ("\0", "a file", "path"),
    ],
)
def test_what_is_no_image(value: Any, bound: str, remedy: str) -> None:
    """The error says what would be one."""
    with pytest.raises(InvalidInput) as refused:
        image(value)
    assert refused.value.field == "image"
    assert bound in str(refused.value.bound)
    assert refused.value.remedy is not None
    assert remedy in refused.value.remedy


def test_captions_are_bounded() -> None:
    """A caption is text, of 1,000 characters at most."""
    assert image([[1]], caption="a cat").document["caption"] == "a cat"
    for caption in ("x" * 1_001, "a\0", "\ud800", None):
        with pytest.raises(InvalidInput) as refused:
            image([[1]], caption=caption)  # type: ignore[arg-type]
        assert refused.value.field == "caption"


def test_a_file_that_claims_too_much(tmp_path: Path) -> None:
    """A small file that unfolds to billions of pixels is refused by its head."""
    head = struct.pack(">IIBBBBB", 1 << 20, 1 << 20, 8, 0, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(png.SIGNATURE + struct.pack(">I", 13) + b"IHDR" + head)
    with pytest.raises(InvalidInput):
        image(tmp_path / "bomb.png")


@given(st.binary(max_size=64), st.sampled_from([b"\xff\xd8\xff", b"RIFF____WEBPVP8 ", b"BM", b"GIF89a", png.SIGNATURE]))
def test_any_bytes_are_an_answer(rest: bytes, begin: bytes) -> None:
    """Broken files are refused, never anything else."""
    try:
        made = image(begin + rest)
    except InvalidInput:
        return
    assert made.document["width"] > 0


class Plotly:
    """What a figure of plotly's offers; the library itself is not among our tools."""

    def __init__(self, text: str = '{"data":[],"layout":{}}') -> None:
        self._text = text

    def to_plotly_json(self) -> dict[str, Any]:
        return {}

    def to_json(self) -> str:
        return self._text


def test_plotly() -> None:
    """Its own JSON is the file."""
    made = figure(Plotly(), caption="loss")
    assert made.document == {"format": "plotly", "caption": "loss"}
    assert made.files == [(".plotly.json", b'{"data":[],"layout":{}}')]
    with pytest.raises(InvalidInput):
        figure(Plotly("x" * (17 << 20)))
    with pytest.raises(InvalidInput):
        figure(io.BytesIO())
