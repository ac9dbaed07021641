"""Requests to the MLflow routes: a sound one for each route, and what spoils it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

BASES = ("/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0")
Fields = dict[str, Any]


@dataclass
class Pool:
    """What exists on the server, as far as the answers told.

    Attributes:
        experiments: Their ids.
        runs: Their ids.
        models: Their ids.
        files: A run's or model's id, and the path of a file of it.
        places: Paths of files below the proxy.
        uploads: Fields that complete or abort an upload in parts; `folder` is what stands in its address.
    """

    experiments: list[str] = field(default_factory=lambda: ["0"])
    runs: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    uploads: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `decodes`: its body or query is what the route reads, whatever the values."""

    route: str
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]
    decodes: bool


# fmt: off
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40, 1e308, 1e-320, -0.0, 1.5,
    "", " ", "0", "-1", "NaN", "Infinity", "-Infinity", "nan", "1e999", "null", "x" * 251, "x" * 8_001, "ü" * 6_001,
    "\x00", "a\x00b", "\ud800", "😀" * 300, "../..", "a/../b", "/etc/passwd", "C:\\x", "%2e%2e%2f", "0x10",
    "'; DROP TABLE run;--", "\r\nX: y", "\u202eabc", "layers[0]", "tag:1",
    [], {}, [[]], [None], [{}], {"a": {"b": [1, 2]}}, ["x"] * 1_001, [1, "a", None],
)
# fmt: on
WORDS = ("lr", "loss", "val/acc", "m.x", "a b", "épo", "a-b", "_c")
FILTERS = (
    "metrics.loss < 1", "metrics.`val/acc` >= 0.5", "params.lr = '0.1'", "params.lr LIKE '0%'", "tags.`a b` != 'x'",
    "attributes.status = 'RUNNING'", "attributes.run_name ILIKE '%A%'", "start_time > 0", "run_id IN ('a', 'b')",
    "metrics.loss > 0 AND params.lr = '1' and tags.x = 'y'", "name = 'x'", "tags.a LIKE '%\\%'", "",
)  # fmt: skip
SPOILS = ("'", '"', "`", "(", ")", " AND ", " OR ", "LIKE", "NaN", "--", "\x00", "IN (", "1e999", "\u00a0", "= =", "%")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Maker:
    """Makes requests from a seeded source of chance."""

    def __init__(self, seed: int, pool: Pool) -> None:
        self.chance = random.Random(seed)
        self.pool = pool

    # What sound requests are made of

    def run(self) -> str:
        return self.chance.choice(self.pool.runs[-50:])

    def experiment(self) -> str:
        return self.chance.choice(self.pool.experiments[-50:])

    def model(self) -> str:
        return self.chance.choice(self.pool.models[-50:])

    def word(self) -> str:
        return self.chance.choice(WORDS) + self.chance.choice(("", "", str(self.chance.randrange(9))))

    def metric(self) -> Fields:
        return {
            "key": self.word(),
            "value": self.chance.choice((self.chance.gauss(0, 1), 0, -1.5, "NaN", "Infinity", 1e-300)),
            "timestamp": self.chance.randrange(2_000_000_000_000),
            "step": self.chance.randrange(-10, 10_000),
        }

    def pair(self) -> Fields:
        return {"key": self.word(), "value": self.word()}

    def param(self) -> Fields:
        key = f"p{self.chance.randrange(10**9)}"
        return {"key": key, "value": self.word()}

    def filter(self) -> str:
        text = self.chance.choice(FILTERS)
        if self.chance.random() < 0.3:
            at = self.chance.randrange(len(text) + 1)
            text = text[:at] + self.chance.choice(SPOILS) + text[at:]
        return text

    def path(self) -> str:
        return "/".join(self.word().replace(" ", "_") for _ in range(self.chance.randrange(1, 4)))

    def file(self, owner: str) -> tuple[str, str]:
        """A file of a thing of the same kind as this owner, if one is known."""
        known = [item for item in self.pool.files[-100:] if item[0].startswith("m-") == owner.startswith("m-")]
        return self.chance.choice(known) if known and self.chance.random() < 0.7 else (owner, self.path())

    def dataset(self) -> Fields:
        return {
            "tags": [{"key": "mlflow.data.context", "value": "train"}],
            "dataset": {"name": self.word(), "digest": "d1", "source_type": "local", "source": "{}"},
        }

    # The request

    def next(self) -> Request:
        """A request to any route: sound, spoiled in a value or two, or broken as JSON."""
        route = self.chance.choice(sorted(ROUTES))
        method, template = route.split(" ", 1)
        fields = ROUTES[route](self)
        kind = self.chance.random()
        for _ in range(0 if kind < 0.45 else 1 if kind < 0.75 else 2):
            self.spoil(fields)
        for name in ("run_id", "model_id", "tag_key", "path", "workspace_name"):
            if f"{{{name}}}" in template:
                given = fields.pop("folder" if "folder" in fields else name, "")
                template = template.replace(f"{{{name}}}", self.in_path(given))
        path = template if template.startswith(WHOLE) else self.chance.choice(BASES) + template
        if method in ("GET", "DELETE"):
            return Request(route, method, self.with_query(path, fields), None, {}, decodes=True)
        if method == "PUT" or template == UPLOAD:
            body = self.chance.randbytes(self.chance.choice((0, 1, 100, 70_000)))
            return Request(route, method, self.with_query(path, fields), body, {}, decodes=True)
        body = self.encoded(fields)
        headers = {"Content-Type": "application/json"}
        if kind > 0.9:
            body, headers = self.broken(body)
        return Request(route, method, path, body, headers, decodes=kind <= 0.9)

    def in_path(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        safe = "/" if self.chance.random() < 0.7 else ""
        return quote(_bytes(text), safe=safe) or "x"

    def with_query(self, path: str, fields: Fields) -> str:
        pairs = [
            (name, item if isinstance(item, str) else json.dumps(item))
            for name, value in fields.items()
            for item in (value if isinstance(value, list) else [value])
        ][:200]
        text = urlencode([(_bytes(name), _bytes(item)[:8_000]) for name, item in pairs])
        return f"{path}?{text}" if text else path

    def encoded(self, fields: Fields) -> bytes:
        return json.dumps(fields, ensure_ascii=self.chance.random() < 0.5).encode("utf-8", "surrogatepass")

    def broken(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        data = bytearray(body or b"{}")
        match self.chance.randrange(6):
            case 0:
                del data[self.chance.randrange(len(data)) :]
            case 1:
                for _ in range(4):
                    data[self.chance.randrange(len(data))] = self.chance.randrange(256)
            case 2:
                data = bytearray(b"[" * self.chance.choice((10, 1_000, 100_000)))
            case 3:
                data = bytearray(self.chance.choice((b"", b"null", b"1", b'"x"', b"[]", b"\xff\xfe{}", b"{" * 50_000)))
            case 4:
                return bytes(data), {"Content-Type": self.chance.choice(("text/plain", "application/xml", "x", ""))}
            case 5:
                return bytes(data), {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return bytes(data), {"Content-Type": "application/json; charset=utf-8"}

    def spoil(self, fields: Fields) -> None:
        """Changes one thing anywhere in the fields."""
        places: list[tuple[Any, Any]] = []

        def walk(value: Any) -> None:
            if isinstance(value, (dict, list)):
                for key in value if isinstance(value, dict) else range(len(value)):
                    places.append((value, key))
                    walk(value[key])

        walk(fields)
        if not places or self.chance.random() < 0.1:
            fields[self.chance.choice(("run_id", "key", "unknown", "\ud800", "filter"))] = self.nasty()
            return
        where, key = self.chance.choice(places)
        if self.chance.random() < 0.25:
            del where[key]
        else:
            where[key] = self.nasty()

    def nasty(self) -> Any:
        return copy.deepcopy(self.chance.choice(NASTY))


def _searching(m: Maker) -> Fields:
    return {
        "experiment_ids": [m.experiment() for _ in range(m.chance.randrange(4))],
        "filter": m.filter(),
        "run_view_type": m.chance.choice(("ACTIVE_ONLY", "DELETED_ONLY", "ALL")),
        "max_results": m.chance.randrange(1, 200),
        "order_by": [
            m.chance.choice(("metrics.loss DESC", "params.lr", "start_time", "tags.x ASC", "attributes.status"))
        ],
    }


def _finding_experiments(m: Maker) -> Fields:
    return {"max_results": m.chance.randrange(1, 100), "filter": m.chance.choice(("name LIKE 'f%'", "name = 'x'", ""))}


def _log(kind: str) -> Callable[[Maker], Fields]:
    return lambda m: {"run_id": m.run(), **(m.metric() if kind == "metric" else m.param())}


def _batch(m: Maker) -> Fields:
    return {
        "run_id": m.run(),
        "metrics": [m.metric() for _ in range(m.chance.randrange(20))],
        "params": [m.param() for _ in range(m.chance.randrange(5))],
        "tags": [m.pair() for _ in range(m.chance.randrange(5))],
    }


def _new_model(m: Maker) -> Fields:
    return {
        "experiment_id": m.experiment(),
        "name": m.word().replace("/", "_").replace(":", "_").replace(".", "_"),
        "source_run_id": m.run(),
        "params": [m.param()],
        "tags": [m.pair()],
    }


def _artifact(m: Maker) -> Fields:
    if m.pool.places and m.chance.random() < 0.5:
        return {"path": m.chance.choice(m.pool.places[-50:])}
    run = m.run() if m.chance.random() < 0.7 else f"models/{m.model()}"
    return {"path": f"0/{run}/artifacts/{m.path()}" if m.chance.random() < 0.8 else m.path()}


def _of_run(m: Maker) -> Fields:
    run, path = m.file(m.run())
    return {"run_uuid": run, "path": path}


def _of_model(m: Maker) -> Fields:
    model, path = m.file(m.model())
    return {"model_id": model, "artifact_file_path": path}


def _begin(m: Maker) -> Fields:
    """The last part of the file's path stands in the body, the others in the address."""
    return {"folder": _artifact(m)["path"], "path": m.word().replace("/", "_"), "num_parts": 2}


def _parts(m: Maker) -> Fields:
    if m.pool.uploads and m.chance.random() < 0.8:
        return copy.deepcopy(m.chance.choice(m.pool.uploads[-5:]))
    parts = [{"part_number": 1, "etag": "e", "url": "u"}]
    return {"folder": m.path(), "path": m.word(), "upload_id": m.word(), "parts": parts}


MLFLOW = "/mlflow"
PROXY = "/mlflow-artifacts/artifacts"
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"
WHOLE = ("/get-artifact", "/ajax-api/")  # what lies under no other prefix
ROUTES: dict[str, Callable[[Maker], Fields]] = {
    f"POST {MLFLOW}/experiments/create": lambda m: {
        "name": f"f{m.chance.randrange(10**9)}",
        "tags": [m.pair()],
    },
    f"GET {MLFLOW}/experiments/get": lambda m: {"experiment_id": m.experiment()},
    f"GET {MLFLOW}/experiments/get-by-name": lambda m: {"experiment_name": "Default"},
    f"POST {MLFLOW}/experiments/search": _finding_experiments,
    f"GET {MLFLOW}/experiments/search": _finding_experiments,
    f"POST {MLFLOW}/experiments/update": lambda m: {
        "experiment_id": m.experiment(),
        "new_name": f"n{m.chance.randrange(10**9)}",
    },
    f"POST {MLFLOW}/experiments/set-experiment-tag": lambda m: {"experiment_id": m.experiment(), **m.pair()},
    f"POST {MLFLOW}/experiments/delete-experiment-tag": lambda m: {"experiment_id": m.experiment(), "key": m.word()},
    f"POST {MLFLOW}/experiments/search-datasets": lambda m: {"experiment_ids": [m.experiment()]},
    # only ever the first few: their runs go with them
    f"POST {MLFLOW}/experiments/delete": lambda m: {"experiment_id": m.chance.choice(m.pool.experiments[1:4] or ["9"])},
    f"POST {MLFLOW}/experiments/restore": lambda m: {"experiment_id": m.experiment()},
    f"POST {MLFLOW}/runs/create": lambda m: {
        "experiment_id": m.experiment(),
        "run_name": m.word(),
        "start_time": m.chance.randrange(2 * 10**12),
        "tags": [m.pair()],
    },
    f"GET {MLFLOW}/runs/get": lambda m: {"run_id": m.run()},
    f"POST {MLFLOW}/runs/update": lambda m: {
        "run_id": m.run(),
        "status": m.chance.choice(("RUNNING", "FINISHED", "FAILED", 3)),
        "end_time": m.chance.randrange(2 * 10**12),
    },
    f"POST {MLFLOW}/runs/delete": lambda m: {"run_id": m.run()},
    f"POST {MLFLOW}/runs/restore": lambda m: {"run_id": m.run()},
    f"POST {MLFLOW}/runs/search": _searching,
    f"POST {MLFLOW}/runs/set-tag": lambda m: {"run_id": m.run(), **m.pair()},
    f"POST {MLFLOW}/runs/delete-tag": lambda m: {"run_id": m.run(), "key": m.word()},
    f"POST {MLFLOW}/runs/log-metric": _log("metric"),
    f"POST {MLFLOW}/runs/log-parameter": _log("param"),
    f"POST {MLFLOW}/runs/log-batch": _batch,
    f"POST {MLFLOW}/runs/log-inputs": lambda m: {"run_id": m.run(), "datasets": [m.dataset()]},
    f"POST {MLFLOW}/runs/outputs": lambda m: {"run_id": m.run(), "models": [{"model_id": m.model(), "step": 1}]},
    f"POST {MLFLOW}/runs/log-model": lambda m: {
        "run_id": m.run(),
        "model_json": json.dumps({"artifact_path": "m", "flavors": {}, "run_id": m.run(), "utc_time_created": "now"}),
    },
    f"GET {MLFLOW}/metrics/get-history": lambda m: {"run_id": m.run(), "metric_key": m.word(), "max_results": 100},
    f"GET {MLFLOW}/metrics/get-history-bulk": lambda m: {"run_id": [m.run(), m.run()], "metric_key": m.word()},
    f"GET {MLFLOW}/metrics/get-history-bulk-interval": lambda m: {
        "run_ids": [m.run()],
        "metric_key": m.word(),
        "max_results": 50,
    },
    f"POST {MLFLOW}/logged-models": _new_model,
    f"GET {MLFLOW}/logged-models/{{model_id}}": lambda m: {"model_id": m.model()},
    f"PATCH {MLFLOW}/logged-models/{{model_id}}": lambda m: {
        "model_id": m.model(),
        "status": "LOGGED_MODEL_READY",
    },
    f"DELETE {MLFLOW}/logged-models/{{model_id}}": lambda m: {"model_id": m.model()},
    f"POST {MLFLOW}/logged-models/{{model_id}}/params": lambda m: {"model_id": m.model(), "params": [m.param()]},
    f"PATCH {MLFLOW}/logged-models/{{model_id}}/tags": lambda m: {"model_id": m.model(), "tags": [m.pair()]},
    f"DELETE {MLFLOW}/logged-models/{{model_id}}/tags/{{tag_key}}": lambda m: {
        "model_id": m.model(),
        "tag_key": m.word(),
    },
    f"POST {MLFLOW}/logged-models/search": lambda m: {
        "experiment_ids": [m.experiment()],
        "filter": m.chance.choice(("name = 'x'", "params.lr = '1'", "metrics.loss > 0", "")),
        "datasets": [{"dataset_name": m.word()}] if m.chance.random() < 0.3 else [],
        "order_by": [{"field_name": "metrics.loss", "dataset_name": m.word()}],
        "max_results": m.chance.randrange(1, 100),
    },
    f"GET {MLFLOW}/logged-models/{{model_id}}/artifacts/directories": lambda m: {"model_id": m.model()},
    f"GET {MLFLOW}/artifacts/list": lambda m: {"run_id": m.run(), "path": m.path()},
    f"GET {PROXY}": lambda m: {"path": m.path()},
    f"PUT {PROXY}/{{path}}": _artifact,
    f"GET {PROXY}/{{path}}": _artifact,
    f"DELETE {PROXY}/{{path}}": _artifact,
    "POST /mlflow-artifacts/mpu/create/{path}": _begin,
    "POST /mlflow-artifacts/mpu/complete/{path}": _parts,
    "POST /mlflow-artifacts/mpu/abort/{path}": _parts,
    "GET /mlflow-artifacts/presigned/{path}": _artifact,
    f"POST {MLFLOW}/artifacts/presigned-upload-url": lambda m: {"run_id": m.run(), "path": m.path()},
    f"POST {MLFLOW}/artifacts/presigned-download-url": lambda m: {"run_id": m.run(), "path": m.path()},
    f"GET {MLFLOW}/workspaces": lambda m: {},
    f"POST {MLFLOW}/workspaces": lambda m: {"name": m.word()},
    f"GET {MLFLOW}/workspaces/{{workspace_name}}": lambda m: {"workspace_name": "default"},
    f"PATCH {MLFLOW}/workspaces/{{workspace_name}}": lambda m: {"workspace_name": "default", "description": m.word()},
    f"DELETE {MLFLOW}/workspaces/{{workspace_name}}": lambda m: {"workspace_name": m.word()},
    "GET /get-artifact": _of_run,
    f"POST {UPLOAD}": lambda m: {"run_uuid": m.run(), "path": m.path()},
    "GET /ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files": _of_model,
}
