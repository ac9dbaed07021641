"""Where MLflow's files lie, and how they are fetched: folders of this machine, or through a tracking server.

A database that somebody else made could name any folder of the importer's own. So a local place is read only if what
its links and dots lead to names the run or model whose it is, as every place does that MLflow makes. Links in it are
not followed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import unquote, urlsplit

from assay.exchange.report import Tell
from assay.exchange.source import LocalFile, SourceFile

PROXIED = "/api/2.0/mlflow-artifacts/artifacts"


class Proxy(Protocol):
    """A tracking server that hands out files."""

    url: str

    def list_files(self, path: str) -> Iterator[tuple[str, int | None]]:
        """The files below a folder of the server's artifact store: path below the folder, and size."""
        ...

    def open_file(self, path: str) -> IO[bytes]:
        """The bytes of one of its files."""
        ...


@dataclass(frozen=True, slots=True)
class ProxiedFile:
    """A file that a tracking server hands out."""

    path: str
    size: int | None
    place: str
    proxy: Proxy

    def open(self) -> IO[bytes]:
        """Its bytes."""
        return self.proxy.open_file(self.place)


class Artifacts:
    """Finds the files of runs and models.

    Args:
        base: The folder that relative places are below.
        store: What `mlflow-artifacts:` means: the server, or its folder on this machine; None if nobody knows.
        tell: Told of what cannot be fetched.
    """

    def __init__(self, base: Path, store: Proxy | Path | None, tell: Tell) -> None:
        self._base = base
        self._store = store
        self._tell = tell

    def can_fetch(self, uri: str) -> bool:
        """Whether this is a place that can be read from here; there need be nothing in it."""
        return not uri or self._place(uri) is not None

    def folder(self, uri: str) -> Path | None:
        """The folder of this machine that a place means, None if it is elsewhere."""
        place = self._place(uri) if uri else None
        return place if isinstance(place, Path) else None

    def _place(self, uri: str) -> Path | str | None:
        """A folder of this machine, a path at the server, or None."""
        try:
            parts = urlsplit(uri)
        except ValueError:
            return None
        scheme = parts.scheme.lower()
        if scheme in ("", "file"):
            return self._base / (unquote(parts.path) if scheme else uri) if parts.netloc in ("", "localhost") else None
        inner = self._inner(uri, scheme, unquote(parts.path).strip("/"))
        if inner is None or self._store is None or ".." in inner.split("/"):
            return None
        return self._store / inner if isinstance(self._store, Path) else inner

    def _inner(self, uri: str, scheme: str, path: str) -> str | None:
        """The path in the artifact store of a tracking server."""
        if scheme == "mlflow-artifacts":
            return path.removeprefix(PROXIED.strip("/") + "/")
        if scheme in ("http", "https") and self._store is not None and not isinstance(self._store, Path):
            prefix = self._store.url.rstrip("/") + PROXIED + "/"
            return unquote(uri[len(prefix) :]).strip("/") if uri.startswith(prefix) else None
        return None

    def state(self, uri: str, uid: str) -> str:
        """What changes when a file of the run or model `uid` does; "" where only a server could say."""
        place = self._place(uri) if uri else None
        if not isinstance(place, Path):
            return ""
        told = hashlib.sha256()
        own = named(place, uid)
        for path, entry in walk(own, lambda reason, name: None) if own is not None else ():
            found = entry.stat(follow_symlinks=False)
            told.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return told.hexdigest()[:16]

    def files(self, uri: str, uid: str, label: str) -> Iterator[SourceFile]:
        """The files of the run or model `uid`, in the order of their paths."""
        place = self._place(uri) if uri else None
        if place is None:
            if uri:
                scheme = uri.partition(":")[0]
                self._tell(
                    f"files not fetched from {scheme}: their place is kept as the tag assay.import.artifacts", label
                )
        elif isinstance(place, Path):
            own = named(place, uid)
            if own is None:
                self._tell("files not fetched: their folder does not name the run or model", label)
                return
            for path, entry in walk(own, self._tell):
                yield LocalFile(path, Path(entry.path))
        else:
            assert self._store is not None
            assert not isinstance(self._store, Path)
            for path, size in self._store.list_files(place):
                yield ProxiedFile(path, size, f"{place}/{path}", self._store)


def shown(uri: str) -> str:
    """The place without a login, which is nothing to be kept or told."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else uri


def named(place: Path, uid: str) -> Path | None:
    """Where the place is, links and dots resolved, if that names the run or model."""
    try:
        found = place.resolve()
    except (OSError, RuntimeError, ValueError):  # a ring of links, a NUL
        return None
    return found if uid in found.parts else None


def walk(folder: Path, tell: Tell) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The regular files below the folder; none where it is a link."""
    if os.path.islink(folder):
        tell("folder left out: it is a link", str(folder))
        return
    waiting = [(str(folder), "")]
    while waiting:
        place, prefix = waiting.pop()
        try:
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            tell(f"folder left out: it cannot be read ({error.strerror})", place)
            continue
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, path + "/"))
            elif entry.is_file(follow_symlinks=False):
                yield path, entry
            else:
                tell("file left out: it is a link or no file", entry.path)
