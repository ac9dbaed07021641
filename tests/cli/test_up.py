"""Starting and stopping the server."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.server import Server


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_whoever_reads_the_address_may_stop_it_at_once(sign: signal.Signals, tmp_path: Path) -> None:
    """No moment is too early for it to close well: the home is free, and says no address."""
    home = tmp_path / "home"
    for _ in range(4):
        server = Server(home).start()
        assert server.process is not None
        server.process.send_signal(sign)
        status = server.process.wait(20)
        server.stop()
        assert status in (0, -sign)
        assert not (home / "address").exists()
