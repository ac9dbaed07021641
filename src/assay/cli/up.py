"""`assay up`: the server of a home."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from assay.cli.options import home_words, json_option
from assay.cli.root import cli
from assay.sdk.home import default_home
from assay.server.home import Home
from assay.wire.errors import InvalidInput, Unavailable

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65_535), help="0: any free port.")
@click.option("--home", type=click.Path(path_type=Path), help="Where everything is kept. [$ASSAY_HOME or ~/.assay]")
@click.option("--store", help="postgresql://user:password@host/database. [SQLite in the home]")
@click.option("--artifacts", help="Where files lie: s3://bucket/prefix, gs:// or az://. [the home's folder]")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Another name that it is called by, as by a proxy.")
@click.option("--insecure", is_flag=True, help="Listen off loopback although everybody who reaches it may do all.")
@json_option("Where it serves as one line of JSON on standard output, an error as JSON on standard error.")
def up(
    host: str,
    port: int,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    allow_host: tuple[str, ...],
    *,
    insecure: bool,
    as_json: bool,
) -> None:
    """Serve the home until Ctrl-C."""
    if host not in LOOPBACK and not insecure:
        raise InvalidInput(
            f"{host} can be reached by others, and there are no users yet",
            field="--host",
            remedy="leave --host out, or add --insecure if everybody who reaches it may read and write all",
        )
    serve(host, port, home or default_home(), store, artifacts, frozenset(map(str.lower, allow_host)), as_json=as_json)


def serve(
    host: str,
    port: int,
    root: Path,
    store: str | None,
    artifacts: str | None,
    more_names: frozenset[str],
    *,
    as_json: bool,
) -> None:
    """Serves the home until stopped."""
    import uvicorn  # noqa: PLC0415 -- the other commands start faster without it

    from assay.server.app import create_app  # noqa: PLC0415
    from assay.server.compose import open_house  # noqa: PLC0415
    from assay.server.guard import HEADERS, host_name  # noqa: PLC0415
    from assay.server.guard import LOOPBACK as LOCAL_NAMES  # noqa: PLC0415
    from assay.server.http import Protocol  # noqa: PLC0415

    if wrong := [name for name in more_names if host_name(name) != name.lower()]:
        raise InvalidInput(
            f"{wrong[0]!r} is no host name",
            field="--allow-host",
            remedy="give --allow-host the name without http:// and port",
        )
    with listen(host, port) as listener:
        home = Home(root)
        server = open_house(home, store, artifacts)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"

        def announce() -> None:  # once Ctrl-C is the server's to handle: whoever reads the address may stop it at once
            home.announce(address)
            if as_json:
                click.echo(json.dumps({"url": address, "home": str(root), "store": _told(store, home)}))
                return
            click.echo(f"Assay serves {root} at {address}")
            click.echo(f"  an MLflow script:  MLFLOW_TRACKING_URI={address} python train.py")
            click.echo(f"  its runs:          assay runs{home_words(root)}")

        names = LOCAL_NAMES | more_names | {host} | ({socket.gethostname()} if host not in LOOPBACK else set())
        running: list[uvicorn.Server] = []
        config = uvicorn.Config(
            create_app(server, frozenset(names), announce, lambda: any(item.should_exit for item in running)),
            http=Protocol,
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            headers=list(HEADERS.items()),
            proxy_headers=False,  # anybody can send X-Forwarded-For
            timeout_graceful_shutdown=10,
        )
        with suppress(KeyboardInterrupt):  # Ctrl-C is how a server ends well
            running.append(uvicorn.Server(config))
            running[0].run(sockets=[listener])


def _told(store: str | None, home: Home) -> str:
    """Where the catalog is, without the user and password that an address may hold."""
    if store is None:
        return f"sqlite:{home.database}"
    parts = urlsplit(store)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises Unavailable."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(kind, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise Unavailable(
            f"Cannot listen on {host}:{port}: {error}",
            field="--port",
            remedy="choose another --port; 0 takes any free one",
        ) from error
    listener.listen(512)
    return listener
