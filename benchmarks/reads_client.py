"""What the official MLflow client takes for a read, by its own Python: `reads_client.py WHAT URL ...` prints JSON.

`history URL RUN KEY`: MlflowClient.get_metric_history. `search URL COUNT`: mlflow.search_runs of so many runs to a
DataFrame. Once to warm, then three times; the answer is the seconds of each and how much came.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sized

TIMES = 3


def history(url: str, run: str, key: str) -> Callable[[], Sized]:
    """The whole history of a key."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=url)
    return lambda: client.get_metric_history(run, key)


def search(url: str, count: str) -> Callable[[], Sized]:
    """So many runs as a DataFrame."""
    import mlflow

    mlflow.set_tracking_uri(url)
    return lambda: mlflow.search_runs(experiment_ids=["0"], max_results=int(count))


def main() -> None:
    """Reads, and prints one line of JSON as the last."""
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_HTTP_REQUEST_TIMEOUT="600", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"
    )
    read = {"history": history, "search": search}[sys.argv[1]](*sys.argv[2:])
    read()
    took, count = [], 0
    for _ in range(TIMES):
        began = time.perf_counter()
        count = len(read())
        took.append(time.perf_counter() - began)
    print("\n" + json.dumps({"seconds": took, "count": count}), flush=True)


if __name__ == "__main__":
    main()
