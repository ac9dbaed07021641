"""Two plain pages until the browser UI comes: the newest runs, and what one run has."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from assay.core.scope import Scope
from assay.core.tracking import NOTE_TAG, RunRecord, Status
from assay.services.files import RunFiles
from assay.services.house import Services
from assay.wire.errors import NotFound
from assay.wire.keys import SYSTEM

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430}
pre{background:#f2f4f7;padding:1rem;border-radius:6px;overflow:auto}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #e1e5ea;overflow-wrap:anywhere}a{color:#1b57b3}"""
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
NEWEST = 20
REFRESH_S = 5  # while a run is running
ROWS = 500  # of a table

Cell = str | tuple[str, str]  # a text, or where it leads and the text


def routes(services: Services) -> list[Route]:
    """The pages."""

    def newest() -> list[RunRecord]:
        ids = [item.id for item in services.experiments.search(Scope(), limit=1_000).items]
        return list(services.runs.search(Scope(), ids, limit=NEWEST).items)

    async def front(request: Request) -> Response:
        found = await run_sync(newest)
        address = html.escape(f"{request.url.scheme}://{request.url.netloc}")
        return _page(
            "Assay",
            "<p>Send a first run from any MLflow script, unchanged:</p>"
            f"<pre>export MLFLOW_TRACKING_URI={address}\npython train.py</pre>"
            "<p>or with Assay's own SDK:</p>"
            "<pre>import assay\n\nwith assay.init() as run:\n    run.log({&quot;loss&quot;: 0.5})</pre>"
            "<p>See them in a terminal: <code>assay runs</code></p><h2>Newest runs</h2>"
            + _table(("run", "status", "started (UTC)", "metrics"), map(_row, found)),
        )

    async def one_run(request: Request) -> Response:
        uid = request.path_params["id"]
        try:
            record = await run_sync(services.runs.get, Scope(), uid)
        except NotFound:
            return _page("No such run", '<p>There is no run of this id here. <a href="/">Newest runs</a></p>', 404)
        files = await services.files.children(Scope(), RunFiles(uid), "")
        metrics = [
            (item.key, f"{item.value:.6g}", _number(item.min), _number(item.max), str(item.step))
            for item in sorted(record.metrics, key=lambda item: item.key.startswith(SYSTEM))
            if item.context is None
        ]
        note = record.tags.get(NOTE_TAG)
        parts = [
            f"<p>{html.escape(_status(record))}, started {_time(record.run.start_us)} UTC, id {html.escape(uid)}</p>",
            f"<pre>{html.escape(note)}</pre>" if note else "",
            "<h2>Metrics</h2>" + _table(("metric", "last", "min", "max", "step"), metrics),
            "<h2>Params</h2>" + _table(("param", "value"), record.params.items()),
            "<h2>Tags</h2>" + _table(("tag", "value"), record.tags.items()),
            "<h2>Files</h2>"
            + _table(("path", "bytes"), [(f.path, "folder" if f.is_dir else str(f.size)) for f in files]),
            '<p><a href="/">Newest runs</a></p>',
        ]
        refresh = REFRESH_S if record.run.status is Status.RUNNING and not record.run.lost else None
        return _page(record.run.name or uid, "".join(parts), refresh_s=refresh)

    return [Route("/", front), Route("/runs/{id}", one_run)]


def _page(title: str, body: str, status: int = 200, refresh_s: int | None = None) -> Response:
    title = html.escape(title)
    refresh = "" if refresh_s is None else f'<meta http-equiv="refresh" content="{refresh_s}">'
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{refresh}'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><h1>{title}</h1>{body}</html>',
        status,
        HEADERS,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as a table; what is beyond a bound is counted."""
    every = list(rows)
    if not every:
        return "<p>None yet.</p>"
    shown = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in every[:ROWS])
    more = f"<p>And {len(every) - ROWS} more.</p>" if len(every) > ROWS else ""
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{shown}</table>{more}"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return html.escape(cell)
    return f'<a href="{html.escape(cell[0], quote=True)}">{html.escape(cell[1])}</a>'


def _row(record: RunRecord) -> tuple[Cell, ...]:
    run = record.run
    own = [item for item in record.metrics if item.context is None and not item.key.startswith(SYSTEM)]
    shown = ", ".join(f"{item.key} {item.value:.4g}" for item in own[:4])
    return (f"/runs/{run.uid}", run.name or run.uid), _status(record), _time(run.start_us), shown


def _status(record: RunRecord) -> str:
    return "lost" if record.run.lost else record.run.status.value


def _time(at_us: int | None) -> str:
    try:
        return datetime.fromtimestamp((at_us or 0) / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a client may say any time
        return f"{at_us} us after 1970"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.6g}"
