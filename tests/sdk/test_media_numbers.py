"""Sounds and histograms keep their numbers."""

from __future__ import annotations

import io
import math
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.sdk.media.histograms import BINS, histogram
from assay.sdk.media.sounds import audio
from assay.wire.errors import InvalidInput


def heard(data: bytes) -> np.ndarray[Any, Any]:
    """The samples of a WAV file."""
    with wave.open(io.BytesIO(data)) as file:
        assert file.getsampwidth() == 2
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())


@given(arrays.arrays(np.int16, st.tuples(st.integers(1, 50), st.sampled_from([1, 2]))))
def test_samples_come_back(samples: np.ndarray[Any, Any]) -> None:
    """16 bits as they are, as an array or as lists."""
    for value in (samples, samples.tolist()):
        made = audio(value, 16_000)
        assert np.array_equal(heard(made.files[0][1]), samples)
        seconds = len(samples) / 16_000
        assert made.document == {
            "format": "wav",
            "sample_rate": 16_000,
            "channels": samples.shape[1],
            "seconds": seconds,
        }


@pytest.mark.parametrize("lists", [False, True])
def test_floats_are_scaled(lists: bool) -> None:
    """-1 to 1, with a little slack for rounding; one dimension is mono."""
    samples = np.array([0.0, 1.0, -1.0, 0.5, 1.0000001])
    for value in (samples, samples.astype("float32")):
        found = heard(audio(value.tolist() if lists else value, 8_000).files[0][1])
        assert found[:, 0].tolist() == [0, 32_767, -32_767, 16_384, 32_767]


def test_files_of_sounds(tmp_path: Path) -> None:
    """They are kept as they are."""
    data = audio(np.zeros((44_100, 2)), 44_100, caption="silence").files[0][1]
    (tmp_path / "x.mp3").write_bytes(data)  # its name lies
    for value in (data, tmp_path / "x.mp3", str(tmp_path / "x.mp3")):
        made = audio(value)
        assert made.files == [(".wav", data)]
        assert made.document == {"format": "wav", "sample_rate": 44_100, "channels": 2, "seconds": 1.0}
    assert audio(b"fLaC____").document == {"format": "flac"}
    assert audio(b"OggS____").files[0][0] == ".ogg"
    assert audio(b"ID3_____").files[0][0] == ".mp3"
    assert audio(b"RIFF____WAVEbroken").document == {"format": "wav"}


@pytest.mark.parametrize(
    ("value", "rate", "field"),
    [
        (np.zeros(9), None, "sample_rate"),
        (np.zeros(9), 0, "sample_rate"),
        (np.zeros(9), True, "sample_rate"),
        (np.zeros(9), 44_100.0, "sample_rate"),
        (np.zeros((2, 9)), 8_000, "audio"),
        (np.zeros((9, 3)), 8_000, "audio"),
        (np.zeros(0), 8_000, "audio"),
        (np.full(9, 2.0), 8_000, "audio"),
        (np.full(9, np.nan), 8_000, "audio"),
        (np.zeros(9, "int32"), 8_000, "audio"),
        (np.broadcast_to(np.int16(0), (1 << 26,)), 8_000, "audio"),
        ([0.0, math.nan], 8_000, "audio"),
        ([1 << 15], 8_000, "audio"),
        (["a"], 8_000, "audio"),
        ([[1], [1, 2]], 8_000, "audio"),
        (b"what", None, "audio"),
        ("/nowhere", None, "audio"),
    ],
)
def test_what_is_no_sound(value: Any, rate: Any, field: str) -> None:
    """The error says what would be one."""
    with pytest.raises(InvalidInput) as refused:
        audio(value, rate)
    assert refused.value.field == field
    assert refused.value.bound is not None
    assert refused.value.remedy


NUMBERS = st.lists(st.floats(width=64), max_size=60) | st.lists(st.floats(-10, 10), max_size=60)


@given(NUMBERS, st.integers(1, 100))
def test_every_value_is_counted_once(values: list[float], bins: int) -> None:
    """In its bin, or apart; with numpy and without alike; the edges rise and can be stored."""
    found = histogram(values, bins).document
    assert found == histogram(np.array(values, dtype="float64"), bins).document
    finite = [value for value in values if math.isfinite(value)]
    assert sum(found["counts"]) == len(finite)
    assert found["nan"] == sum(map(math.isnan, values))
    assert found["infinite"] == len(values) - len(finite) - found["nan"]
    edges = found["edges"]
    assert edges == sorted(edges)
    assert all(map(math.isfinite, edges))
    if finite:
        assert (found["min"], found["max"]) == (min(finite), max(finite))
        assert len(edges) == bins + 1 == len(found["counts"]) + 1
        assert edges[0] <= min(finite)
        assert edges[-1] >= max(finite)
        for place in range(bins):
            low, high = edges[place], edges[place + 1]
            last = place == bins - 1
            if low < high:
                assert found["counts"][place] == sum(low <= x < high or (last and x == high) for x in finite)


def test_it_agrees_with_numpy() -> None:
    """For ordinary numbers."""
    values = np.random.default_rng(1).normal(size=3 << 20)  # several parts
    counts, edges = np.histogram(values, bins=64)
    found = histogram(values).document
    assert found["edges"] == pytest.approx(list(edges))
    assert np.abs(np.array(found["counts"]) - counts).sum() <= 4  # at an edge by rounding
    assert histogram((counts, edges)).document["counts"] == counts.tolist()
    assert histogram(np.array([True, False, True]), 2).document["counts"] == [1, 2]
    assert histogram(values.astype("float32").reshape(3, -1), 8).document["nan"] == 0
    assert histogram(5).document["counts"].count(1) == 1


@pytest.mark.parametrize(
    ("values", "bins", "field"),
    [
        ([1], 0, "bins"),
        ([1], BINS + 1, "bins"),
        ([1], True, "bins"),
        (["a"], 8, "values"),
        ("text", 8, "values"),
        (np.array(["a"]), 8, "values"),
        (np.array([1j]), 8, "values"),
        (np.broadcast_to(np.int8(0), (1 << 31,)), 8, "values"),
        (([1], [0, 1, 2]), 8, "values"),
        (([], [0]), 8, "values"),
        (([1, 1], [0, 2, 1]), 8, "values.edges"),
        (([1], [0, math.inf]), 8, "values.edges"),
        (([-1], [0, 1]), 8, "values.counts"),
        (([0] * 600, list(range(601))), 8, "values"),
    ],
)
def test_what_is_no_histogram(values: Any, bins: Any, field: str) -> None:
    """The error says what would be one."""
    with pytest.raises(InvalidInput) as refused:
        histogram(values, bins)
    assert refused.value.field == field
    assert refused.value.bound is not None
    assert refused.value.remedy
