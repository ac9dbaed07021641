"""Where what is read lies: in our API, and in MLflow's, which all three servers speak."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

SERIES = "/api/v1/series?format=series"  # downsampled: runs x keys to buckets, posted
NATIVE_HISTORY = "/api/v1/runs/%s/history"
NATIVE_RUN = "/api/v1/runs/%s"
MLFLOW = "/api/2.0/mlflow/"
ALL = 1_000_000  # the most points of a page of a native history


def series(uids: Sequence[str], keys: Sequence[str], buckets: int, x: str = "step") -> dict[str, Any]:
    """What is posted for downsampled series in one binary answer."""
    return {"runs": list(uids), "keys": list(keys), "buckets": buckets, "x": x}


def history(uid: str, key: str, form: str) -> str:
    """A whole history over the native API: points (binary columns), arrow or json."""
    return f"{NATIVE_HISTORY % uid}?{urlencode({'key': key, 'format': form, 'limit': ALL})}"


def run(uid: str) -> str:
    """A run with all it has."""
    return NATIVE_RUN % uid


def mlflow_run(uid: str) -> str:
    """The same over MLflow's API."""
    return f"{MLFLOW}runs/get?run_id={uid}"


def mlflow_history(uid: str, key: str, page: int | None = None, token: str | None = None) -> str:
    """One key's history, whole or a page of it."""
    given = {"run_id": uid, "metric_key": key, "max_results": page, "page_token": token}
    return (
        f"{MLFLOW}metrics/get-history?{urlencode({k: v for k, v in given.items() if v is not None}, quote_via=quote)}"
    )


def offset_token(offset: int) -> str:
    """A page token as MLflow and FastTrackML make them."""
    return base64.b64encode(f'{{"offset": {offset}}}'.encode()).decode()
