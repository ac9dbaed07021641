"""Run by an MLflow client's own Python: files go to the object store in parts, and come back by links."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import mlflow

data = os.urandom(1 << 20) * 13 + b"the end"
folder = Path(tempfile.mkdtemp())
(folder / "weights.bin").write_bytes(data)
(folder / "note.txt").write_text("small")
with mlflow.start_run() as run:
    mlflow.log_artifact(str(folder / "weights.bin"), "model/deep")
    mlflow.log_artifacts(str(folder), "all")
    mlflow.log_text("again", "all/note.txt")
client = mlflow.MlflowClient()
assert [(item.path, item.file_size) for item in client.list_artifacts(run.info.run_id, "model/deep")] == [
    ("model/deep/weights.bin", len(data))
]
for path in ("model/deep/weights.bin", "all/weights.bin"):
    got = Path(client.download_artifacts(run.info.run_id, path)).read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest(), path
assert Path(client.download_artifacts(run.info.run_id, "all/note.txt")).read_text() == "again"
sys.stdout.write(run.info.run_id)
