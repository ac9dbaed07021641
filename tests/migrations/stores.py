"""Stores as a revision left them: recorded once, when it lands, and opened by every server after it.

`PYTHONPATH=tests .venv/bin/python -m migrations.stores` records those of the newest revision; it refuses to record anew
what was recorded before.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cli.house import fill, whole
from support.postgres import fresh_database, postgres, tool
from support.server import Http, Server
from support.stores import random

from assay.stores.migrations import HEAD
from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore

HERE = Path(__file__).parent
ACCOUNTS = (
    "users/ada",
    "groups/risk",
    "workspaces",
    "workspaces/risk/members",
    "workspaces/default/members",
    "workspaces/risk/quota",
    "tokens?user=ada",
)


def plain(value: Any) -> Any:
    """What a client read, as JSON can hold it: bytes by their digest."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes, {hashlib.sha256(value).hexdigest()}"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@contextmanager
def client(home: Path, *options: str) -> Iterator[Http]:
    """A client of a server of the store, who may do all."""
    server = Server(home, options).start()
    try:
        with closing(server.http()) as http:
            http.headers["Authorization"] = f"Bearer {(home / 'token').read_text().strip()}"
            yield http
    finally:
        server.stop()


def read(home: Path, *options: str) -> Any:
    """Everything that a client can read of the store."""
    with client(home, *options) as http:
        models = http.mlflow("POST", "logged-models/search", {"experiment_ids": ["0", "1"]})
        found = {**whole(http), "models": models["models"], **remarks(http)}
        if users := http.request("GET", "/api/v1/users").json["users"]:
            found["accounts"] = [users, *(http.request("GET", f"/api/v1/{path}").json for path in ACCOUNTS)]
        return plain(found)


def new(home: Path, *options: str) -> None:
    """A store with something in every table: what came first has settled, a last call has not."""
    with client(home, *options) as http:
        long = fill_further(http, fill(http))
    with closing(opened(home, *options)) as store:
        while store.settle(0):
            pass
    with client(home, *options) as http:
        points = [{"key": "long", "value": step, "timestamp": step, "step": step} for step in (7, 20_000)]
        http.mlflow("POST", "runs/log-batch", {"run_id": long, "metrics": points})
        fill_accounts(http)


def opened(home: Path, *options: str) -> SqliteStore | PostgresStore:
    """The store without a server."""
    return PostgresStore(options[1], "settle", random) if options else SqliteStore(home / "assay.db", "settle", random)


def fill_accounts(http: Http) -> None:
    """A user in a group, a workspace with a member and a quota, a token: from now on the server asks who speaks."""
    for method, path, body in (
        ("POST", "users", {"name": "Ada", "email": "ada@example.com", "is_admin": True}),
        ("POST", "groups", {"name": "risk"}),
        ("POST", "group-members", {"group": "risk", "add": ["ada"]}),
        ("POST", "workspaces", {"name": "risk"}),
        ("PATCH", "workspaces/risk/members", {"group": "risk", "role": "editor"}),
        ("PATCH", "workspaces/default/members", {"user": "ada", "role": "none", "experiment_id": 0}),
        ("PUT", "workspaces/risk/quota", {"runs": 5}),
        ("POST", "tokens", {"name": "ci", "user": "ada", "workspace": "risk", "cap": "viewer", "days": None}),
    ):
        answer = http.request(method, f"/api/v1/{path}", body)
        assert answer.status in (200, 201), answer.body


def remarks(http: Http) -> dict[str, Any]:
    """What people have added; nothing where they have added nothing, as before there was a way."""
    comments = http.request("GET", "/api/v1/comments").json["comments"]
    views = http.request("GET", "/api/v1/views").json["views"]
    whole_views = [http.request("GET", f"/api/v1/views/{view['id']}").json for view in views]
    return {name: found for name, found in (("comments", comments), ("views", whole_views)) if found}


def fill_further(http: Http, experiment_id: str) -> str:
    """What lies in tables of its own: chunks, pages, a model, records of a purge, a comment, a view; the long run."""
    long, purged = (
        http.mlflow("POST", "runs/create", {"experiment_id": experiment_id, "run_name": name})["run"]["info"]["run_id"]
        for name in ("long", "purged")
    )
    for batch in range(50):
        steps = range(batch * 300, (batch + 1) * 300)
        points = [{"key": "long", "value": step % 7 / 8, "timestamp": step, "step": step} for step in steps]
        points.append({"key": "short", "value": batch, "timestamp": batch, "step": batch})
        http.mlflow("POST", "runs/log-batch", {"run_id": long, "metrics": points})
    pair = {"key": "k", "value": "v"}
    model = {"experiment_id": experiment_id, "name": "clf", "source_run_id": long, "params": [pair], "tags": [pair]}
    model_id = http.mlflow("POST", "logged-models", model)["model"]["info"]["model_id"]
    point = {"run_id": long, "key": "acc", "value": 0.5, "timestamp": 1, "model_id": model_id}
    http.mlflow("POST", "runs/log-metric", point)
    http.mlflow("POST", "runs/delete", {"run_id": purged})
    body = {"ids": [purged], "grace_days": 0, "reason": "to have a record"}
    answer = http.request("POST", "/api/v1/purge", body)
    assert answer.status == 200, answer.body
    said = {"text": "why the spike?", "key": "long", "step": 7}
    view = {
        "kind": "runs",
        "name": "longest",
        "document": {"sort": ["metrics.long"]},
        "experiment_id": int(experiment_id),
    }
    for path, body in ((f"runs/{long}/comments", said), ("views", view)):
        answer = http.request("POST", f"/api/v1/{path}", body)
        assert answer.status == 201, answer.body
    answer = http.request("POST", "/api/v1/audit/checkpoints", {})
    assert answer.status == 200, answer.body
    return str(long)


def pack(home: Path, target: Path) -> None:
    """The home's catalog and files as an archive."""
    with tarfile.open(target, "w:gz") as archive:
        for name in ("assay.db", "files"):
            if (home / name).exists():
                archive.add(home / name, name)


def unpack(source: Path, home: Path) -> None:
    """The home as it was."""
    home.mkdir(mode=0o700)
    with tarfile.open(source) as archive:
        archive.extractall(home, filter="data")


def dump(address: str, target: Path) -> None:
    """The database as SQL."""
    words = [tool("pg_dump"), "--no-owner", "--no-privileges", "--dbname", address]
    done = subprocess.run(words, capture_output=True, check=True)
    target.write_bytes(gzip.compress(done.stdout, mtime=0))


def load(source: Path, address: str) -> None:
    """The database as it was, in an empty one."""
    words = [tool("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", address]
    subprocess.run(words, input=gzip.decompress(source.read_bytes()), stdout=subprocess.DEVNULL, check=True)


def record(folder: Path) -> None:
    """Both engines' stores of this revision, and what they hold."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as name, postgres() as database_server:
        home = Path(name) / "sqlite"
        new(home)
        held = {"sqlite": read(home)}
        pack(home, folder / "sqlite.tar.gz")
        home, options = Path(name) / "postgresql", ("--store", fresh_database(database_server))
        new(home, *options)
        held["postgresql"] = read(home, *options)
        pack(home, folder / "postgresql-files.tar.gz")
        dump(options[1], folder / "postgresql.sql.gz")
    (folder / "held.json.gz").write_bytes(gzip.compress(json.dumps(held, sort_keys=True).encode(), mtime=0))


if __name__ == "__main__":
    if (HERE / HEAD).exists():
        sys.exit(f"The stores of revision {HEAD} are recorded; what has landed never changes.")
    record(HERE / HEAD)
