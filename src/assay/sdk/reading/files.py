"""The files of a run, read from a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assay.sdk import http
from assay.sdk.reading.server import Server
from assay.wire.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run: its path in the run's tree, and its length in bytes."""

    path: str
    size: int


def files(server: Server, run_id: str) -> list[RunFile]:
    """All files of the run, by path. Raises NotFound, Unavailable."""
    found, token = [], None
    while True:
        page = http.get(server.url, f"runs/{run_id}/files", token=server.token, all="true", page_token=token)
        found += [RunFile(item["path"], item["size"]) for item in page["files"]]
        token = page.get("next_page_token")
        if not token:
            return found


def download(server: Server, run_id: str, path: str, into: Path) -> Path:
    """The file, or all files below the folder, lie below `into` under their own paths; what lies there now.

    Raises:
        NotFound: There is no such file or folder.
        InvalidInput: The server names a path that leads elsewhere.
        OSError: It cannot be written.
    """
    path = path.strip("/")
    wanted = [
        file for file in files(server, run_id) if not path or file.path == path or file.path.startswith(f"{path}/")
    ]
    if path and not wanted:
        raise NotFound(f"The run has no file or folder {path!r}", field="path", remedy="see run.files")
    for file in wanted:
        place = _inside(into, file.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.part")
        try:
            with part.open("wb") as target:
                http.get_file(
                    server.url, f"runs/{run_id}/files/{http.quoted_path(file.path)}", target, token=server.token
                )
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
    return into / path if path else into


def _inside(root: Path, path: str) -> Path:
    """The place of a path that came over the wire."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part in ("..", ".") or "\\" in part for part in parts):
        raise InvalidInput(f"The server names the path {path!r}, which leads elsewhere", field="path")
    place = root.joinpath(*parts)
    if not place.parent.resolve().is_relative_to(root.resolve()):  # a link that lies there already
        raise InvalidInput(f"{place} leads out of {root}", field="path", remedy="download into an empty folder")
    return place
