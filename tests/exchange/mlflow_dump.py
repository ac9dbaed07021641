"""Run by MLflow's own Python: for each line with a tracking URI a line of JSON, with everything that the client reads.

What two stores cannot have in common is left out: numbers of experiments, places, and when a row was made.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import ViewType

INTERNAL = ("mlflow.user",)


def hashed(folder: Path) -> dict[str, str]:
    """The digest of each file below the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def files(client: MlflowClient, uid: str) -> dict[str, str]:
    """The files of a run."""
    if not client.list_artifacts(uid):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        return hashed(Path(client.download_artifacts(uid, "", folder)))


def shown(value: float) -> str:
    """A value; a database of MLflow, and our dialect, tell infinity as the largest number."""
    return repr(math.copysign(sys.float_info.max, value) if math.isinf(value) else value)


def dumped_run(client: MlflowClient, uid: str, experiment: str) -> dict[str, Any]:
    """A run with its histories and files."""
    run = client.get_run(uid)
    info, data = run.info, run.data
    return {
        "experiment": experiment,
        "info": [info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage, info.user_id],
        "params": dict(data.params),
        "tags": dict(data.tags),
        "latest": {key: shown(value) for key, value in data.metrics.items()},
        "histories": {
            key: sorted((m.step, m.timestamp, shown(m.value)) for m in client.get_metric_history(uid, key))
            for key in data.metrics
        },
        "datasets": sorted(
            [
                d.dataset.name,
                d.dataset.digest,
                d.dataset.source_type,
                d.dataset.source,
                d.dataset.schema,
                d.dataset.profile,
                sorted([t.key, t.value] for t in d.tags),
            ]
            for d in run.inputs.dataset_inputs
        ),
        "used": sorted(m.model_id for m in run.inputs.model_inputs),
        "made": sorted([m.model_id, m.step] for m in run.outputs.model_outputs),
        "files": files(client, uid) if info.lifecycle_stage == "active" else None,
    }


def dumped_model(model: Any, experiment: str) -> dict[str, Any]:
    """A logged model with its files, and the last of its metrics in each run and dataset, which is what Assay shows."""
    with tempfile.TemporaryDirectory() as folder:
        found = hashed(Path(download_artifacts(f"models:/{model.model_id}", dst_path=folder)))
    last: dict[str, Any] = {}
    for m in sorted(model.metrics or (), key=lambda m: (m.step, m.timestamp)):
        last[json.dumps([m.key, m.run_id, m.dataset_name, m.dataset_digest])] = [m.value, m.step, m.timestamp]
    return {
        "experiment": experiment,
        "info": [model.name, model.model_type, str(model.status), model.source_run_id],
        "params": dict(model.params),
        "tags": {key: value for key, value in model.tags.items() if key not in INTERNAL},
        "metrics": last,
        "files": found,
    }


def dumped(uri: str) -> dict[str, Any]:
    """All of it."""
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    experiments = client.search_experiments(ViewType.ALL)
    names = {item.experiment_id: item.name for item in experiments}
    told: dict[str, Any] = {
        "experiments": {item.name: [item.lifecycle_stage, dict(item.tags)] for item in experiments},
        "runs": {},
        "models": {},
    }
    for id, name in names.items():
        token = None
        while True:
            page = client.search_runs([id], run_view_type=ViewType.ALL, max_results=1_000, page_token=token)
            for run in page:
                told["runs"][run.info.run_id] = dumped_run(client, run.info.run_id, name)
            token = page.token
            if not token:
                break
    active = [item.experiment_id for item in experiments if item.lifecycle_stage == "active"]
    token = None
    while True:
        found = client.search_logged_models(active, max_results=50, page_token=token)
        for model in found:
            told["models"][model.model_id] = dumped_model(model, names[model.experiment_id])
        token = found.token
        if not token:
            break
    return told


for line in sys.stdin:
    print(json.dumps(dumped(line.strip())), flush=True)
