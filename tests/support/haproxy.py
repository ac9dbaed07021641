"""A real haproxy before several servers; only where the program is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
CONFIG = """
global
    stats socket {socket} mode 600 level admin
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 30s
frontend all
    bind 127.0.0.1:{port}
    default_backend assay
backend assay
    balance roundrobin
    option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host 127.0.0.1
    default-server check inter 1s fall 2 rise 1
{servers}
"""


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Proxy:
    """A running proxy, and how to speak to its operator's socket."""

    url: str
    socket: Path

    def tell(self, command: str) -> str:
        """The answer to a command of the operator."""
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(str(self.socket))
            there.sendall(f"{command}\n".encode())
            parts = []
            while part := there.recv(65_536):
                parts.append(part)
        return b"".join(parts).decode()

    def drain(self, number: int) -> None:
        """Returns when the server gets no new requests and has answered those that it had."""
        self.tell(f"set server assay/s{number} state drain")
        self._wait(number, lambda row: row["scur"] == "0")
        self.tell(f"set server assay/s{number} state maint")

    def back(self, number: int) -> None:
        """Returns when the server gets requests again, which it does once it says that it is ready."""
        self.tell(f"set server assay/s{number} state ready")
        self._wait(number, lambda row: row["status"].startswith("UP"))

    def _wait(self, number: int, holds: object) -> None:
        assert callable(holds)
        until = time.monotonic() + 60
        while True:
            lines = self.tell("show stat").lstrip("# ").splitlines()
            names = lines[0].split(",")
            rows = [dict(zip(names, line.split(","), strict=False)) for line in lines[1:] if line]
            (row,) = [row for row in rows if (row["pxname"], row["svname"]) == ("assay", f"s{number}")]
            if holds(row):
                return
            assert time.monotonic() < until, row
            time.sleep(0.05)


@contextmanager
def haproxy(folder: Path, ports: Sequence[int]) -> Iterator[Proxy]:
    """A proxy before servers on these ports of this machine, called s0, s1 and so on."""
    assert PROGRAM is not None
    port = free_port()
    socket_path = folder / "haproxy.sock"
    servers = "\n".join(f"    server s{number} 127.0.0.1:{there}" for number, there in enumerate(ports))
    config = folder / "haproxy.cfg"
    config.write_text(CONFIG.format(socket=socket_path, port=port, servers=servers))
    process = subprocess.Popen([PROGRAM, "-db", "-f", str(config)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not socket_path.exists():
            assert process.poll() is None, "haproxy has ended"
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Proxy(f"http://127.0.0.1:{port}", socket_path)
    finally:
        process.terminate()
        process.wait(20)
