"""Starting and stopping the server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from cli.house import refused, told
from support.postgres import fresh_database
from support.server import ASSAY, Server


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
    assert "without http://" in refused(*words, "--allow-host", "http://ml.example.org")
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


def test_where_it_serves_as_json(tmp_path: Path) -> None:
    home = tmp_path / "home"
    words = [str(ASSAY), "up", "--json", "--port", "0", "--home", str(home), "--allow-host", "ML.example.org"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            assert said == {
                "url": (home / "address").read_text(),
                "home": str(home),
                "store": f"sqlite:{home}/assay.db",
            }
            for name, status in (("ml.example.org:443", 200), ("other.example.org", 403)):
                ask = urllib.request.Request(f"{said['url']}/health", headers={"Host": name})
                try:
                    with urllib.request.urlopen(ask) as answer:
                        found = answer.status
                except urllib.error.HTTPError as error:
                    found = error.code
                    error.close()
                assert found == status, name
        finally:
            server.send_signal(signal.SIGINT)
        assert server.stdout.read() == ""


def test_the_password_of_the_store_is_not_told(database_server: Any, tmp_path: Path) -> None:
    address = urlsplit(fresh_database(database_server))
    store = urlunsplit(address._replace(netloc="postgres:hidden@" + address.netloc.rpartition("@")[2]))
    words = [str(ASSAY), "up", "--json", "--port", "0", "--home", str(tmp_path / "home"), "--store", store]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        said = line + server.stdout.read()
    assert json.loads(line)["store"].startswith("postgresql://")
    assert "hidden" not in said
