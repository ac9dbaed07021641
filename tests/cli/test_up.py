"""Starting and stopping the server."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from cli.house import refused, told
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


def test_the_likely_mistakes_are_answered(tmp_path: Path) -> None:
    """Each says what to do, and leaves no home behind that was not there."""
    home = tmp_path / "home"
    words = ("up", "--port", "0", "--home", home)
    assert "--insecure" in refused(*words, "--host", "0.0.0.0")
    assert "postgresql://" in refused(*words, "--store", "mysql://db/assay")
    assert "s3://" in refused(*words, "--artifacts", "ftp://files")
    assert "check that it runs" in refused(*words, "--store", "postgresql://nobody@127.0.0.1:1/none")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "--port" in refused("up", "--port", str(port), "--home", home)


def test_a_home_has_one_server_and_tells_where_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = Server(home).start()
    try:
        assert "Another server holds the home" in refused("up", "--port", "0", "--home", home)
        assert (home / "address").read_text() == server.url
        assert told("runs", "--home", home, "--json", ASSAY_URL="http://127.0.0.1:1") == []
    finally:
        server.stop()
    assert f"assay up --home {home}" in refused("runs", "--home", home)
