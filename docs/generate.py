"""Writes the reference pages that the code itself knows best: the command line, errors, settings, MLflow routes.

`python docs/generate.py` writes them; with `--check` it writes nothing and fails if one differs. What has no sentence
here or in the code (a setting, an error's remedy, a route) makes it fail too, so that nothing stays undocumented.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
from sentences import REMEDIES, ROUTE_LINES, STORE_VARIABLES, VARIABLES
from starlette.routing import Route

from assay.cli.root import cli
from assay.core.roles import NEEDED, SERVER, Role
from assay.dialects.mlflow import app, logging
from assay.dialects.mlflow.calls import ROUTES
from assay.dialects.mlflow.errors import TABLE
from assay.dialects.native import mount
from assay.dialects.native.errors import STATUS
from assay.dialects.native.openapi import document, refusals
from assay.dialects.native.table import PREFIX
from assay.server.metrics import METRICS
from assay.server.settings import SETTINGS
from assay.wire import points
from assay.wire.errors import AssayError

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs/reference"
NOTE = "<!-- Written by docs/generate.py (make docs). Change the code, not this page. -->\n\n"

ERRORS = """\
An error has a stable code, one sentence for a person and, where it applies, the field at fault, the bound that was
crossed and a remedy. The native API answers `application/problem+json` (RFC 9457) with the code as `code`. The MLflow
dialect answers `error_code` and `message`, as MLflow's clients expect; the remedy stands behind the message.

"""

NATIVE = """\
Bodies and answers are JSON unless said otherwise; their fields stand in [openapi.json](openapi.json), which a server
answers as `GET /api/v1/openapi.json`. Times are microseconds since 1970, a NaN is null. A field that a route does not
know is refused, in the query as in the body. Every route may refuse with 401, 403, 422, 500 and 503, as
`application/problem+json`: see [errors](errors.md). A list is asked for page by page: `next_page_token` is the
`page_token` of the next page, and null on the last one.

"""
FORMS = """
## Forms of histories and lists of runs

`GET /api/v1/runs` and `GET /api/v1/runs/{id}/history` answer in the form that `format` names, or else in the first
one of the Accept header that they have:

| `format` | media type | of a history | of runs |
|---|---|---|---|
| `json` | `application/json` | a page of at most 100,000 points, as columns | a page |
| `points` | `application/vnd.assay.points` | a page of at most 1,000,000 points, as they are sent | |
| `arrow` | `application/vnd.apache.arrow.stream` | the same | all that match, at most 1,000,000 |
| `parquet` | `application/vnd.apache.parquet` | the same | the same |
| `csv` | `text/csv` | | the same, of the columns that are named |

Where the answer is no JSON, the next page's token stands in the header `X-Next-Page-Token`. A page is of one moment,
however slowly it is taken; the next one begins behind its last point. An answer that ends before its chunked body does
has failed, and is to be asked for again. At most 64 reads of histories wait for their turn; more are refused with 503.
A table of runs has a list of (key, value) for params and tags, and a list of (key, last, min, max, step, time_us) for
metrics. Where `column` names columns, it has these instead, in their order: fields of a filter (`metrics.loss`,
`max(metrics.loss)`, `params.lr`, `tags.team`, `status` ...), `duration_s`, `experiment_id`, `lifecycle` or `note`. In a
CSV, a text that a spreadsheet would take for a formula has an apostrophe before it; the other forms have it as it is.

## Files in a browser

`files/...` has a browser save a file, and `raw/...` lets it show what does no harm, told by the name: images, sound,
film, PDF, and texts as `text/plain`. HTML is shown where `Sec-Fetch-Dest` says that it goes into a frame, under a
policy that gives it no origin and no network; the page around it should have `frame-src 'self'`. `tables/...` answers
the first rows of CSV (of its first 4 MiB), TSV, Parquet and Arrow files (of at most 256 MiB), at most 500 columns and
1,000 characters a cell; what is left out is counted.

## Changes

