"""Use cases on rows of foreign registries, which are kept until a registry of ours takes them up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.core.scope import Scope, Verb
from assay.core.tracking import ImportRow, Page
from assay.services.base import Service, authorise, check_text
from assay.wire.errors import InvalidInput

KIND_BOUND = 50  # bytes, as the next two: PostgreSQL indexes no more than 2,704 together
SOURCE_BOUND = 1_000
NAME_BOUND = 1_500
DOCUMENT_BOUND = 64 << 10  # bytes of JSON
PAGE_BOUND = 200


class ImportService(Service):
    """Put, list."""

    def put(self, scope: Scope, kind: str, source: str, name: str, document: Mapping[str, Any]) -> bool:
        """The row of this kind, source and name holds the document; whether it is new. Raises InvalidInput."""
        authorise(scope, Verb.WRITE, "import")
        for field, value, bound in (("kind", kind, KIND_BOUND), ("source", source, SOURCE_BOUND)):
            _check_bytes(field, check_text(field, value, bound), bound)
        _check_bytes("name", check_text("name", name, NAME_BOUND), NAME_BOUND)
        text = json.dumps(dict(document), ensure_ascii=False)
        _check_bytes("document", check_text("document", text, DOCUMENT_BOUND), DOCUMENT_BOUND)
        return self._store.write(lambda unit: unit.imports.put(scope, kind, source, name, text))

    def search(
        self,
        scope: Scope,
        *,
        kind: str | None = None,
        source: str | None = None,
        after: str | None = None,
        limit: int = PAGE_BOUND,
    ) -> Page[ImportRow]:
        """A page of rows by kind, source and name. Raises InvalidInput for a token that is none."""
        authorise(scope, Verb.READ, "import")
        for field, value, bound in (("kind", kind, KIND_BOUND), ("source", source, SOURCE_BOUND)):
            if value is not None:
                check_text(field, value, bound)
        limit = max(1, min(limit, PAGE_BOUND))
        place = None if after is None else _place(after)
        with self._store.read() as unit:
            rows = unit.imports.search(scope, kind, source, place, limit + 1)
        if len(rows) <= limit:
            return Page(rows)
        last = rows[limit - 1]
        return Page(rows[:limit], json.dumps([last.kind, last.source, last.name]))


def _check_bytes(field: str, value: str, bound: int) -> None:
    size = len(value.encode())
    if size > bound:
        raise InvalidInput(
            f"{field} has {size} bytes, more than {bound}", field=field, bound=bound, remedy="shorten it"
        )


def _place(token: str) -> tuple[str, str, str]:
    try:
        kind, source, name = json.loads(token)
        for text in (kind, source, name):
            check_text("after", text, NAME_BOUND)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidInput(
            "That is no token of a page", field="after", remedy="send the token of the page before"
        ) from None
    return kind, source, name
