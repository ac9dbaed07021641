"""Whatever becomes of process, server and disk: every log that returned arrives, once."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sdk.training import ENDLESS, STEPS, begin, run_of, sync, train, values
from support.length import length
from support.server import Http, Server

from assay.sdk.sync import left_runs


def test_without_a_server_the_journal_waits_for_sync(home: Path) -> None:
    uids = [train(home, STEPS % 5_000)[0][0] for _ in range(2)]
    server = Server(home).start()
    with closing(server.http()) as http:
        assert sync(home)["left"] == 0  # the server may have been faster
        for uid in uids:
            assert values(http, uid) == [step / 4 for step in range(5_000)]
            assert run_of(http, uid)["status"] == "finished"
        assert sync(home) == {"sent": 0, "left": 0}
    assert left_runs(home) == []
    server.stop()


def test_sync_without_a_server_says_so_and_keeps_all(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    train(home, STEPS % 10)
    command = [str(Path(sys.executable).with_name("assay")), "sync", "--home", str(home), "--url", nobody]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "No server answers" in ran.stderr
    assert len(left_runs(home)) == 1


def test_killed_processes_lose_nothing(home: Path, server: Server) -> None:
    chance = random.Random(5)
    ended: list[tuple[str, int]] = []
    for kill in range(length(6, 50)):
        process = begin(home, ENDLESS)
        assert process.stdout is not None
        uid = process.stdout.readline().strip()
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.6))
        if kill % 3 == 0:
            server.kill()
            time.sleep(chance.uniform(0, 0.2))
        process.kill()
        lines = process.stdout.read().split()
        process.communicate()
        ended.append((uid, int(lines[-1]) + 1 if lines else 1))
        if kill % 3 == 0:
            server.start()
    assert sync(home)["left"] == 0
    with closing(server.http()) as http:
        for uid, returned in ended:
            found = values(http, uid)
            assert found == list(range(len(found)))
            assert returned <= len(found) <= returned + 1, "every log that returned, once"
    assert left_runs(home) == []


def test_a_server_that_goes_and_comes_back(home: Path, server: Server) -> None:
    process = begin(
        home,
        """
run = assay.init()
print(run.id, flush=True)
for step in range(300):
    run.log({"loss": step})
    time.sleep(0.01)
run.finish()
""",
    )
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    time.sleep(0.7)
    server.kill()
    time.sleep(1)
    server.start()
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0
    if "sync" in err:  # the server has another address now
        assert sync(home)["left"] == 0
    with closing(server.http()) as http:
        assert values(http, uid) == list(range(300))
    assert err.count("No server answers") <= 1


@pytest.mark.parametrize("kind", ["500", "hangs", "nonsense"])
def test_a_bad_server_slows_nothing_and_loses_nothing(home: Path, kind: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if kind == "hangs":
                held.append(connection)
                continue
            connection.recv(1 << 16)
            said = b"what?\r\n\r\n" if kind == "nonsense" else b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(said)
            connection.close()

    held: list[socket.socket] = []
    threading.Thread(target=answer, daemon=True).start()
    script = """
run = assay.init(name="steps")
began = time.monotonic()
for step in range(20_000):
    run.log({"loss": step})
took = time.monotonic() - began
run.finish(timeout_s=1)
print(run.id, took)
"""
    (line,), err = train(home, script, ASSAY_URL=address)
    uid, took = line.split()
    listener.close()
    assert float(took) < 30, "a server that does not answer must not be waited for"
    assert err.count("assay:") <= 2, err
    assert "assay sync" in err
    server = Server(home).start()
    with closing(server.http()) as http:
        assert sync(home)["left"] == 0
        assert values(http, uid) == list(range(20_000))
    server.stop()


def test_a_run_that_is_deleted_meanwhile_is_told_once_and_kept(home: Path, server: Server, http: Http) -> None:
    script = """
run = assay.init()
run.log({"loss": 0})
run.flush()
print(run.id, flush=True)
sys.stdin.readline()
began = time.monotonic()
for step in range(100):
    run.log({"loss": step})
    time.sleep(0.01)
run.finish()
print(time.monotonic() - began)
"""
    process = begin(home, script)
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    http.mlflow("POST", "runs/delete", {"run_id": uid})
    out, err = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert float(out) < 30
    assert err.count("cannot be sent") == 1
    assert sync(home, code=1) == {"sent": 0, "left": 1}
    http.mlflow("POST", "runs/restore", {"run_id": uid})
    assert sync(home)["left"] == 0
    assert len(values(http, uid)) == 101


def test_a_server_picks_up_what_was_left_in_its_home(home: Path) -> None:
    (uid,), _ = train(home, STEPS % 1_000)
    (lost,), _ = train(
        home, "run = assay.init()\nrun.log({'loss': 1})\nprint(run.id, flush=True)\nos.kill(os.getpid(), 9)", -9
    )
    server = Server(home).start()
    until = time.monotonic() + 60
    while left_runs(home) and time.monotonic() < until:
        time.sleep(0.2)
    assert left_runs(home) == []
    with closing(server.http()) as http:
        assert values(http, uid) == [step / 4 for step in range(1_000)]
        assert values(http, lost) == [1]
    server.stop()


def test_a_home_that_cannot_be_written_is_sent_from_memory(
    tmp_path: Path, home: Path, http: Http, server: Server
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    script = """
run = assay.init(config={"lr": 1})
print(run.id)
for step in range(2_000):
    run.log({"loss": step})
if os.fork() == 0:
    run.log({"fork": 1})
    run.finish()
    os._exit(0)
os.wait()
run.finish()
"""
    (uid,), err = train(blocked / "home", script, ASSAY_URL=server.url)
    assert values(http, uid) == list(range(2_000))
    assert values(http, uid, "fork") == [1]
    assert run_of(http, uid)["params"] == {"lr": "1"}
    assert "kept in memory" in err
    assert len(set(err.splitlines())) <= 2


def test_sync_sends_to_nobody_by_guess(home: Path) -> None:
    train(home, STEPS % 3)
    (home / "address").write_text("http://127.0.0.1:9")  # of a server that has died: its port may be anybody's
    command = [str(Path(sys.executable).with_name("assay")), "sync", "--home", str(home)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "No server runs on the home" in ran.stderr
    assert len(left_runs(home)) == 1


def test_a_home_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    lines, err = train(blocked / "home", "run = assay.init()\nfor _ in range(5): run.log({'a': 1})\nprint('goes on')")
    assert lines == ["goes on"]
    told = err.splitlines()
    assert 1 <= len(told) == len(set(told)) <= 4
