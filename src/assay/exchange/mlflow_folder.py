"""MLflow's file store, an `mlruns` folder, as a source. It may have been moved since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.exchange import mlflow_rows as rows
from assay.exchange import mlflow_tree as tree
from assay.exchange.mlflow_artifacts import Artifacts, named, shown
from assay.exchange.report import Tell
from assay.exchange.source import (
    SourceDataset,
    SourceExperiment,
    SourceFile,
    SourceLine,
    SourceModel,
    SourcePoints,
    SourceRun,
    SourceValue,
    SourceVersion,
    SourceView,
)
from assay.wire.errors import AssayError, InvalidInput, NotFound

TRASH, MODELS = ".trash", "models"
STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


class FolderSource:
    """What lies in the folder.

    Raises:
        NotFound: There is no such folder.
        InvalidInput: It holds no experiments of MLflow.
    """

    def __init__(self, root: Path, artifacts: Artifacts, tell: Tell) -> None:
        self._root = root.resolve()
        self.identity = f"mlruns:{self._root}"
        self._artifacts = artifacts
        self._tell = tell
        if not self._root.is_dir():
            raise NotFound(f"There is no folder {root}", field="SOURCE", remedy="give the path of the mlruns folder")
        self._experiments = list(self._find())
        if not self._experiments:
            raise InvalidInput(
                f"{root} holds no experiments of MLflow", field="SOURCE", remedy="give the path of the mlruns folder"
            )
        self._runs: dict[str, Path] = {}  # key: folder, of the run and model that were yielded last
        self._uris: dict[str, str] = {}

    def _find(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        places = [path for path in tree.folders(self._root) if path.name not in (TRASH, MODELS)]
        for place in (*places, *tree.folders(self._root / TRASH)):
            try:
                meta = tree.read_meta(place)
            except NotFound:
                continue
            except InvalidInput as error:
                self._tell(f"experiment left out: {error.message}", str(place))
                continue
            if isinstance(meta.get("name"), str | int):
                yield place, meta

    def experiments(self) -> Iterator[SourceExperiment]:
        """All experiments."""
        for place, meta in self._experiments:
            found = meta.get("tags")
            tags = {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
            tags |= tree.texts(place / "tags", self._tell)
            yield SourceExperiment(str(meta["name"]), tags, deleted=self._is_deleted(place, meta))

    def _is_deleted(self, place: Path, meta: dict[str, Any]) -> bool:
        return place.parent.name == TRASH or meta.get("lifecycle_stage") == "deleted"

    def runs(self) -> Iterator[SourceRun]:
        """All runs, experiment by experiment."""
        for place, meta in self._experiments:
            gone = self._is_deleted(place, meta)
            for folder in tree.folders(place):
                if not rows.UID.match(folder.name):
                    continue
                try:
                    yield self._run(folder, tree.read_meta(folder), str(meta["name"]), gone=gone)
                except NotFound:
                    continue
                except AssayError as error:
                    self._tell(f"run left out: {error.message}", folder.name)

    def _run(self, folder: Path, meta: dict[str, Any], experiment: str, *, gone: bool) -> SourceRun:
        uid, label = folder.name, f"run {folder.name}"
        uri = self._place(folder, str(meta.get("artifact_uri") or ""), uid)
        tags = rows.run_tags(
            tree.texts(folder / "tags", self._tell),
            {name: meta.get(name) for name in ("source_name", "source_version")},
        )
        if not self._artifacts.can_fetch(uri):
            tags[rows.LOCATION] = shown(uri)
        status = meta.get("status")
        known = STATUS.get(status, str(status)) if isinstance(status, int) else str(status)
        self._runs = {uid: folder}
        self._uris = {uid: uri}
        used, made = self._links(folder)
        return SourceRun(
            uid,
            uid,
            experiment,
            str(meta.get("run_name") or meta.get("name") or tags.get(rows.NAME, "")),
            rows.status(known, label, self._tell),
            user=str(meta.get("user_id") or ""),
            start_us=rows.us(meta.get("start_time")),
            end_us=rows.us(meta.get("end_time")),
            deleted=gone or meta.get("lifecycle_stage") == "deleted",
            parent_uid=tags.get(rows.PARENT),
            params=tree.texts(folder / "params", self._tell),
            tags=tags,
            datasets=list(self._datasets(folder)),
            models_used=used,
            models_made=made,
            points_state=tree.metrics_state(folder / "metrics"),
            files_state=self._artifacts.state(uri, uid),
        )

    def _place(self, folder: Path, uri: str, uid: str) -> str:
        """Where the files lie: beside the metadata, where the place that is named is not there (any more)."""
        beside = folder / "artifacts"
        place = self._artifacts.folder(uri)
        if uri and (place is None or ((own := named(place, uid)) is not None and own.is_dir())):
            return uri
        return str(beside)

    def _links(self, folder: Path) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        found: list[list[tuple[str, int]]] = []
        for name in ("inputs", "outputs"):
            links = []
            for one in self._metas(folder / name):
                uid = next((str(one[k]) for k in ("destination_id", "source_id") if _is_model(one.get(k))), None)
                if uid is not None:
                    step = one.get("step")
                    links.append((uid, step if isinstance(step, int) else 0))
            found.append(links)
        return found[0], found[1]

    def _metas(self, folder: Path) -> Iterator[dict[str, Any]]:
        for one in tree.folders(folder):
            try:
                yield tree.read_meta(one)
            except AssayError as error:
                self._tell(f"input or output left out: {error.message}", str(one))

    def _datasets(self, folder: Path) -> Iterator[SourceDataset]:
        for one in self._metas(folder / "inputs"):
            id = str(one.get("source_id"))
            if one.get("source_type") != "DATASET" or "/" in id or id.startswith("."):
                continue
            try:
                of = tree.read_meta(folder.parent / "datasets" / id)
            except AssayError as error:
                self._tell(f"dataset left out: {error.message}", f"run {folder.name}")
                continue
            tags = one.get("tags")
            yield SourceDataset(
                str(of.get("name")),
                str(of.get("digest")),
                str(of.get("source_type") or ""),
                str(of.get("source") or ""),
                _text(of.get("schema")),
                _text(of.get("profile")),
                {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
            )

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """The run's points, key by key."""
        return tree.points(self._runs[run.key] / "metrics", f"run {run.key}", self._tell)

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """MLflow has none."""
        return iter(())

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """MLflow has none."""
        return iter(())

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """The run's artifacts, where they can be fetched."""
        return self._artifacts.files(self._uris[run.key], run.key, f"run {run.key}")

    def models(self) -> Iterator[SourceModel]:
        """The logged models."""
        for place, meta in self._experiments:
            for folder in tree.folders(place / MODELS):
                if not rows.MODEL_UID.match(folder.name):
                    continue
                try:
                    found = self._model(folder, tree.read_meta(folder), str(meta["name"]))
                except NotFound:
                    continue
                except AssayError as error:
                    self._tell(f"model left out: {error.message}", folder.name)
                    continue
                if found is not None:
                    yield found

    def _model(self, folder: Path, meta: dict[str, Any], experiment: str) -> SourceModel | None:
        uid = folder.name
        if meta.get("lifecycle_stage") == "deleted":
            self._tell("model left out: it is deleted", uid)
            return None
        uri = self._place(folder, str(meta.get("artifact_location") or ""), uid)
        tags = tree.texts(folder / "tags", self._tell)
        if not self._artifacts.can_fetch(uri):
            tags[rows.LOCATION] = shown(uri)
        self._uris = {uid: uri}
        run = meta.get("source_run_id")
        return SourceModel(
            uid,
            experiment,
            str(meta.get("name") or uid),
            str(run) if run else None,
            rows.MODEL_STATUS.get(meta.get("status", 1), "pending"),
            str(meta.get("model_type") or ""),
            tree.texts(folder / "params", self._tell),
            tags,
            list(tree.model_points(folder / "metrics", f"model {uid}", self._tell)),
            self._artifacts.state(uri, uid),
        )

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """The model's artifacts, where they can be fetched."""
        return self._artifacts.files(self._uris[model.uid], model.uid, f"model {model.uid}")

    def views(self) -> Iterator[SourceView]:
        """None."""
        return iter(())

    def versions(self) -> Iterator[SourceVersion]:
        """Each version of each registered model, with what its model is called and tagged."""
        for model in tree.folders(self._root / MODELS):
            try:
                of = tree.read_meta(model)
            except AssayError:
                continue
            name = str(of.get("name") or model.name)
            aliases = tree.texts(model / "aliases", self._tell)
            for folder in tree.folders(model):
                number = folder.name.removeprefix("version-")
                if not (folder.name.startswith("version-") and number.isascii() and number.isdigit()):
                    continue
                try:
                    meta = tree.read_meta(folder)
                except AssayError as error:
                    self._tell(f"model version left out: {error.message}", f"{name}/{number}")
                    continue
                kept = ("description", "user_id", "current_stage", "source", "run_id", "status", "run_link")
                document = {
                    "model": name,
                    "version": int(number),
                    "created_us": rows.us(meta.get("creation_timestamp")),
                    "updated_us": rows.us(meta.get("last_updated_timestamp")),
                    **{key: meta[key] for key in (*kept, "storage_location") if meta.get(key)},
                    "tags": tree.texts(folder / "tags", self._tell),
                    "aliases": sorted(alias for alias, of_it in aliases.items() if of_it.strip() == number),
                    "model_description": str(of.get("description") or ""),
                    "model_tags": tree.texts(model / "tags", self._tell),
                }
                yield SourceVersion(f"{name}/{number}", document)


def _is_model(value: object) -> bool:
    return isinstance(value, str) and rows.MODEL_UID.match(value) is not None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
