"""An MLflow tracking server as a source. Its files come through it, wherever it keeps them."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from assay.exchange import mlflow_rows as rows
from assay.exchange.mlflow_http import SOURCE, TrackingServer
from assay.exchange.report import Tell
from assay.exchange.source import (
    SourceDataset,
    SourceExperiment,
    SourceFile,
    SourceLine,
    SourceModel,
    SourceModelPoint,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)
from assay.wire.errors import AssayError, NotFound, Unavailable

RUNS = 500  # a page
HISTORY = 25_000  # points a page
MODELS = 50
STATUS = {"LOGGED_MODEL_PENDING": "pending", "LOGGED_MODEL_READY": "ready", "LOGGED_MODEL_UPLOAD_FAILED": "failed"}


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file of a run or model, which the server fetches."""

    path: str
    size: int | None
    fetch: Callable[[str], IO[bytes]]

    def open(self) -> IO[bytes]:
        """Its bytes."""
        return self.fetch(self.path)


class ServerSource:
    """What a tracking server shows.

    Raises:
        Unavailable: Nobody answers there, or not as MLflow's server does.
    """

    def __init__(self, server: TrackingServer, tell: Tell) -> None:
        self.identity = f"mlflow:{server.url}"
        self._server = server
        self._tell = tell
        asked = {"max_results": 1_000, "view_type": "ALL"}
        try:
            self._experiments = list(server.searched("experiments/search", "experiments", asked))
        except NotFound as error:
            raise Unavailable(
                f"{server.url} is no MLflow server, or one before 2.0", field="SOURCE", remedy="give http://host:port"
            ) from error
        self._names = {item["experiment_id"]: item["name"] for item in self._experiments}

    def experiments(self) -> Iterator[SourceExperiment]:
        """All experiments, in the order in which they were made."""
        for item in reversed(self._experiments):
            yield SourceExperiment(item["name"], _pairs(item.get("tags")), deleted=_deleted(item))

    def runs(self) -> Iterator[SourceRun]:
        """All runs, experiment by experiment. A search does not tell which models a run used: it is asked itself."""
        asks = self._has_models()
        for id, name in self._names.items():
            asked = {"experiment_ids": [id], "run_view_type": "ALL", "max_results": RUNS}
            for item in self._server.searched("runs/search", "runs", asked):
                uid = item["info"]["run_id"]
                if rows.shown_uid(uid, self._tell):
                    yield self._run(self._server.get("runs/get", run_id=uid)["run"] if asks else item, name)

    def _has_models(self) -> bool:
        with suppress(NotFound):  # MLflow 2
            for id in self._names:
                asked = {"experiment_ids": [id], "max_results": 1}
                if self._server.post("logged-models/search", asked).get("models"):
                    return True
        return False

    def _run(self, item: dict[str, Any], experiment: str) -> SourceRun:
        info, data = item["info"], item.get("data", {})
        inputs, outputs = item.get("inputs", {}), item.get("outputs", {})
        uid, tags = info["run_id"], _pairs(data.get("tags"))
        latest = sorted(
            (m["key"], m.get("step", 0), m.get("timestamp", 0), str(m.get("value"))) for m in data.get("metrics", ())
        )
        return SourceRun(
            uid,
            uid,
            experiment,
            info.get("run_name") or tags.get(rows.NAME, ""),
            rows.status(info.get("status", ""), f"run {uid}", self._tell),
            user=info.get("user_id", ""),
            start_us=rows.us(info.get("start_time")),
            end_us=rows.us(info.get("end_time")),
            deleted=_deleted(info),
            parent_uid=tags.get(rows.PARENT),
            params=_pairs(data.get("params")),
            tags=tags,
            datasets=[_dataset(one) for one in inputs.get("dataset_inputs", ())],
            models_used=_links(inputs.get("model_inputs")),
            models_made=_links(outputs.get("model_outputs")),
            # The last points stand for all: whoever logs more logs them later.
            points_state=hashlib.sha256(json.dumps(latest).encode()).hexdigest()[:16],
        )

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """The run's points, key by key."""
        found = self._server.get("runs/get", run_id=run.key)["run"].get("data", {})
        for key in sorted(item["key"] for item in found.get("metrics", ())):
            token: str | None = None
            while True:
                page = self._server.get(
                    "metrics/get-history", run_id=run.key, metric_key=key, max_results=HISTORY, page_token=token
                )
                if metrics := page.get("metrics", ()):
                    yield _columns(key, metrics)
                if not (token := page.get("next_page_token")):
                    break

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """MLflow has none."""
        return iter(())

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """MLflow has none."""
        return iter(())

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """The run's artifacts."""

        def fetch(path: str) -> IO[bytes]:
            return self._server.download("/get-artifact", run_uuid=run.key, path=path)

        return self._walked(f"run {run.key}", fetch, "artifacts/list", "path", run_id=run.key)

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """The model's artifacts."""

        def fetch(path: str) -> IO[bytes]:
            route = f"/ajax-api/2.0/mlflow/logged-models/{model.uid}/artifacts/files"
            return self._server.download(route, artifact_file_path=path)

        route = f"logged-models/{model.uid}/artifacts/directories"
        return self._walked(f"model {model.uid}", fetch, route, "artifact_directory_path")

    def _walked(
        self, label: str, fetch: Callable[[str], IO[bytes]], route: str, field: str, **query: str
    ) -> Iterator[SourceFile]:
        try:
            for path, size in self._server.walk(route, field, **query):
                yield ServedFile(path, size, fetch)
        except AssayError as error:
            if error.field != SOURCE or (isinstance(error, Unavailable) and error.retry_after_s is not None):
                raise
            self._tell(f"files not fetched: {error.message[:200]}", label)

    def models(self) -> Iterator[SourceModel]:
        """The logged models; MLflow 2 has none."""
        for id, name in self._names.items():
            asked = {"experiment_ids": [id], "max_results": MODELS}
            with suppress(NotFound):
                for item in self._server.searched("logged-models/search", "models", asked):
                    if (model := self._model(item, name)) is not None:
                        yield model

    def _model(self, item: dict[str, Any], experiment: str) -> SourceModel | None:
        info, data = item["info"], item.get("data", {})
        uid = info["model_id"]
        if not rows.MODEL_UID.match(uid):
            self._tell("model left out: its id is not m- and 32 hex digits", uid[:80])
            return None
        return SourceModel(
            uid,
            experiment,
            info.get("name", ""),
            info.get("source_run_id") or None,
            STATUS.get(info.get("status", ""), "pending"),
            info.get("model_type", ""),
            _pairs(data.get("params")),
            _pairs(info.get("tags")),
            [
                SourceModelPoint(
                    point["run_id"],
                    point["key"],
                    rows.number(float(point.get("value", "nan"))),
                    int(point.get("step", 0)),
                    rows.us(point.get("timestamp")) or 0,
                    point.get("dataset_name") or None,
                    point.get("dataset_digest") or None,
                )
                for point in data.get("metrics", ())
            ],
            str(info.get("last_updated_timestamp_ms", "")),
        )

    def views(self) -> Iterator[SourceView]:
        """None."""
        return iter(())

    def versions(self) -> Iterator[SourceVersion]:
        """Each version of each registered model, with what its model is called and tagged."""
        for model in self._server.listed("registered-models/search", "registered_models", max_results=1_000):
            name = model["name"]
            quoted = name.replace("'", "\\'")
            aliases: dict[str, list[str]] = {}
            for item in model.get("aliases", ()):
                aliases.setdefault(str(item["version"]), []).append(item["alias"])
            asked = f"name='{quoted}'"
            for item in self._server.listed("model-versions/search", "model_versions", filter=asked, max_results=1_000):
                kept = ("description", "user_id", "current_stage", "source", "run_id", "status", "run_link")
                document = {
                    "model": name,
                    "version": int(item["version"]),
                    "created_us": rows.us(item.get("creation_timestamp")),
                    "updated_us": rows.us(item.get("last_updated_timestamp")),
                    **{key: item[key] for key in kept if item.get(key)},
                    "tags": _pairs(item.get("tags")),
                    "aliases": sorted(aliases.get(str(item["version"]), ())),
                    "model_description": model.get("description", ""),
                    "model_tags": _pairs(model.get("tags")),
                }
                yield SourceVersion(f"{name}/{item['version']}", document)


def _pairs(items: list[dict[str, str]] | None) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in items or ()}


def _deleted(item: dict[str, Any]) -> bool:
    return bool(item.get("lifecycle_stage") == "deleted")


def _dataset(item: dict[str, Any]) -> SourceDataset:
    of = item["dataset"]
    return SourceDataset(
        of["name"],
        of["digest"],
        of.get("source_type", ""),
        of.get("source", ""),
        of.get("schema"),
        of.get("profile"),
        _pairs(item.get("tags")),
    )


def _links(items: list[dict[str, Any]] | None) -> list[tuple[str, int]]:
    found = [(item["model_id"], int(item.get("step", 0))) for item in items or ()]
    return [link for link in found if rows.MODEL_UID.match(link[0])]


def _columns(key: str, metrics: list[dict[str, Any]]) -> SourcePoints:
    n = len(metrics)
    return SourcePoints(
        [key],
        array("I", bytes(4 * n)),
        array("q", [int(item.get("step", 0)) for item in metrics]),
        array("q", [rows.us(item.get("timestamp", 0)) or 0 for item in metrics]),
        array("d", [rows.number(float(item.get("value", 0.0))) for item in metrics]),
    )
