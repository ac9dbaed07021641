"""Which kind of MLflow history an address means."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay.exchange.mlflow_artifacts import Artifacts, Proxy, shown
from assay.exchange.mlflow_connect import PostgresReader, SqliteReader
from assay.exchange.mlflow_database import DatabaseSource
from assay.exchange.report import Tell
from assay.exchange.source import Source
from assay.wire.errors import InvalidInput, NotSupported


def open_mlflow(address: str, files: str | None, tell: Tell) -> Source:
    """The source at this address.

    Args:
        address: A database's, a server's, or a folder.
        files: What `mlflow-artifacts:` means, where a database does not say it.
        tell: Told of what cannot be kept.

    Raises:
        InvalidInput: It is none of them.
        NotFound: There is no such file.
        NotSupported: It is a database that is not read.
        Unavailable: It cannot be read.
    """
    scheme = address.partition("://")[0].lower() if "://" in address else ""
    artifacts_store = None if files is None else _store(files)
    if scheme.split("+")[0] in ("postgresql", "postgres"):
        return _database(PostgresReader(address), Path.cwd(), artifacts_store, tell)
    if scheme.split("+")[0] in ("mysql", "mssql", "oracle"):
        raise NotSupported(
            f"{scheme} databases are not read",
            field="SOURCE",
            remedy="run `mlflow server` on the database, and give its http:// address",
        )
    if scheme in ("http", "https"):
        from assay.exchange.mlflow_http import TrackingServer  # noqa: PLC0415 -- only who reads a server pays for it
        from assay.exchange.mlflow_server import ServerSource  # noqa: PLC0415 -- the same

        return ServerSource(TrackingServer(address), tell)
    if scheme not in ("", "file", "sqlite"):
        raise InvalidInput(
            f"{shown(address)!r} is no place that MLflow keeps its history at",
            field="SOURCE",
            remedy="give mlflow.db, sqlite:///path, postgresql://..., an mlruns folder or http://host:port",
        )
    path = _path(address, scheme)
    if path.is_dir():
        from assay.exchange.mlflow_folder import FolderSource  # noqa: PLC0415 -- the same

        return FolderSource(path, Artifacts(path.resolve().parent, artifacts_store, tell), tell)
    return _database(SqliteReader(path), path.resolve().parent, artifacts_store, tell)


def _database(reader: SqliteReader | PostgresReader, base: Path, store: Proxy | Path | None, tell: Tell) -> Source:
    try:
        return DatabaseSource(reader, Artifacts(base, store, tell), tell)
    except BaseException:
        reader.close()
        raise


def _path(address: str, scheme: str) -> Path:
    if scheme == "sqlite":  # SQLAlchemy's: three slashes before a relative path, four before an absolute one
        return Path(address.partition("://")[2].partition("?")[0][1:])
    return Path(unquote(urlsplit(address).path)) if scheme == "file" else Path(address)


def _store(files: str) -> Proxy | Path:
    if files.startswith(("http://", "https://")):
        from assay.exchange.mlflow_http import TrackingServer  # noqa: PLC0415 -- only who reads a server pays for it

        return TrackingServer(files)
    return Path(files).resolve()
