"""The home and its token: a secret of one account, which alone may govern, and which is told nowhere."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.server import ASSAY, ROOT, Http, Server

from assay.sdk import home as homes
from assay.sdk.home import default_home, is_held, read_token, token_for
from assay.server.home import Home
from assay.wire.errors import AssayError, InvalidInput, PermissionDenied, Unavailable

Speak = Callable[[Server], Http]
TOKEN = re.compile(r"assay-[A-Za-z0-9_-]{43}\Z")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    home.release()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests leave as it was."""
    server = Server(tmp_path_factory.mktemp("token") / "home").start()
    yield server
    server.stop()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_token_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        home = Home(tmp_path / "home")
    finally:
        os.umask(before)
    token = home.token()
    home.release()
    assert TOKEN.match(token)
    assert (mode(tmp_path / "home"), mode(tmp_path / "home/token")) == (0o700, 0o600)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["lock", "token"]
    again = Home(tmp_path / "home")
    assert again.token() == token
    again.release()
    other = Home(tmp_path / "other")
    assert other.token() != token
    other.release()


def test_the_token_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that dies while it makes the token leaves none, and the next one makes it."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("sync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "rename", lambda self, to: (done.append("name"), rename(self, to))[1])
    Home(tmp_path / "home").release()
    assert done[-3:] == ["sync", "name", "sync"]  # the home itself comes first
    (tmp_path / "home/token").rename(tmp_path / "home/token.part")
    (tmp_path / "home/token.part").write_text("assay-half")
    home = Home(tmp_path / "home")
    assert TOKEN.match(home.token())
    home.release()


@pytest.mark.parametrize("open_to", [0o755, 0o750, 0o711, 0o770, 0o777, 0o701])
def test_a_home_open_to_others_is_closed_with_a_word(
    tmp_path: Path, open_to: int, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "home"
    root.mkdir()
    root.chmod(open_to)
    Home(root).release()
    assert mode(root) == 0o700
    assert [f"{open_to:04o}" in record.getMessage() for record in caplog.records] == [True]
    caplog.clear()
    Home(root).release()
    assert caplog.records == []


def test_a_folder_that_many_share_is_no_home(tmp_path: Path) -> None:
    """Such as /tmp: closing it would break what others do in it."""
    root = tmp_path / "shared"
    root.mkdir()
    root.chmod(0o1777)
    with pytest.raises(Unavailable) as refused:
        Home(root)
    assert refused.value.remedy
    assert (mode(root), list(root.iterdir())) == (0o1777 & 0o777 | 0o1000, [])


@pytest.mark.parametrize("wide", [0o644, 0o640, 0o604, 0o620, 0o666])
def test_a_token_that_others_could_read_is_refused(tmp_path: Path, wide: int) -> None:
    Home(tmp_path / "home").release()
    token = (tmp_path / "home/token").read_text().strip()
    (tmp_path / "home/token").chmod(wide)
    for read in (lambda: Home(tmp_path / "home"), lambda: read_token(tmp_path / "home")):
        with pytest.raises(PermissionDenied) as refused:
            read()
        assert "delete" in (refused.value.remedy or "")
        assert token not in str(refused.value)
    assert not is_held(tmp_path / "home")  # a refused home is free
    (tmp_path / "home/token").unlink()
    home = Home(tmp_path / "home")
    assert home.token() != token
    home.release()


def test_a_token_that_is_no_file_of_ours_is_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    Home(root).release()
    elsewhere.write_text((root / "token").read_text())
    elsewhere.chmod(0o600)
    for plant in (
        lambda path: path.symlink_to(elsewhere),
        lambda path: path.symlink_to(tmp_path / "nowhere"),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path, 0o600),
        lambda path: (path.write_text("assay-short\n"), path.chmod(0o600)),
        lambda path: (path.write_text(""), path.chmod(0o600)),
        lambda path: (path.write_bytes(b"\xff" * 1_000_000), path.chmod(0o600)),
    ):
        path = root / "token"
        path.unlink() if not path.is_dir() else path.rmdir()
        plant(path)
        with pytest.raises(PermissionDenied) as refused:
            Home(root)
        assert refused.value.remedy
    assert not (tmp_path / "nowhere").exists()


