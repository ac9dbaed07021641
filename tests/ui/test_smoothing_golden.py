"""What the browser's smoothing is held to, by numpy and the definitions: every point by itself, no shortcut.

`ui/src/lib/smoothing.test.ts` reads the same file. `ASSAY_GOLDEN=write` writes it anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parents[2] / "ui/src/lib/smoothing.golden.json"
RANGE = 5_000.0
EMA, DEVIATION, WIDTH = 0.97, 0.02, 0.05


def curves() -> dict[str, Any]:
    """Values at uneven places, some of them no numbers, with the points behind each."""
    random = np.random.default_rng(6)
    x = np.sort(random.choice(5_000, 400, replace=False)).astype(float)
    y = np.cumsum(random.normal(size=400)) + 1e6  # far from 0, where sums lose digits
    y[[3, 50, 51]] = np.nan
    points = random.integers(1, 200, 400)
    finite = np.isfinite(y)
    far = x[:, None] - x[None, :]
    use = points * finite
    faded = np.where(far >= 0, EMA ** (np.abs(far) / RANGE * 1_000), 0.0)
    normal = np.where(np.abs(far) <= 3 * DEVIATION * RANGE, np.exp(-0.5 * (far / (DEVIATION * RANGE)) ** 2), 0.0)
    near = (np.abs(far) <= WIDTH * RANGE / 2).astype(float)
    found: dict[str, Any] = {"range": RANGE, "ema": EMA, "deviation": DEVIATION, "width": WIDTH}
    found |= {"x": x.tolist(), "y": told(y), "points": points.tolist()}
    for name, weight in (("ema_y", faded), ("gaussian_y", normal), ("mean_y", near)):
        weighted = weight * use
        smooth = (weighted * np.where(finite, y, 0.0)).sum(1) / weighted.sum(1)
        found[name] = told(np.where(finite, smooth, np.nan))
    return found


def told(column: np.ndarray) -> list[float | None]:
    """NaN as null."""
    return [None if np.isnan(value) else round(float(value), 9) for value in column]


def test_the_curves_are_those_of_the_definitions() -> None:
    found = curves()
    if os.environ.get("ASSAY_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(found) + "\n")
    kept = json.loads(GOLDEN.read_text())
    assert kept.keys() == found.keys()
    for name, column in found.items():
        np.testing.assert_allclose(np.array(kept[name], float), np.array(column, float), rtol=1e-12, err_msg=name)
