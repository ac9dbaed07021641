"""One library in a fresh process: `sdk_one.py LIBRARY COUNT KEYS` starts a run and logs, and prints what it took.

It is run by the Python of each library, so it needs nothing but that library. Data goes to the folder that it is
started in. LIBRARY is assay, assay-write, wandb, trackio, mlflow or mlflow-async; with COUNT 0 a run is only started.
The answer is JSON: import_s, start_s, and us, the microseconds of a call: the mean over the calls, without the end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Log = Callable[[dict[str, float], int], object]
Started = tuple[Log, Callable[[], object]]


def assay() -> Callable[[], Started]:
    """Ours, offline: the journal is mapped memory."""
    os.environ["ASSAY_HOME"] = os.path.abspath("home")
    import assay

    assay.init  # noqa: B018 -- it is resolved lazily, and what comes with it is part of the import

    def start() -> Started:
        run = assay.init(mode="offline")
        return run.log, run.finish

    return start


def assay_write() -> Callable[[], Started]:
    """Ours where the disk cannot promise room: a write a record."""
    start = assay()
    from assay.sdk.journal import journal

    journal.promises_room = lambda _: False
    return start


def wandb() -> Callable[[], Started]:
    """W&B, offline."""
    os.environ["WANDB_SILENT"] = "true"
    import wandb

    def start() -> Started:
        run = wandb.init(mode="offline", project="bench")
        return (lambda values, step: run.log(values, step=step)), run.finish

    return start


def trackio() -> Callable[[], Started]:
    """Trackio into its local database."""
    os.environ["TRACKIO_DIR"] = os.path.abspath("trackio")
    import trackio

    def start() -> Started:
        trackio.init(project="bench")
        return (lambda values, step: trackio.log(values, step=step)), trackio.finish

    return start


def mlflow(*, synchronous: bool = True) -> Callable[[], Started]:
    """MLflow into a database of its own in this process, without a server."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow

    def start() -> Started:
        mlflow.set_tracking_uri("sqlite:///mlflow.db")
        mlflow.start_run()
        return (lambda values, step: mlflow.log_metrics(values, step=step, synchronous=synchronous)), mlflow.end_run

    return start


LIBRARIES: dict[str, Callable[[], Callable[[], Started]]] = {
    "assay": assay,
    "assay-write": assay_write,
    "wandb": wandb,
    "trackio": trackio,
    "mlflow": mlflow,
    "mlflow-async": lambda: mlflow(synchronous=False),
}


def main() -> None:
    """Measures, and prints one line of JSON as the last."""
    name, count, keys = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    began = time.perf_counter()
    start = LIBRARIES[name]()
    imported = time.perf_counter()
    log, finish = start()
    started = time.perf_counter()
    found: dict[str, Any] = {"import_s": imported - began, "start_s": started - imported}
    if count:
        names = [f"train/metric_{key:03d}" for key in range(keys)]
        warm = max(1, count // 10)
        for step in range(warm):
            log(dict.fromkeys(names, step * 0.5), step)
        values = dict.fromkeys(names, 0.25)
        before = time.perf_counter()
        for step in range(warm, warm + count):
            log(values, step)
        found["us"] = (time.perf_counter() - before) / count * 1e6
    print("\n" + json.dumps(found), flush=True)
    finish()


if __name__ == "__main__":
    main()
