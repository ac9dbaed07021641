"""`assay up`: the server of a home."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from assay.cli.options import CONFIG, home_words, json_option, server_options
from assay.cli.root import cli
from assay.server.home import Home
from assay.server.settings import Settings, resolve
from assay.wire.errors import InvalidInput, Unavailable

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@cli.command()
@server_options
@CONFIG
@json_option("Where it serves as one line of JSON on standard output, an error as JSON on standard error.")
def up(config: Path | None, *, as_json: bool, **given: Any) -> None:
    """Serve the home until Ctrl-C."""
    serve(resolve(given, os.environ, config).settings, as_json=as_json)


def serve(settings: Settings, *, as_json: bool) -> None:
    """Serves the home until stopped."""
    import uvicorn  # noqa: PLC0415 -- the other commands start faster without it

    from assay.server.app import create_app  # noqa: PLC0415
    from assay.server.compose import open_house  # noqa: PLC0415
    from assay.server.guard import HEADERS, host_name  # noqa: PLC0415
    from assay.server.guard import LOOPBACK as LOCAL_NAMES  # noqa: PLC0415
    from assay.server.http import Protocol  # noqa: PLC0415
    from assay.server.login import door as doors  # noqa: PLC0415
    from assay.server.logs import logged  # noqa: PLC0415
    from assay.server.process import keep_freed, take_short_turns  # noqa: PLC0415

    more_names = frozenset(map(str.lower, settings.allow_host))
    host, root, store = settings.host, settings.home, settings.store
    if wrong := [name for name in more_names if host_name(name) != name]:
        raise InvalidInput(
            f"{wrong[0]!r} is no host name",
            field="--allow-host",
            remedy="give --allow-host the name without http:// and port",
        )
    doors.check_transport(settings)
    public = doors.public_url(settings)
    policy = doors.policy_of(settings)
    with logged(settings.log_format, requests=settings.access_log), listen(host, settings.port) as listener:
        keep_freed()
        take_short_turns()
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        if settings.tls_cert is not None:  # its name is in the certificate; commands here use it, too
            address = public or address.replace("http://", "https://")
        door = doors.door_of(settings, lambda: address)
        home = Home(root)
        server = open_house(
            home,
            store,
            settings.artifacts,
            lasting=doors.lasting_of(settings),
            policy=policy,
            base=door.base,
            keeping=settings.keeping,
        )
        try:
            doors.check_users(settings, has_users=server.services.access.refresh().has_users)
            setup = server.services.logins.first_admin_link()
        except BaseException:
            server.close()
            raise

        def announce() -> None:  # once Ctrl-C is the server's to handle: whoever reads the address may stop it at once
            home.announce(address)
            if as_json:
                click.echo(json.dumps({"url": address, "home": str(root), "store": _told(store, home)}))
                return
            click.echo(f"Assay serves {root} at {address}")
            click.echo(f"  an MLflow script:  MLFLOW_TRACKING_URI={address} python train.py")
            click.echo(f"  its runs:          assay runs{home_words(root)}")
            if setup is not None:
                click.echo(f"  its first admin:   {server.services.logins.link(setup)}  (good once, for 24 hours)")

        more_names |= {host_name(urlsplit(public).netloc)} if public else set()
        names = LOCAL_NAMES | more_names | {host} | ({socket.gethostname()} if host not in LOOPBACK else set())
        running: list[uvicorn.Server] = []
        config = uvicorn.Config(
            create_app(
                server, frozenset(names), announce, lambda: any(item.should_exit for item in running), door=door
            ),
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            http=Protocol,
            log_config=None,  # it is ours
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            headers=list(HEADERS.items()),
            proxy_headers=False,  # anybody can send X-Forwarded-For: see assay.server.proxies
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
