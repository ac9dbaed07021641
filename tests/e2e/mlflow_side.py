"""Reads with the mlflow client what Assay's SDK has logged, and logs what the native API is to tell."""

from __future__ import annotations

import json
import math
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset

uid, out = sys.argv[1:]
client = MlflowClient()
run = client.get_run(uid)
points = {
    key: [(p.step, p.timestamp, str(p.value)) for p in client.get_metric_history(uid, key)] for key in run.data.metrics
}
read = {
    "name": run.info.run_name,
    "status": run.info.status,
    "params": run.data.params,
    "tags": run.data.tags,
    "metrics": {key: str(value) for key, value in run.data.metrics.items()},
    "points": points,
    "files": sorted(item.path for item in client.list_artifacts(uid, "out")),
    "text": mlflow.artifacts.load_text(f"runs:/{uid}/out/a.txt"),
    "datasets": [item.dataset.name for item in run.inputs.dataset_inputs],
}

mlflow.set_experiment("theirs")
with mlflow.start_run(run_name="by mlflow", description="a note") as mine:
    mlflow.log_params({"lr": "0.10", "deep": {"a": 1}, "flag": True})
    for step, value in enumerate([0.5, math.nan, math.inf, -math.inf, 1e-300]):
        mlflow.log_metric("loss", value, step=step, timestamp=1_700_000_000_000 + step)
    mlflow.set_tag("team", "risk")
    mlflow.log_text("content", "out/b.txt")
    source = HTTPDatasetSource("http://example.org/set")
    mlflow.log_input(MetaDataset(source, name="set"), "train")
with open(out, "w") as file:
    json.dump({"read": read, "made": mine.info.run_id}, file)
print("ok")