`GET /api/v1/changes` is a stream of server-sent events without an end. A change of a run, its points included, is told
within about a second as an event `run`, whose data is `{"id": ..., "experiment_id": ...}`; a change may be told more
than once, and what has become of the run is asked for by its id. A client that sends the last `id` that it saw as
`Last-Event-ID`, as browsers do by themselves, is told first what it has missed. At most 1,000 clients listen to a
server.
"""
AGAIN = """
## Sending something again

A request whose answer was lost can be sent again, and is done once:

- what a writer logs (points, values, console lines) is numbered, and what lies below `next` is passed over;
- PATCH, PUT and DELETE say how a thing is to be, and doing so twice is doing so once;
- `POST /api/v1/runs` and `POST /api/v1/models` make nothing twice under one `id`. Where a client has no id, the header
  `Idempotency-Key` (at most 200 characters) stands for one: the same key is answered with the same thing and status
  200, and with 409 where the body names another experiment or name. Keys are never forgotten: the id is derived from
  the key;
- a second DELETE of a logged model, a comment or a view is answered with 404, since it cannot be seen any more;
- comments and saved views are made once under one `Idempotency-Key`;
- `POST /api/v1/experiments` and `POST /api/v1/views` are refused the second time, since the name is taken;
- only fork and rewind are done as often as they are asked for.
"""

SETTINGS_HEAD = """\
`assay settings` shows what is in effect, and where each value comes from.

## The server

An option beats an environment variable, which beats the settings file, which beats the default. `assay backup`,
`restore`, `doctor`, `gc` and `audit` mean the same home, store and artifacts as `assay up` would.

"""
SETTINGS_FILE = """
The file is TOML. `--config` names it, else `ASSAY_CONFIG`, else it is `assay.toml` in the home, where it cannot say
`home`. Whoever reads it knows the password of the store: mode 0600.

```toml
port = 5001
allow_host = ["ml.example.org"]
access_log = true
```

A switch is true or false, in the environment also 1, 0, yes, no, on and off; on the command line `--access-log` or
`--no-access-log`. Several names stand in the environment with commas between. An empty variable is none.

"""
METRICS_HEAD = """\
`GET /metrics` answers in the text format of Prometheus. Counters begin at zero when a server starts; every server of a
shared database counts what it did itself. The page asks no database, so it answers while that is away.
[Watch a server](../how-to/operate-a-server.md#watch-it) says what to look at.

"""
DIFFERENCES = "## What differs from stock MLflow, and why\n\n"
PREFIXES = ("/api/2.0/", "/ajax-api/2.0/", "/api/3.0/", "/ajax-api/3.0/")


def row(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |\n"


def table(*names: str) -> str:
    """The head of a table."""
    return row(*names) + "|" + "---|" * len(names) + "\n"


def first_line(thing: object) -> str:
    """The first sentence of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0]


