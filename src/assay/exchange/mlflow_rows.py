"""What MLflow's words and numbers mean here, whether they come from a database, a server or a folder."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from assay.exchange.report import Tell

UID = re.compile(r"[0-9a-f]{32}\Z")
MODEL_UID = re.compile(r"m-[0-9a-f]{32}\Z")
STATUS = {
    "SCHEDULED": "scheduled",
    "RUNNING": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "stopped",
}
MODEL_STATUS = {1: "pending", 2: "ready", 3: "failed"}
PARENT = "mlflow.parentRunId"
NAME = "mlflow.runName"
LOCATION = "assay.import.artifacts"  # a tag: where files lie that could not be fetched
LARGEST = 1.7976931348623157e308  # what MLflow's databases hold for infinity
BIG_MS = (2**63 - 1) // 1_000


def us(ms: Any) -> int | None:
    """Microseconds of milliseconds; None for what is no time."""
    try:
        number = int(ms)
    except (TypeError, ValueError, OverflowError):
        return None
    return number * 1_000 if 0 <= number <= BIG_MS else None


def number(value: float | None, is_nan: object = False) -> float:
    """The value as it was logged: a database has no NaN and no infinity of its own."""
    if value is None or is_nan:
        return math.nan
    if value == LARGEST:
        return math.inf
    return -math.inf if value == -LARGEST else float(value)


def status(text: str, name: str, tell: Tell) -> str:
    """Our word for a run's status."""
    found = STATUS.get(text)
    if found is None:
        tell(f"status {text!r} is unknown, taken as failed", name)
    return found or "failed"


def run_tags(tags: Mapping[str, str], columns: Mapping[str, Any]) -> dict[str, str]:
    """The tags, with what old clients kept in columns only."""
    more = {
        "mlflow.source.name": columns.get("source_name"),
        "mlflow.source.type": columns.get("source_type") if columns.get("source_name") else None,
        "mlflow.source.git.commit": columns.get("source_version"),
        "mlflow.project.entryPoint": columns.get("entry_point_name"),
    }
    return {**{key: str(value) for key, value in more.items() if value}, **tags}


def shown_uid(uid: str, tell: Tell) -> bool:
    """Whether a run's id is one here, too."""
    if UID.match(uid):
        return True
    tell("run left out: its id is not 32 hex digits", uid[:80])
    return False
