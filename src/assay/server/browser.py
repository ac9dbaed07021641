"""The browser UI: one page for all its addresses, and the files that the page names, built into the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from assay.dialects.rules import PUBLIC, Manner, Ruled

BUILT = Path(__file__).parent / "ui"  # by build_ui.py
PAGES = ("experiments", "runs", "compare")  # the page finds its way below these by itself
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z")
PACKED = (("br", ".br"), ("gzip", ".gz"))  # the best first
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
# Nothing but this server's own files and answers; what people logged is never a script, a style or a page of its own.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)
PAGE_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Referrer-Policy": "same-origin"}
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
MISSING = "The browser UI is not built here: run `make ui`, or install a released wheel. The API is at /api/v1.\n"


def routes(manner: Manner, built: Path = BUILT) -> Iterator[Ruled]:
    """The pages and their files, which tell nothing of what the server holds: anybody may have them.

    Args:
        manner: How errors are told.
        built: The folder that holds `index.html` and `assets`.
    """

    async def page(request: Request) -> Response:
        index = built / "index.html"
        if not index.is_file():
            return PlainTextResponse(MISSING, 503)
        return FileResponse(index, headers=PAGE_HEADERS, media_type="text/html; charset=utf-8")

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        path = built / "assets" / name
        kind = TYPES.get(path.suffix)
        if kind is None or not NAME.match(name) or not path.is_file():
            return PlainTextResponse("Not Found: no such file of the UI", 404, {"Cache-Control": "no-store"})
        taken = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
        for encoding, suffix in PACKED:
            packed = path.with_name(name + suffix)
            if encoding in taken and packed.is_file():
                headers = {**ASSET_HEADERS, "Content-Encoding": encoding}
                return FileResponse(packed, headers=headers, media_type=kind)
        return FileResponse(path, headers=ASSET_HEADERS, media_type=kind)

    yield Ruled("/", page, rule=PUBLIC, manner=manner)
    yield Ruled("/assets/{name}", asset, rule=PUBLIC, manner=manner)
    for name in PAGES:
        yield Ruled(f"/{name}", page, rule=PUBLIC, manner=manner)
        yield Ruled(f"/{name}/{{rest:path}}", page, rule=PUBLIC, manner=manner)
