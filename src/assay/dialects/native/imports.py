"""Rows of foreign registries below /api/v1, kept until a registry takes them up."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from assay.core.scope import Verb
from assay.dialects.native.filters import tokens
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.imports import PAGE_BOUND


class Imported(msgspec.Struct, forbid_unknown_fields=True):
    """A row: what it is, where it comes from, what it is called there, and all that is known of it."""

    kind: str
    source: str
    name: str
    document: dict[str, Any]


class ImportedRow(msgspec.Struct):
    """The same, and when it was first kept."""

    kind: str
    source: str
    name: str
    document: msgspec.Raw
    created_us: int


class ImportQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which rows: of a kind, from a source, or all."""

    kind: str | None = None
    source: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)] = PAGE_BOUND
    page_token: str | None = None


class ImportedRows(msgspec.Struct):
    """A page of rows."""

    imports: list[ImportedRow]
    next_page_token: str | None


def put(call: Call[NoQuery, Imported]) -> Made:
    """Keeps a row of a foreign registry, once for its kind, source and name; a later document replaces the earlier."""
    given = call.body
    new = call.services.imports.put(call.scope, given.kind, given.source, given.name, given.document)
    return Made(given, new)


def imports(call: Call[ImportQuery, None]) -> ImportedRows:
    """A page of rows of foreign registries, by kind, source and name."""
    given = call.query
    with tokens():
        page = call.services.imports.search(
            call.scope, kind=given.kind, source=given.source, after=given.page_token, limit=given.limit
        )
    rows = [
        ImportedRow(item.kind, item.source, item.name, msgspec.Raw(item.document.encode()), item.created_us)
        for item in page.items
    ]
    return ImportedRows(rows, page.next_token)


READ, WRITE = may(Verb.READ, "import"), may(Verb.WRITE, "import")

TABLE = [
    Route("POST", "imports", put, WRITE, body=Imported, answer=Imported, makes=True),
    Route("GET", "imports", imports, READ, query=ImportQuery, answer=ImportedRows),
]
