"""Run by MLflow's own Python: fills a tracking store with something of everything.

python mlflow_writer.py TRACKING_URI ARTIFACT_ROOT RUNS POINTS [half]

With `half`, the second experiment keeps its files where the store puts them, as both do where the root is `-`.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param, RunTag

WORDS = [
    "0.10",
    "",
    "  spaces  ",
    "ünï ☃ 漢字",
    "line\nbreak",
    "x" * 6_000,
    "'quoted' \"twice\"",
    "null",
    "1e-3",
    "a: b # c",
]
ODD = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-310, 1.5, -2.25e100]
STATUSES = ["FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED", "FINISHED", "FINISHED"]


def dataset(at: int) -> DatasetInput:
    """A dataset with a tag."""
    described = Dataset(f"set-{at}", f"digest{at}", "local", '{"uri": "x.csv"}', '{"a": "long"}', '{"num_rows": 3}')
    return DatasetInput(described, [InputTag("mlflow.data.context", "training")])


def points(client: MlflowClient, uid: str, count: int, rng: random.Random) -> None:
    """So many points of several keys, with odd values among them, some at the same step."""
    keys = ["loss", "val/auc", "a b.c-d_e"]
    waiting = []
    for at in range(count):
        value = rng.choice(ODD) if at % 17 == 3 else rng.random()
        step = at // len(keys) if at % 50 else -7
        waiting.append(Metric(keys[at % len(keys)], value, 1_700_000_000_000 + at, step))
        if len(waiting) == 1_000:
            client.log_batch(uid, metrics=waiting)
            waiting = []
    if waiting:
        client.log_batch(uid, metrics=waiting)


def files(client: MlflowClient, uid: str, at: int) -> None:
    """A few files, in folders, one of them empty."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "deep/er").mkdir(parents=True)
        (folder / "deep/er/Ünicode ☃.txt").write_text(f"run {at}\n")
        (folder / "empty").write_bytes(b"")
        (folder / "data.bin").write_bytes(random.Random(at).randbytes(10_000))
        client.log_artifacts(uid, name)
        client.log_artifacts(uid, str(folder / "deep"), "again & more")


def model(client: MlflowClient, experiment: str, uid: str, at: int) -> str:
    """A logged model with files, measured on a dataset."""
    made = client.create_logged_model(
        experiment, f"model-{at}", source_run_id=uid, tags={"team": "risk"}, params={"depth": "3"}, model_type="tree"
    )
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "MLmodel").write_text(f"flavor: {at}\n")
        (Path(name) / "weights").mkdir()
        (Path(name) / "weights/w.bin").write_bytes(random.Random(at).randbytes(5_000))
        client.log_model_artifacts(made.model_id, name)
    client.finalize_logged_model(made.model_id, "READY" if at % 16 else "FAILED")
    for step, value in enumerate((0.5, 0.75)):
        client.log_metric(
            uid,
            "auc",
            value,
            step=step,
            timestamp=1_700_000_000_000 + step,
            model_id=made.model_id,
            dataset_name=f"set-{at}",
            dataset_digest=f"digest{at}",
        )
    client.log_outputs(uid, [LoggedModelOutput(made.model_id, at)])
    return str(made.model_id)


def main(uri: str, root: str, runs: int, total: int, half: str = "") -> None:
    """Fills the store."""
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    rng = random.Random(0)
    where = {"artifact_location": f"{root}/first"} if root != "-" else {}
    first = client.create_experiment("first ☃", tags={"owner": "me", "long": "y" * 5_000}, **where)
    where = {"artifact_location": f"{root}/second"} if root != "-" and not half else {}
    second = client.create_experiment("second", **where)
    client.create_experiment("empty")
    ids: list[str] = []
    for at in range(runs):
        experiment = first if at % 3 else second
        tags = {"mlflow.note.content": f"note {at}", "mlflow.user": "ann", "k": WORDS[at % len(WORDS)]}
        if at % 5 == 4:
            tags["mlflow.parentRunId"] = ids[at - 1]
        made = client.create_run(experiment, 1_600_000_000_000 + at, tags, f"run {at} ☃")
        uid = made.info.run_id
        ids.append(uid)
        client.log_batch(
            uid,
            params=[Param(f"p{n}/{at}", word) for n, word in enumerate(WORDS)],
            tags=[RunTag(f"t{n}", word) for n, word in enumerate(WORDS)],
        )
        points(client, uid, total // runs if at % 10 else 0, rng)
        if at % 4 == 0:
            files(client, uid, at)
        if at % 6 == 0:
            client.log_inputs(uid, [dataset(at), dataset(at + 1)])
        if at % 8 == 0:
            used = model(client, experiment, uid, at)
            if at % 16 == 0 and at and (at - 1) % 9 != 1:  # that run is deleted
                client.log_inputs(ids[at - 1], models=[LoggedModelInput(used)])
        status = STATUSES[at % len(STATUSES)]
        if status in ("FINISHED", "FAILED", "KILLED"):
            client.set_terminated(uid, status, 1_600_000_100_000 + at)
        else:
            client.update_run(uid, status)
        if at % 9 == 1:
            client.delete_run(uid)
    gone = client.create_experiment("gone", tags={"was": "here"})
    uid = client.create_run(gone, 5_000, run_name="in a deleted experiment").info.run_id
    client.log_metric(uid, "m", 1.0, timestamp=7, step=1)
    client.set_terminated(uid, end_time=6_000)
    client.delete_experiment(gone)
    client.create_registered_model("churn", {"tier": "1"}, "who leaves")
    for at in range(2):
        client.create_model_version(
            "churn", f"runs:/{ids[0]}/x/{at}", ids[0], tags={"n": str(at)}, description=f"v{at}"
        )
    client.set_registered_model_alias("churn", "champion", "2")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
