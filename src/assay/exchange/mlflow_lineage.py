"""Datasets, logged models and registered versions of an MLflow database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.exchange import mlflow_rows as rows
from assay.exchange.mlflow_artifacts import Artifacts, shown
from assay.exchange.mlflow_connect import Reader
from assay.exchange.report import Tell
from assay.exchange.source import SourceDataset, SourceModel, SourceModelPoint, SourceVersion

MODELS = 500  # read at once
Links = tuple[list[tuple[str, int]], list[tuple[str, int]]]  # models used, models made


def datasets_of(reader: Reader, uids: Sequence[str]) -> dict[str, list[SourceDataset]]:
    """The datasets that each of these runs used."""
    found = reader.rows(
        "SELECT i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
        "d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
        "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN (?*) "
        "ORDER BY i.destination_id, d.name, d.digest",
        uids,
    )
    tags = _grouped(
        reader, "SELECT input_uuid, name, value FROM input_tags WHERE input_uuid IN (?*)", [r[1] for r in found]
    )
    datasets: dict[str, list[SourceDataset]] = {}
    for run_uid, input_uid, name, digest, kind, source, schema, profile in found:
        datasets.setdefault(run_uid, []).append(
            SourceDataset(name, digest, kind, source, schema, profile, tags.get(input_uid, {}))
        )
    return datasets


def model_links(reader: Reader, uids: Sequence[str]) -> dict[str, Links]:
    """The models that each of these runs used and made."""
    found = reader.rows(
        "SELECT source_id, destination_type, destination_id, step FROM inputs "
        "WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN (?*) "
        "ORDER BY source_id, destination_type, destination_id",
        uids,
    )
    links: dict[str, Links] = {}
    for run_uid, kind, model_uid, step in found:
        used, made = links.setdefault(run_uid, ([], []))
        if rows.MODEL_UID.match(model_uid):
            (used if kind == "MODEL_INPUT" else made).append((model_uid, step or 0))
    return links


def models(reader: Reader, experiments: Mapping[int, str], artifacts: Artifacts, tell: Tell) -> Iterator[SourceModel]:
    """The logged models, in the order of their ids."""
    after = ""
    while page := reader.rows(
        "SELECT model_id, experiment_id, name, source_run_id, status, model_type, lifecycle_stage, artifact_location, "
        "last_updated_timestamp_ms "
        "FROM logged_models WHERE model_id > ? ORDER BY model_id LIMIT ?",
        [after, MODELS],
    ):
        after = page[-1][0]
        uids = [row[0] for row in page]
        of = "SELECT model_id, {0}_key, {0}_value FROM logged_model_{0}s WHERE model_id IN (?*)"
        params = _grouped(reader, of.format("param"), uids)
        tags = _grouped(reader, of.format("tag"), uids)
        for uid, experiment, name, run_uid, status, kind, stage, location, updated in page:
            if stage == "deleted":
                tell("model left out: it is deleted", uid)
            elif not rows.MODEL_UID.match(uid):
                tell("model left out: its id is not m- and 32 hex digits", uid[:80])
            else:
                if not artifacts.can_fetch(location):
                    tags.setdefault(uid, {})[rows.LOCATION] = shown(location)
                yield SourceModel(
                    uid,
                    experiments[experiment],
                    name,
                    run_uid,
                    rows.MODEL_STATUS.get(status, "pending"),
                    kind or "",
                    params.get(uid, {}),
                    tags.get(uid, {}),
                    _points(reader, uid),
                    f"{updated} {artifacts.state(location, uid)}",
                )


def _points(reader: Reader, uid: str) -> list[SourceModelPoint]:
    found = reader.rows(
        "SELECT run_id, metric_name, metric_value, metric_step, metric_timestamp_ms, dataset_name, dataset_digest "
        "FROM logged_model_metrics WHERE model_id = ? ORDER BY run_id, metric_name, metric_step, metric_timestamp_ms",
        [uid],
    )
    return [
        SourceModelPoint(run, key, rows.number(value), step, rows.us(ms) or 0, name, digest)
        for run, key, value, step, ms, name, digest in found
    ]


def versions(reader: Reader, columns: Mapping[str, set[str]]) -> Iterator[SourceVersion]:
    """Each version of each registered model, with what its model is called and tagged."""
    spaced = "workspace" in columns["model_versions"]
    space = "workspace" if spaced else "'default'"

    def pairs(table: str, key: str, value: str, extra: str = "''") -> dict[tuple[Any, ...], dict[str, str]]:
        if table not in columns:
            return {}
        found: dict[tuple[Any, ...], dict[str, str]] = {}
        for workspace, name, more, one, other in reader.rows(
            f"SELECT {space}, name, {extra}, {key}, {value} FROM {table}"  # noqa: S608 -- our own names
        ):
            found.setdefault((workspace, name, more), {})[one] = other
        return found

    model_tags = pairs("registered_model_tags", "key", "value")
    version_tags = pairs("model_version_tags", "key", "value", "version")
    aliases = pairs("registered_model_aliases", "alias", "version")
    described = f"SELECT {space}, name, description FROM registered_models"  # noqa: S608 -- the same
    told = {(workspace, name): text for workspace, name, text in reader.rows(described)}
    names = ("description", "user_id", "current_stage", "source", "run_id", "status", "run_link", "storage_location")
    given = [name for name in names if name in columns["model_versions"]]
    selected = ", ".join(("version", "creation_time", "last_updated_time", *given))
    listed = f"SELECT {space}, name, {selected} FROM model_versions ORDER BY name, version"  # noqa: S608 -- the same
    for piece in reader.pieces(listed):
        for workspace, name, version, created, updated, *rest in piece:
            own = aliases.get((workspace, name, ""), {})
            document = {
                "model": name,
                "version": version,
                "created_us": rows.us(created),
                "updated_us": rows.us(updated),
                **{key: value for key, value in zip(given, rest, strict=True) if value},
                "tags": version_tags.get((workspace, name, version), {}),
                "aliases": sorted(alias for alias, of in own.items() if str(of) == str(version)),
                "model_description": told.get((workspace, name)) or "",
                "model_tags": model_tags.get((workspace, name, ""), {}),
            }
            shown = name if workspace == "default" else f"{workspace}/{name}"
            yield SourceVersion(f"{shown}/{version}", document)


def _grouped(reader: Reader, sql: str, owners: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(owners), MODELS):
        part = owners[start : start + MODELS]
        for owner, key, value in reader.rows(sql, part):
            found.setdefault(owner, {})[key] = value or ""
    return found