def commands(group: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, by name."""
    yield path, group
    if isinstance(group, click.Group):
        for name, command in sorted(group.commands.items()):
            yield from commands(command, (*path, name))


def cli_page() -> str:
    """Every command, its arguments and its options."""
    text = "# Command line\n\n" + NOTE
    text += "Exit status: 0 done, 1 refused (the message says what to do), 2 misused, 3 `assay doctor` or\n"
    text += (
        "`assay audit verify` found faults, 4 `assay audit verify --strict` found none, but records are unanchored.\n"
    )
    for path, command in commands(cli, ("assay",)):
        if command.hidden:
            continue
        context = click.Context(command, info_name=" ".join(path), **cli.context_settings)
        usage = " ".join(command.collect_usage_pieces(context))
        text += f"\n## {' '.join(path)}\n\n{inspect.cleandoc(command.help or '')}\n\n"
        text += f"```\n{' '.join(path)} {usage}\n```\n"
        records = [param.get_help_record(context) for param in command.get_params(context)]
        rows = [row(f"`{record[0]}`", record[1] or "") for record in records if record]
        if rows:
            text += "\n" + table("option", "meaning") + "".join(rows)
    return text


def errors_page() -> str:
    """Every error code, what it means, what to do, and its form in each dialect."""
    classes = {AssayError.code: AssayError, **AssayError.registry}
    text = "# Errors\n\n" + NOTE + ERRORS
    text += table("code", "meaning", "what to do", "native status", "MLflow status and `error_code`")
    for code, kind in sorted(classes.items()):
        meaning = "A fault of the server itself." if kind is AssayError else first_line(kind)
        status, name = TABLE[code]
        text += row(f"`{code}`", meaning, REMEDIES[code], str(STATUS[code]), f"{status} `{name}`")
    return text


def variables_read(folder: Path) -> set[str]:
    """The names of the environment variables that the code below a folder reads by a literal name."""
    found: set[str] = set()
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=value, attr="get" | "getenv"), args=[ast.Constant(name), *_]):
                    where = ast.unparse(value)
                case ast.Subscript(value=value, slice=ast.Constant(name)):
                    where = ast.unparse(value)
                case _:
                    continue
            if where in ("os", "os.environ", "environ") and isinstance(name, str):
                found.add(name)
    return found


def settings_page() -> str:
    """The server's settings, and every environment variable."""
    text = "# Settings\n\n" + NOTE + SETTINGS_HEAD
    text += table("in the file", "option of `assay up`", "environment variable", "default", "meaning")
    for item in SETTINGS:
        option = f"{item.option} {{{item.kind}}}" if "|" in item.kind else item.option
        text += row(f"`{item.name}`", f"`{option}`", f"`{item.variable}`", item.told_default, item.meaning)
    text += SETTINGS_FILE + "## Other environment variables\n\n" + table("variable", "meaning")
    for name in sorted(variables_read(ROOT / "src/assay")):
        text += row(f"`{name}`", VARIABLES[name])
    text += "\n## Object stores\n\nWith `--artifacts`, these count too: see\n"
    text += "[use an object store](../how-to/use-an-object-store.md).\n\n" + table("variable", "meaning")
    for name, meaning in STORE_VARIABLES.items():
        text += row(f"`{name}`", meaning)
    return text


def metrics_page() -> str:
    """Every metric of the server."""
    text = "# Metrics\n\n" + NOTE + METRICS_HEAD + table("metric", "kind", "labels", "what it says")
    for metric in METRICS:
        text += row(f"`{metric.name}`", metric.kind, ", ".join(f"`{name}`" for name in metric.labels), metric.meaning)
    return text


def mlflow_routes() -> list[tuple[str, str]]:
    """(method, path) of each route of the dialect; which there are does not depend on what serves them."""
    blank: list[Any] = [None] * len(inspect.signature(app.routes).parameters)
    found = [route for route in app.routes(*blank) if isinstance(route, Route)]
    return [(method, route.path) for route in found for method in sorted((route.methods or set()) - {"HEAD"})]


def mlflow_page() -> str:
    """Every route that an mlflow client may ask for."""
    lines = dict(ROUTE_LINES)
    lines.update({(item.method, f"mlflow/{item.path}"): first_line(item.handler) for item in ROUTES})
    missing = [f"mlflow/{path}" for path in logging.LOGGING if ("POST", f"mlflow/{path}") not in lines]
    if missing:
        raise KeyError(f"no sentence for {missing}")
    found = mlflow_routes()
    listed: set[tuple[str, str]] = set()
    for method, path in found:
        below = path.removeprefix(next((prefix for prefix in PREFIXES if path.startswith(prefix)), ""))
        everywhere = all((method, prefix + below) in found for prefix in PREFIXES)
        listed.add((method, below if everywhere else path))
    text = "# Routes of the MLflow dialect\n\n" + NOTE
    prefixes = ", ".join(f"`{prefix}`" for prefix in PREFIXES)
    text += f"A path without a leading slash is answered under each of {prefixes}.\n\n"
    text += table("method", "path", "what it does")
    for method, path in sorted(listed, key=lambda item: (item[1].startswith("/"), item[::-1])):
        text += row(method, f"`{path}`", lines[method, path])
    return text


def native_page() -> str:
    """Every route below /api/v1, the form of points, and what may be sent again."""
    text = "# Routes of the native API\n\n" + NOTE + NATIVE
    text += table("method", "path", "asks for", "what it does", "refuses with")
    for route in mount.TABLE:
        path = f"{PREFIX}/{route.path}" if route.path else PREFIX
        kind = route.media or ("" if route.body is None else f"[{body_name(route.body)}](openapi.json)")
        fields = ", ".join(f"`{name}`" for name in route.query.__struct_fields__)
        refused = ", ".join(map(str, sorted(refusals(route) - {401, 403, 422, 500, 503})))
        text += row(route.method, f"`{path}`", "; ".join(filter(None, (fields, kind))), route.line, refused)
    text += FORMS + AGAIN
    text += f"\n## Points\n\n`POST /api/v1/runs/{{id}}/points` takes `{points.MEDIA_TYPE}`:\n\n"
    return text + "```text\n" + (inspect.getdoc(points) or "").partition("\n\n")[2] + "\n```\n"


def body_name(kind: Any) -> str:
    """What a body is called."""
    kind = getattr(kind, "__origin__", kind)
    of = get_args(kind)
    return f"list of {of[0].__name__}" if of else str(kind.__name__)


def openapi_page() -> str:
    """The OpenAPI document that the server answers, without the release, which changes by itself."""
    return json.dumps(document(mount.TABLE, "of this release"), indent=1, ensure_ascii=False) + "\n"


def dialect_page() -> str:
    """What the dialect does otherwise than stock; the words before it are written by hand, in the page itself."""
    before = (REFERENCE / "mlflow-dialect.md").read_text().partition(DIFFERENCES)[0]
    entries = tomllib.loads((REFERENCE / "mlflow-differences.toml").read_text())["difference"]
    requests = sum(len(steps) for entry in entries for steps in entry["steps"].values())
    text = before + DIFFERENCES + NOTE.replace("the code", "mlflow-differences.toml")
    text += f"{requests} requests of the comparison are answered otherwise than by stock MLflow, for {len(entries)} "
    text += "reasons. Each stands in [the list that the test reads](mlflow-differences.toml).\n\n"
    text += table("what", "why", "requests")
    for entry in entries:
        text += row(entry["title"], entry["reason"], str(sum(map(len, entry["steps"].values()))))
    return text


def roles_page() -> str:
    """What each role may, and what each route of the native API asks for."""
    text = "# Roles\n\n" + NOTE + "See [who may what](../explanation/who-may-what.md).\n\n"
    text += table("who", *(verb.value for verb in NEEDED))
    for role in Role:
        if role is not Role.NONE:
            text += row(role.word, *("yes" if role >= least else "" for least in NEEDED.values()))
    text += "\nDeleting is until it is restored; purging is for good. Only an admin of the server may "
    text += ", ".join(sorted(verb.value for verb in SERVER)) + ": that concerns the whole server.\n\n"
    text += table("method", "path", "asks for")
    for route in mount.TABLE:
        rule = route.rule
        who = "anybody who has proved who he is" if rule.verb is None else f"{rule.verb} {rule.kind}"
        path = f"{mount.PREFIX}/{route.path}" if route.path else mount.PREFIX
        text += row(route.method, f"`{path}`", "nothing" if rule.public else who)
    return text


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
    "mlflow-dialect.md": dialect_page,
    "mlflow-routes.md": mlflow_page,
    "native-routes.md": native_page,
    "openapi.json": openapi_page,
    "roles.md": roles_page,
    "settings.md": settings_page,
}


def stale(folder: Path) -> list[str]:
    """The pages of a folder that are not what the code says now."""
    files = {name: folder / name for name in PAGES}
    return [name for name, file in files.items() if not file.exists() or file.read_text() != PAGES[name]()]


def write(folder: Path) -> None:
    """All pages lie in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page())


def main() -> None:
    """Writes or checks the pages."""
    parser = argparse.ArgumentParser(description="Write the generated reference pages.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page differs")
    if not parser.parse_args().check:
        write(REFERENCE)
    elif differing := stale(REFERENCE):
        sys.exit(f"not what the code says: {', '.join(differing)}. Run: make docs")


if __name__ == "__main__":
    main()
