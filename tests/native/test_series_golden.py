"""What the browser's decoder is held to: answers of series and bands, as columns and as JSON, in one file for both.

`ui/src/api/series.test.ts` reads the same file. `ASSAY_GOLDEN=write` writes it anew.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from native.conftest import Api
from native.test_series import asked, send

from assay.wire import points as wire_points
from assay.wire.series import MEDIA_TYPE

GOLDEN = Path(__file__).parents[2] / "ui/src/api/series.golden.json"
UIDS = [f"{number:032x}" for number in (1, 2, 3)]
STEPS = 300
FIRST = 100_000  # so that buckets are not counted from 0
QUESTION = {"keys": ["loss", "accuracy"], "buckets": 40}


def filled(api: Api) -> None:
    """Runs with values of every kind: numbers, NaN, both infinities, a context, gaps, a key that only one has."""
    for number, uid in enumerate(UIDS):
        api.run(id=uid, name=f"run {number}")
        values = np.cumsum(np.random.default_rng(number).normal(size=STEPS)).astype(np.float32).astype(float)
        values[17], values[40], values[41] = np.nan, np.inf, -np.inf
        steps = [FIRST + step * (number + 1) for step in range(STEPS)]
        contexts: dict[str, Any] = {"contexts": ['{"split":"test"}'], "context": [1] * STEPS}
        keys = [int(number == 1 and step % 3 == 0) for step in range(STEPS)]
        body = wire_points.pack(
            ["loss", "accuracy"],
            keys,
            steps,
            [1_000 * step for step in steps],
            values.tobytes(),
            **(contexts if number == 2 else {}),
        )
        send(api, uid, body)


def answers(api: Api) -> dict[str, Any]:
    """Both questions in both forms."""
    series = {"runs": UIDS, **QUESTION}
    bands = {"groups": {"even": UIDS[::2], "odd": UIDS[1::2]}, "quantiles": [0.25, 0.5], **QUESTION}
    found: dict[str, Any] = {}
    for name, question in (("series", series), ("bands", bands)):
        body = json.dumps(question).encode()
        headers = {"Content-Type": "application/json", "Accept": MEDIA_TYPE}
        answer = api.request("POST", f"/api/v1/{name}", body, headers)
        assert answer.status == 200, answer.body
        found[name] = {"columns": base64.b64encode(answer.body).decode(), "json": asked(api, name, **question)}
    return found


def test_answers_are_those_that_the_browser_reads(api: Api) -> None:
    filled(api)
    found = answers(api)
    if os.environ.get("ASSAY_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(found) + "\n")
    assert found == json.loads(GOLDEN.read_text())
