"""Logged models and registered versions of a source, written to the server."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from assay.exchange.checks import PARAM_BOUND, TAG_BOUND, sound_texts
from assay.exchange.files import send_files
from assay.exchange.report import Report
from assay.exchange.source import Source, SourceModel, SourceModelPoint
from assay.exchange.target import Target, pages

POINTS = 1_000  # a call
ODD = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # JSON has no word for them


def send_model(
    target: Target, source: Source, model: SourceModel, report: Report, owns: Callable[[str], bool], *, exists: bool
) -> None:
    """The server has the model with params, tags, files and points.

    Args:
        target: The server.
        source: Where its files are.
        model: What to write.
        report: Told what was written and what was left out.
        owns: Whether the run of this id was imported from this source: no other gets points.
        exists: Whether it was begun before.
    """
    label = f"model {model.uid}"
    params = sound_texts(model.params, PARAM_BOUND, "param", label, report.tell)
    tags = sound_texts(model.tags, TAG_BOUND, "tag", label, report.tell)
    body: dict[str, Any] = {
        "id": model.uid,
        "experiment": model.experiment,
        "name": model.name,
        "run": model.run_uid,
        "type": model.model_type,
    }
    if not exists:
        target.post("models", {name: value for name, value in body.items() if value})
    for name, pairs in (("params", params), ("tags", tags)):
        for page in pages(iter(pairs.items()), 1_000):
            target.patch(f"models/{model.uid}", {name: dict(page)})
    send_files(target, f"models/{model.uid}", source.model_files(model), report, exists=exists)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for point in model.points:
        by_run.setdefault(point.run_uid, []).append(_point(model, point))
    for run_uid, points in by_run.items():
        if not owns(run_uid):
            reason = "points of a model left out: they are of a run that was not imported from this source"
            report.tell(reason, f"{label} {run_uid[:80]!a}")
            continue
        for page in pages(iter(points), POINTS):
            target.post(f"runs/{run_uid}/model-points", page)
            report.count("model_points", len(page))
    target.patch(f"models/{model.uid}", {"status": model.status})


def _point(model: SourceModel, point: SourceModelPoint) -> dict[str, Any]:
    told = {
        "model": model.uid,
        "key": point.key,
        "value": point.value if math.isfinite(point.value) else ODD[str(point.value)],
        "step": point.step,
        "time_us": point.time_us,
        "dataset_name": point.dataset_name,
        "dataset_digest": point.dataset_digest,
    }
    return {name: value for name, value in told.items() if value is not None}
