"""What real libraries make is encoded, and what is encoded is read by real libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from meta.tree import ROOT

PYTHON = ROOT / ".venv-mlflow3/bin/python"
BEGIN = """
import io, json, sys, tempfile
from pathlib import Path
"""
PILLOW = """
import numpy as np
from PIL import Image
from assay.sdk.media.images import image

def opened(made):
    (suffix, data), = made.files
    picture = Image.open(io.BytesIO(data))
    assert (picture.width, picture.height) == (made.document["width"], made.document["height"]), made.document
    assert picture.format.lower() == made.document["format"]
    picture.load()
    return picture

rng = np.random.default_rng(1)
for shape in [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4), (1, 1), (64, 33, 3)]:
    pixels = rng.integers(0, 256, shape).astype(np.uint8)
    flat = pixels.reshape(shape[:2]) if shape[-1] == 1 and len(shape) == 3 else pixels
    for value in (pixels, pixels.tolist(), pixels / 255):
        assert np.array_equal(np.asarray(opened(image(value))), flat), shape
ramp = np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6)
assert np.array_equal(np.asarray(opened(image(ramp))), np.rint(ramp * 255).astype(np.uint8))

colours = Image.fromarray(rng.integers(0, 256, (9, 4, 3)).astype(np.uint8))
for mode in ("RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "F", "I;16", "RGBa", "PA"):
    try:
        picture = colours.convert(mode)
    except ValueError:
        picture = Image.new(mode, (4, 9))
    found = opened(image(picture, caption=mode))
    if mode in ("RGB", "L", "RGBA"):
        assert found.tobytes() == picture.tobytes(), mode
for format in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
    for how in ({}, {"lossless": True}, {"progressive": True}):
        path = Path(tempfile.mkdtemp()) / "lies.txt"
        colours.save(path, format, **how)
        made = image(path)
        assert made.files[0][1] == path.read_bytes()
        opened(made)
exif = Image.Exif()
exif[0x010E] = "a description"
path = path.with_name("extended")
colours.save(path, "WEBP", exif=exif)
opened(image(path))
colours.save(path, "JPEG", exif=exif, comment=b"c" * 5000)
opened(image(path))
"""
MATPLOTLIB = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from assay.sdk.media.figures import figure
from assay.sdk.media.images import image
from assay.wire.errors import InvalidInput

shown, axes = plt.subplots(figsize=(4, 3), dpi=50)
axes.plot([1, 2, 3])
bare = Figure(figsize=(4, 3), dpi=50)
part = bare.subfigures(1, 2)[0]
for value in (shown, axes, bare, part, part.subplots()):
    for made in (figure(value, caption="loss"), image(value, caption="loss")):
        assert made.document == {"format": "png", "width": 200, "height": 150, "caption": "loss"}, made.document
        assert Image.open(io.BytesIO(made.files[0][1])).size == (200, 150)
(_, _), (suffix, svg) = figure(shown, svg=True).files
assert suffix == ".svg" and b"</svg>" in svg
try:
    figure(Figure(figsize=(1000, 1000), dpi=100))
except InvalidInput as error:
    assert error.field == "figure" and error.remedy
else:
    raise AssertionError("drawn")
"""
FRAMES = """
import datetime as dt
import numpy as np, pandas as pd, polars as pl
from assay.sdk.media.tables import table

columns = {"a": [1, None, 3], "b": ["x", None, "ä"], "c": [0.5, float("nan"), 1.5],
           "d": [dt.datetime(2024, 2, 29, 12), None, dt.datetime(2025, 1, 1)]}
frame = pd.DataFrame({**columns, "a": pd.array(columns["a"], dtype="Int64")})
expected = {"columns": ["a", "b", "c", "d"], "data": [
    [1, "x", 0.5, "2024-02-29T12:00:00"], [None, None, None, None], [3, "ä", 1.5, "2025-01-01T00:00:00"]]}
for value in (frame, pl.DataFrame(columns), columns, frame.set_index(pd.Index([5, 6, 7]))):
    assert json.loads(table(value).files[0][1]) == expected, json.loads(table(value).files[0][1])
again = pd.read_json(io.BytesIO(table(frame).files[0][1]), orient="split")  # as MLflow's load_table
assert again.shape == (3, 4) and list(again.columns) == list("abcd")
assert again["c"].isna().tolist() == [False, True, False]
nested = pl.DataFrame({"l": [[1, 2], []], "s": [{"k": 1}, {"k": None}], "t": [dt.timedelta(hours=1), None]})
assert json.loads(table(nested).files[0][1])["data"] == [[[1, 2], {"k": 1}, "1:00:00"], [[], {"k": None}, None]]
assert json.loads(table({"s": pd.Series([1, 2]), "p": pl.Series([3, 4])}).files[0][1])["data"] == [[1, 3], [2, 4]]
category = pd.DataFrame({("a", 1): pd.Categorical(["x", "y"]), 2: pd.Series([pd.NA, pd.NaT])})
assert json.loads(table(category).files[0][1]) == {"columns": ["('a', 1)", "2"], "data": [["x", None], ["y", None]]}
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="make setup-clients installs the libraries")
@pytest.mark.parametrize("script", [PILLOW, MATPLOTLIB, FRAMES], ids=["pillow", "matplotlib", "frames"])
def test_real_libraries(script: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([PYTHON, "-c", BEGIN + script], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_without_any_library() -> None:
    """Lists need nothing but Python, and no library is loaded for them."""
    script = """
import sys
from assay.sdk.media import figures, histograms, images, sounds, tables, texts
assert images.image([[0.0, 1.0]]).document["width"] == 2
assert sounds.audio([0.0, 0.5], 8_000).document["channels"] == 1
assert histograms.histogram([1, 2, 3]).document["max"] == 3
assert tables.table({"a": [1]}).document["rows"] == 1
assert not {"numpy", "PIL", "pandas", "matplotlib"} & sys.modules.keys()
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-S", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