def test_the_token_is_told_only_to_the_server_that_holds_the_home(
    opened: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSAY_TOKEN", raising=False)
    monkeypatch.setenv("ASSAY_HOME", str(opened.root))
    opened.announce("http://127.0.0.1:5000")
    assert (
        token_for("http://127.0.0.1:5000", default_home())
        == token_for("http://127.0.0.1:5000/", default_home())
        == opened.token()
    )
    for other in (
        "http://127.0.0.1:5001",
        "http://evil.example:5000",
        "https://127.0.0.1:5000",
        "http://localhost:5000",
    ):
        assert token_for(other, default_home()) is None


def test_a_dead_servers_address_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After kill -9 the address may be another account's by now."""
    monkeypatch.delenv("ASSAY_TOKEN", raising=False)
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home")
    home.announce("http://127.0.0.1:5000")
    os.close(home._lock)
    assert token_for("http://127.0.0.1:5000", default_home()) is None


def test_assay_token_is_a_token_or_refused(opened: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = "assay-" + "x" * 43
    monkeypatch.setenv("ASSAY_TOKEN", f" {given}\n")
    assert token_for("http://127.0.0.1:1", default_home()) == given
    for wrong in ("assay-short", given + "\r\nX: y", "Bearer " + given):
        monkeypatch.setenv("ASSAY_TOKEN", wrong)
        with pytest.raises(InvalidInput) as refused:
            token_for("http://127.0.0.1:1", default_home())
        assert wrong not in str(refused.value)


def purge_command(server: Server, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`assay purge` on the server's own account."""
    command = [str(ASSAY), "purge", *words]
    given = {**os.environ, "ASSAY_HOME": str(server.home), **env}
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=60)


def deleted_run(http: Http) -> str:
    uid = str(http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"])
    http.mlflow("POST", "runs/delete", {"run_id": uid})
    return uid


def exists(http: Http, uid: str) -> bool:
    return http.request("GET", "/api/2.0/mlflow/runs/get", run_id=uid).status == 200


def test_purge_without_the_token_changes_nothing(shared: Server, speak: Speak) -> None:
    http = speak(shared)
    uid = deleted_run(http)
    token = (shared.home / "token").read_text().strip()
    body: dict[str, Any] = {"ids": [uid], "grace_days": 0}
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for headers, status, code in (
        ({}, 403, "permission_denied"),
        ({"Authorization": token}, 403, "permission_denied"),
        ({"Authorization": f"Basic {token}"}, 403, "permission_denied"),
        ({"Authorization": "Bearer"}, 403, "permission_denied"),
        ({"Authorization": "Bearer another-servers"}, 403, "permission_denied"),
        ({"Authorization": f"Bearer {wrong}"}, 401, "unauthenticated"),
        ({"Authorization": f"Bearer {token}x"}, 401, "unauthenticated"),
        ({"Authorization": f"Bearer {token} {token}"}, 401, "unauthenticated"),
        ({"Authorization": "Bearer assay-"}, 401, "unauthenticated"),
        ({"Cookie": f"token={token}"}, 403, "permission_denied"),
        ({"X-Assay-Token": token}, 403, "permission_denied"),
    ):
        for path in ("/api/v1/purge", f"/api/v1/purge?token={token}&access_token={token}"):
            answer = http.request("POST", path, body, headers)
            assert (answer.status, answer.json["code"]) == (status, code), headers
            assert answer.json["remedy"]
            assert token.encode() not in answer.body
    assert exists(http, uid)
    answer = http.request("POST", "/api/v1/purge", body, {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.json["runs"]) == (200, 1)
    assert not exists(http, uid)
    answer = http.request("POST", "/api/2.0/mlflow/runs/restore", {"run_id": uid})
    assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_wrong_token_is_answered_in_each_clients_form(shared: Server, speak: Speak) -> None:
    http = speak(shared)
    wrong = {"Authorization": "Bearer assay-wrong"}
    answer = http.request("GET", "/api/2.0/mlflow/experiments/search", headers=wrong)
    assert (answer.status, answer.json["error_code"]) == (401, "UNAUTHENTICATED")
    assert http.request("GET", "/metrics", headers=wrong).status == 401
    for other in ("Basic YTpi", "Bearer of-another-server"):  # a client set up for another server still tracks
        answer = http.request(
            "GET", "/api/2.0/mlflow/experiments/search", headers={"Authorization": other}, max_results=1
        )
        assert answer.status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "ids"),
        (b'{"all": true, "ids": ["0"]}', "ids"),
        (b'{"all": true, "graze_days": 0}', "body"),
        (b'{"ids": "all"}', "body"),
        (b'{"ids": [1]}', "body"),
        (b'{"all": true, "grace_days": NaN}', "body"),
        (b'{"all": true, "grace_days": 1e999}', "body"),
        (b'{"all": true, "grace_days": -1}', "grace_days"),
        (b'{"all": true, "limit": 99999999999999999999}', "limit"),
        (b'{"all": true, "limit": 0}', "limit"),
        (b"[" * 100_000, "body"),
        (b"\xff", "body"),
        (b"", "body"),
        (b'{"ids": ["' + b"x" * (1 << 20) + b'"]}', "body"),
    ],
)
def test_a_bad_order_is_refused_with_its_field(shared: Server, speak: Speak, body: bytes, field: str) -> None:
    token = (shared.home / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = speak(shared).request("POST", "/api/v1/purge", body, headers)
    assert (answer.status, answer.json["field"]) == (413 if len(body) > 1 << 20 else 422, field)


def test_a_form_cannot_purge(shared: Server, speak: Speak) -> None:
    """What a page can send without asking first is no order."""
    token = (shared.home / "token").read_text().strip()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        answer = speak(shared).request("POST", "/api/v1/purge", b'{"all": true, "grace_days": 0}', headers)
        assert (answer.status, answer.json["field"]) == (422, "Content-Type")
    assert speak(shared).request("GET", "/api/v1/purge").status == 405


def test_the_command_finds_the_token_and_tells_it_to_nobody(tmp_path: Path, speak: Speak) -> None:
    """Neither logs, answers, errors, arguments, nor the environment of server or command hold it."""
    log = (tmp_path / "log").open("w+")
    code = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG);"
        "from assay.cli import main; sys.argv[0] = 'assay'; main()"
    )
    home = tmp_path / "home"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "up", "--port", "0", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    server = Server(home, process=process, url=line.rsplit(" ", 1)[1].strip())
    try:
        http = speak(server)
        token = (home / "token").read_text().strip()
        uids = [deleted_run(http) for _ in range(3)]
        without = purge_command(
            server, uids[0], "--grace-days", "0", "--yes", ASSAY_HOME=str(tmp_path / "none"), ASSAY_URL=server.url
        )
        assert (without.returncode, exists(http, uids[0])) == (1, True)
        assert "server's own account" in without.stderr
        asked = purge_command(server, uids[0], "--grace-days", "0")
        assert (asked.returncode, exists(http, uids[0])) == (1, True)  # nobody said yes
        young = purge_command(server, uids[0], "--yes")
        assert (young.returncode, exists(http, uids[0])) == (1, True)
        done = purge_command(server, uids[0], "--grace-days", "0", "--yes")
        assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 runs, 0 models and 0 experiments are gone")
        elsewhere = {"ASSAY_HOME": str(tmp_path / "none"), "ASSAY_TOKEN": token, "ASSAY_URL": server.url}
        done = purge_command(server, "--all", "--grace-days", "0", "--yes", "--json", **elsewhere)
        assert (done.returncode, done.stdout) == (0, '{"runs": 2, "models": 0, "experiments": 0}\n')
        assert not any(exists(http, uid) for uid in uids)
        http.request("POST", "/api/v1/purge", {"ids": []}, {"Authorization": f"Bearer {token}"})
        http.request("GET", "/api/2.0/mlflow/runs/get", headers={"Authorization": f"Bearer {token}"}, run_id="x" * 999)
        if sys.platform == "linux":
            told = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
            assert token.encode() not in told
        for result in (without, asked, young):
            assert token not in result.stdout + result.stderr
        pages = [http.request("GET", path).body for path in ("/", "/health", "/api/v1/runs", "/version")]
        assert token.encode() not in b"".join(pages)
    finally:
        process.send_signal(2)
        rest = line + process.communicate(timeout=30)[0]
    log.seek(0)
    assert token not in rest + log.read()
    log.close()
    database = b"".join(path.read_bytes() for path in home.glob("assay.db*"))
    assert token.encode() not in database


def test_errors_do_not_hold_the_token(opened: Home) -> None:
    """No part of the module keeps it where a traceback or a repr would show it."""
    assert opened.token() not in repr(vars(opened))
    assert not [name for name, value in vars(homes).items() if isinstance(value, str) and opened.token() in value]
    assert issubclass(PermissionDenied, AssayError)
