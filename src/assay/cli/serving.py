"""A server for the time of one command: the one that runs, or else one within the command's own process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assay.cli.options import place_of
from assay.cli.up import listen
from assay.sdk.home import address_of, is_held, read_token, token_for
from assay.server.home import Home
from assay.wire.errors import Unavailable

START_S = 60.0
STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server answers, and what proves to it who asks."""

    url: str
    token: str | None


@contextmanager
def serving(url: str | None, home: Path | None, store: str | None, artifacts: str | None) -> Iterator[Served]:
    """The server at `url`, else the home's; where none runs, one that ends with the command.

    Raises:
        Unavailable: The home cannot be used, or the server does not start.
    """
    root, store, artifacts = place_of(home, store, artifacts)
    given = url or (None if home is not None else os.environ.get("ASSAY_URL"))
    running = given or (address_of(root) if is_held(root) else None)
    if running:
        yield Served(running, token_for(running, root))
        return
    with _started(root, store, artifacts) as address:
        yield Served(address, read_token(root))


@contextmanager
def _started(root: Path, store: str | None, artifacts: str | None) -> Iterator[str]:
    import uvicorn  # noqa: PLC0415 -- what the server needs is heavy

    from assay.server.app import create_app  # noqa: PLC0415
    from assay.server.compose import open_house  # noqa: PLC0415
    from assay.server.guard import HEADERS, LOOPBACK  # noqa: PLC0415
    from assay.server.http import Protocol  # noqa: PLC0415

    ready, failed = threading.Event(), []
    with listen("127.0.0.1", 0) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        home = Home(root)
        house = open_house(home, store, artifacts)

        def announce() -> None:
            home.announce(address)
            ready.set()

        running: list[uvicorn.Server] = []
        config = uvicorn.Config(
            create_app(house, LOOPBACK, announce, lambda: any(item.should_exit for item in running)),
            http=Protocol,
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            headers=list(HEADERS.items()),
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        running.append(server)

        def run() -> None:
            try:
                server.run(sockets=[listener])
            except BaseException as error:  # noqa: BLE001 -- told by the thread that waits
                failed.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="assay-server", daemon=True)
        thread.start()
        try:
            if not ready.wait(START_S) or failed or not thread.is_alive():
                raise Unavailable("The server of this command did not start", field="--home", remedy="try: assay up")
            yield address
        finally:
            server.should_exit = True
            thread.join(STOP_S)
