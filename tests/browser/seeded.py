"""Runs for the pages to show: made by MLflow's routes, as scripts make them, the same each time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from support.server import Http

MODELS = ("xgb", "resnet50", "mlp")
RATES = ("0.1", "0.01", "0.001")
STATUSES = ("FINISHED", "FINISHED", "FAILED", "FINISHED", "KILLED", "FINISHED")
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Seeded:
    """An experiment and its runs, the oldest first."""

    experiment: str
    name: str
    runs: list[str]


def seeded(http: Http, count: int, name: str = "fraud", running: int = 0) -> Seeded:
    """An experiment with so many runs, of which the newest are running; run 7's last loss is no number."""
    experiment = str(http.mlflow("POST", "experiments/create", {"name": name})["experiment_id"])
    now_ms = int(time.time() * 1_000)
    runs = [_run(http, experiment, number, now_ms - (count - number) * HOUR_MS // 4) for number in range(count)]
    for number, uid in enumerate(runs[: count - running]):
        ended = {"run_id": uid, "status": STATUSES[number % len(STATUSES)]}
        http.mlflow("POST", "runs/update", {**ended, "end_time": now_ms - (count - number) * 1_000})
    return Seeded(experiment, name, runs)


def _run(http: Http, experiment: str, number: int, start_ms: int) -> str:
    tags = [{"key": "team", "value": ("risk", "core")[number % 2]}]
    given = {"experiment_id": experiment, "run_name": f"run-{number:03}", "start_time": start_ms, "user_id": "ada"}
    uid = str(http.mlflow("POST", "runs/create", {**given, "tags": tags})["run"]["info"]["run_id"])
    params = {"model": MODELS[number % 3], "lr": RATES[number // 3 % 3], "learning rate": "0.5", "seed": str(number)}
    points = [
        {"key": key, "value": value, "timestamp": start_ms + step, "step": step}
        for step in range(3)
        for key, value in (
            ("train/loss", 1 / (step + 1) + number / 100),
            ("val/accuracy", 0.5 + step / 10 + number / 1e3),
        )
    ]
    if number == 7:
        points.append({"key": "train/loss", "value": float("nan"), "timestamp": start_ms + 9, "step": 9})
    body = {
        "run_id": uid,
        "metrics": [{**point, "value": "NaN"} if point["value"] != point["value"] else point for point in points],
        "params": [{"key": key, "value": value} for key, value in params.items()],
    }
    http.mlflow("POST", "runs/log-batch", body)
    return uid
