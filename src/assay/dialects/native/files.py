"""Files of runs and logged models below /api/v1: listing them, storing, reading and deleting one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from anyio import from_thread
from anyio.to_thread import run_sync
from starlette.responses import Response

from assay.core.scope import Verb
from assay.dialects.download import answer
from assay.dialects.native.filters import tokens
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.dialects.shown import headers_for
from assay.ports.aggregates import StoredFile
from assay.services.files import PAGE_BOUND, ModelFiles, Place, RunFiles, check_path
from assay.services.previews import ROWS_BOUND, Column
from assay.wire.errors import Corrupt, InvalidInput, NotFound, TooLarge

Rows = Annotated[int, msgspec.Meta(ge=1, le=ROWS_BOUND)]
PlaceOf = Callable[[str], Place]
READ, WRITE, DELETE = may(Verb.READ, "file"), may(Verb.WRITE, "file"), may(Verb.DELETE, "file")
OCTETS, ANY = "application/octet-stream", "*/*"
HEADERS = (
    ("Range", "The bytes that are wanted, as `bytes=0-99`; 206 answers."),
    ("If-None-Match", "The ETag that is known already; 304 answers."),
    ("If-Range", "The ETag that the range is one of."),
)


class FolderQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which folder, or a page of all files in whatever folder."""

    path: str = ""
    all: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)] = PAGE_BOUND
    page_token: str | None = None


class Entry(msgspec.Struct, omit_defaults=True):
    """A name in a folder: a file with its size, or a folder. Digest and time are told where all files are listed."""

    path: str
    is_folder: bool
    size: int
    blake3: str | None = None
    modified_us: int | None = None


class Entries(msgspec.Struct):
    """What lies in a folder, or a page of all files."""

    files: list[Entry]
    next_page_token: str | None = None


class Stored(msgspec.Struct):
    """A file: `blake3` is the digest of its bytes in hex, empty while it is not known."""

    path: str
    size: int
    blake3: str
    modified_us: int


class Deleted(msgspec.Struct):
    """How many files are gone."""

    deleted: int


class RowQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How many rows."""

    limit: Rows = 100


class FileTable(msgspec.Struct):
    """The beginning of a table. `more`: there are other rows; `cells_cut`: so many texts are longer than shown."""

    columns: list[Column]
    rows: list[list[Any]]
    more: bool
    columns_left_out: int
    cells_cut: int


def stored(file: StoredFile) -> Stored:
    """A file as JSON."""
    return Stored(file.path, file.size, file.blake3, file.modified_us)


def _table(owner: str, place_of: PlaceOf) -> list[Route]:
    """The routes of the files of runs, or of models."""

    def entries(call: Call[FolderQuery, None]) -> Entries:
        given = call.query
        if given.all:
            if given.path:
                raise InvalidInput("Either a folder or all files", field="path", remedy="leave path or all out")
            with tokens():
                page = call.services.files.walk(call.scope, place_of(call.id), given.page_token, given.limit)
            files = [Entry(item.path, False, item.size, item.blake3, item.modified_us) for item in page.items]
            return Entries(files, page.next_token)
        found = from_thread.run(call.services.files.children, call.scope, place_of(call.id), call.query.path)
        return Entries([Entry(item.path, item.is_dir, item.size) for item in found])

    def raw(call: Call[NoQuery, None]) -> Response:
        files, request = call.services.files, call.request
        file = files.open(call.scope, place_of(call.id), request.path_params["path"])
        shown = headers_for(file.path.rpartition("/")[2], request.headers.get)
        return answer(files, file, request.headers.get, head=request.method == "HEAD", shown=shown)

    def table(call: Call[RowQuery, None]) -> FileTable:
        path = call.request.path_params["path"]
        found = call.services.previews.table(call.scope, place_of(call.id), path, call.query.limit)
        return FileTable(found.columns, found.rows, found.more, found.columns_left_out, found.cells_cut)

    async def put(call: Call[NoQuery, None]) -> Stored:
        place, path, files = place_of(call.id), check_path(call.request.path_params["path"]), call.services.files
        await files.put(call.scope, place, path, call.request.stream())
        return stored(await run_sync(files.open, call.scope, place, path))

    def get(call: Call[NoQuery, None]) -> Response:
        files, request = call.services.files, call.request
        file = files.open(call.scope, place_of(call.id), request.path_params["path"])
        return answer(files, file, request.headers.get, head=request.method == "HEAD")

    def delete(call: Call[NoQuery, None]) -> Deleted:
        place = place_of(call.id)
        return Deleted(from_thread.run(call.services.files.delete, call.scope, place, call.request.path_params["path"]))

    entries.__doc__ = f"The files of a {owner} below the folder `path`, or with `all` a page of all files."
    put.__doc__ = f"Stores a file of a {owner}: the body is its bytes. What lay there before is replaced."
    get.__doc__ = f"A file of a {owner}, or a range of it. Browsers save it and show nothing of it."
    raw.__doc__ = (
        f"A file of a {owner} for a browser: shown where that does no harm (images, sound, film, text, PDF; HTML only "
        "in a frame, without an origin or network), else saved."
    )
    table.__doc__ = f"The first rows of a CSV, TSV, Parquet or Arrow file of a {owner}; its name says what it is."
    delete.__doc__ = f"Deletes a file or folder of a {owner}; a missing one is fine."
    one = f"{owner}s/{{id}}/files/{{path:path}}"
    return [
        Route("GET", f"{owner}s/{{id}}/files", entries, READ, query=FolderQuery, answer=Entries),
        Route("PUT", one, put, WRITE, media=OCTETS, answer=Stored),
        Route("GET", one, get, READ, also=(ANY,), more=(206, 304, 416), errors=(Corrupt, NotFound), headers=HEADERS),
        Route(
            "GET",
            f"{owner}s/{{id}}/raw/{{path:path}}",
            raw,
            READ,
            also=(ANY,),
            more=(206, 304, 416),
            errors=(Corrupt, NotFound),
            headers=(*HEADERS, ("Sec-Fetch-Dest", "Where a browser puts it: HTML is shown in an `iframe` only.")),
        ),
        Route(
            "GET",
            f"{owner}s/{{id}}/tables/{{path:path}}",
            table,
            READ,
            query=RowQuery,
            answer=FileTable,
            errors=(Corrupt, NotFound, TooLarge),
        ),
        Route("DELETE", one, delete, DELETE, answer=Deleted),
    ]


TABLE = [*_table("run", RunFiles), *_table("model", ModelFiles)]
