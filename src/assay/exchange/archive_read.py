"""An archive as a source: what `assay export` wrote, here again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.core.config import index, part
from assay.exchange import archive_layout as layout
from assay.exchange.archive_points import read_points
from assay.exchange.mlflow_artifacts import walk
from assay.exchange.report import Tell
from assay.exchange.source import (
    LocalFile,
    SourceComment,
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
from assay.wire.errors import Corrupt, InvalidInput, NotFound

STATE = "whole"  # an archive does not change


class ArchiveSource:
    """What an archive holds.

    Raises:
        NotFound: There is no archive, or one that was broken off.
        InvalidInput: It is of a format that is not known here.
    """

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._folder = folder.resolve()
        self._tell = tell
        try:
            if not layout.is_there(self._folder / layout.MANIFEST):
                raise FileNotFoundError(layout.MANIFEST)
            with (self._folder / layout.MANIFEST).open("rb") as file:
                manifest = json.loads(file.read(layout.MANIFEST_BOUND))
            made, id = manifest["format"], str(manifest["id"])
        except OSError as error:
            raise NotFound(
                f"{folder} holds no whole archive: {layout.MANIFEST} cannot be read",
                field="FOLDER",
                remedy="give the folder that `assay export` wrote to its end",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{layout.MANIFEST} cannot be read", field="FOLDER", remedy="export again") from error
        if made != layout.FORMAT:
            raise InvalidInput(
                f"The archive has format {made}", field="FOLDER", bound=layout.FORMAT, remedy="install a later Assay"
            )
        self.identity = f"archive:{id}"

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        for number, item in enumerate(layout.read_lines(self._folder / f"{name}.jsonl"), 1):
            if not isinstance(item, dict):
                raise Corrupt(f"Line {number} of {name}.jsonl cannot be read", field=name, remedy="export again")
            yield item

    def experiments(self) -> Iterator[SourceExperiment]:
        """The experiments, oldest first."""
        with sound("experiments.jsonl"):
            for item in sorted(self._lines("experiments"), key=lambda item: int(item["id"])):
                lifecycle = item["lifecycle"]
                yield SourceExperiment(
                    item["name"], item["tags"], deleted=lifecycle == "deleted", archived=lifecycle == "archived"
                )

    def runs(self) -> Iterator[SourceRun]:
        """The runs, in the archive's order."""
        for item in self._lines("runs"):
            with sound("runs.jsonl"):
                run = _run(item)
            yield run

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """The run's points."""
        return read_points(self._folder / f"points/{run.key}.parquet")

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """The run's logged values."""
        for item in layout.read_lines(self._folder / f"values/{run.key}.jsonl"):
            with sound(f"values/{run.key}.jsonl"):
                value = SourceValue(
                    item["key"],
                    item["step"],
                    item["time_us"],
                    item["kind"],
                    item["document"],
                    item.get("context"),
                    item.get("row"),
                )
            yield value

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """The run's console output."""
        for item in layout.read_lines(self._folder / f"console/{run.key}.jsonl"):
            with sound(f"console/{run.key}.jsonl"):
                stream, time_us, text = item
            yield SourceLine(stream, time_us, text)

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """The run's files."""
        return self._files(self._folder / "files" / run.key)

    def model_files(self, model: SourceModel) -> Iterator[SourceFile]:
        """The model's files."""
        return self._files(self._folder / "model-files" / model.uid)

    def _files(self, folder: Path) -> Iterator[SourceFile]:
        for path, entry in walk(folder, self._tell):
            yield LocalFile(path, Path(entry.path))

    def models(self) -> Iterator[SourceModel]:
        """The logged models."""
        for item in self._lines("models"):
            with sound("models.jsonl"):
                model = SourceModel(
                    layout.checked_id(item["id"]),
                    item["experiment"],
                    item["name"],
                    item["run"],
                    item["status"],
                    item["type"],
                    item["params"],
                    item["tags"],
                    [_model_point(one) for one in item["metrics"] if (one["context"] or {}).get("run")],
                    STATE,
                )
            yield model

    def versions(self) -> Iterator[SourceVersion]:
        """The versions of registered models that had been imported."""
        for item in self._lines("versions"):
            with sound("versions.jsonl"):
                version = SourceVersion(item["name"], item["document"], item["source"])
            yield version

    def views(self) -> Iterator[SourceView]:
        """The saved views."""
        for item in self._lines("views"):
            with sound("views.jsonl"):
                view = SourceView(item["kind"], item["name"], dict(item["document"]), item["experiment"])
            yield view


@contextmanager
def sound(name: str) -> Iterator[None]:
    """What a line lacks is told as damage of the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Corrupt(f"{name} cannot be read: {error!r}", field=name, remedy="export again") from error


def _run(item: dict[str, Any]) -> SourceRun:
    config = item.get("config") or None
    indexed = index(config) if config else {}
    defaulted = set(item.get("defaulted", ()))
    uid = layout.checked_id(item["id"])
    return SourceRun(
        uid,
        uid,
        item["experiment"],
        item["name"],
        "running" if item["status"] == "lost" else item["status"],
        user=item["user"],
        start_us=item["start_us"],
        end_us=item["end_us"],
        deleted=item["lifecycle"] == "deleted",
        parent_uid=item["parent"],
        params={key: value for key, value in item["params"].items() if key not in indexed},
        config=part(config, indexed.keys() - defaulted) if config else None,
        defaults=part(config, defaulted) if config else None,
        tags=item["tags"],
        groups=item.get("groups", ()),
        datasets=[_dataset(one) for one in item["datasets"]],
        models_used=[(model, 0) for model in item["models_used"]],
        models_made=[(model, int(item["models_made_at"].get(model, 0))) for model in item["models_made"]],
        comments=[_comment(one) for one in item.get("comments", ())],
        points_state=STATE,
        files_state=STATE,
    )


def _comment(item: dict[str, Any]) -> SourceComment:
    return SourceComment(item["author"], item["created_us"], item["text"], item.get("key"), item.get("step"))


def _dataset(item: dict[str, Any]) -> SourceDataset:
    return SourceDataset(
        item["name"],
        item["digest"],
        item["source_type"],
        item["source"],
        item.get("schema"),
        item.get("profile"),
        item["tags"],
    )


def _model_point(item: dict[str, Any]) -> SourceModelPoint:
    context = item["context"]
    value = item["last"]
    return SourceModelPoint(
        context["run"],
        item["key"],
        float("nan") if value is None else value,
        item["step"],
        item["time_us"],
        context.get("dataset_name"),
        context.get("dataset_digest") or None,
    )
