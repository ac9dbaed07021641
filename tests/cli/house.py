"""A server with something of everything in it, and the command line in this process."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from click.testing import CliRunner, Result
from support.server import Http

from assay.cli.root import cli

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def assay(*words: str | Path, **env: str) -> Result:
    """What a command does, without a terminal."""
    clean: dict[str, str | None] = {"ASSAY_HOME": None, "ASSAY_URL": None, "ASSAY_TOKEN": None, **env}
    result = CliRunner().invoke(cli, [str(word) for word in words], env=clean)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(*words: str | Path, status: int = 0, **env: str) -> Any:
    """The JSON that a command prints."""
    result = assay(*words, **env)
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def refused(*words: str | Path, **env: str) -> str:
    """What a command says that refuses: one line what is wrong, one what to do."""
    result = assay(*words, **env)
    assert result.exit_code == 1, result.output
    assert "What to do: " in result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def log_run(http: Http, experiment_id: str, name: str, points: int = 20, *, parent: str | None = None) -> str:
    """A finished run with params, tags, metrics, a dataset and two files; its id."""
    tags = [{"key": "team", "value": "risk"}] + ([{"key": "mlflow.parentRunId", "value": parent}] if parent else [])
    made = http.mlflow(
        "POST", "runs/create", {"experiment_id": experiment_id, "run_name": name, "start_time": 1, "tags": tags}
    )
    id: str = made["run"]["info"]["run_id"]
    metrics = [
        {"key": key, "value": value, "timestamp": 1_000 + step, "step": step}
        for step in range(points)
        for key, value in (("loss", 1 / (step + 1)), ("auc", "NaN" if step == 3 else step / points))
    ]
    http.mlflow(
        "POST", "runs/log-batch", {"run_id": id, "metrics": metrics, "params": [{"key": "lr", "value": "0.10"}]}
    )
    dataset = {"name": "train", "digest": "d1", "source_type": "local", "source": "x.csv"}
    inputs = [{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]
    http.mlflow("POST", "runs/log-inputs", {"run_id": id, "datasets": inputs})
    for path, body in (("notes.txt", name.encode()), ("plots/a.bin", name.encode() * 100_000)):
        answer = http.request("PUT", f"{FILES}/{experiment_id}/{id}/artifacts/{path}", body)
        assert answer.status == 200, answer.body
    http.mlflow("POST", "runs/update", {"run_id": id, "status": "FINISHED", "end_time": 5_000})
    return id


def fill(http: Http) -> str:
    """An experiment with a tag and four runs, one within another and one deleted; its id."""
    id: str = http.mlflow("POST", "experiments/create", {"name": "fraud"})["experiment_id"]
    http.mlflow("POST", "experiments/set-experiment-tag", {"experiment_id": id, "key": "k", "value": "v"})
    first = log_run(http, id, "rate 0.1")
    log_run(http, id, "rate 0.3", points=400)
    log_run(http, id, "within", parent=first)
    gone = log_run(http, id, "gone")
    http.mlflow("POST", "runs/delete", {"run_id": gone})
    return id


def whole_run(http: Http, run: dict[str, Any]) -> dict[str, Any]:
    """Everything that a client can read of a run: itself, its histories, the bytes of its files."""
    info = run["info"]
    histories = {
        item["key"]: http.mlflow("GET", "metrics/get-history", {"run_id": info["run_id"], "metric_key": item["key"]})
        for item in run["data"].get("metrics", [])
    }
    files: dict[str, bytes] = {}
    folders = [""]
    while folders:
        asked = urlencode({"run_id": info["run_id"], "path": folders.pop()})
        for item in http.mlflow("GET", f"artifacts/list?{asked}").get("files", []):
            if item["is_dir"]:
                folders.append(item["path"])
            else:
                place = f"{FILES}/{info['experiment_id']}/{info['run_id']}/artifacts/{item['path']}"
                files[item["path"]] = http.request("GET", place).body
    return {"run": run, "histories": histories, "files": files}


def whole(http: Http) -> dict[str, Any]:
    """Everything that a client can read of a server."""
    found = http.mlflow("GET", "experiments/search", {"max_results": 1_000, "view_type": "ALL"})["experiments"]
    ids = [item["experiment_id"] for item in found]
    asked = {"experiment_ids": ids, "max_results": 10_000, "run_view_type": "ALL"}
    runs = http.mlflow("POST", "runs/search", asked).get("runs", [])
    return {"experiments": found, "runs": {item["info"]["run_id"]: whole_run(http, item) for item in runs}}


@dataclass
class Load:
    """Somebody who logs run after run until told to stop; `done` are those that were acknowledged whole."""

    url: str
    experiment_id: str
    done: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self) -> None:
        http = Http(self.url)
        try:
            while not self._stop.is_set():
                self.done.append(log_run(http, self.experiment_id, f"load {len(self.done)}"))
        except BaseException as error:
            self.faults.append(error)
        finally:
            http.close()

    def wait(self) -> None:
        """Returns when the first run was acknowledged."""
        while not self.done and not self.faults:
            time.sleep(0.01)

    def __exit__(self, *args: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self.faults == []
