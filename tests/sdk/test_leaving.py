"""What is left when a program has ended, or goes elsewhere: nothing is lost on the way."""

from __future__ import annotations

import os
from pathlib import Path

from sdk.training import run_of, sync, train, values
from support.server import Http, Server

from assay.sdk.journal.journal import Journal
from assay.sdk.journal.memory import Memory
from assay.sdk.records import FILE, written
from assay.sdk.sync import left_runs, writers


def test_a_program_that_just_ends_sends_what_its_forks_left(home: Path, http: Http) -> None:
    script = """
run = assay.init()
print(run.id, flush=True)
run.log({"loss": 1})
if os.fork() == 0:
    run.log({"child": 1})
    os._exit(0)
os.wait()
"""
    (uid,), err = train(home, script)
    assert "assay: " not in err
    assert values(http, uid, "child") == [1]
    assert run_of(http, uid)["status"] == "finished"


def test_a_home_named_from_here_is_the_same_from_elsewhere(home: Path, server: Server, http: Http) -> None:
    home.mkdir(exist_ok=True)
    script = f"""
os.chdir({str(home)!r})
os.environ["ASSAY_HOME"] = "mine"
run = assay.init()
print(run.id)
os.mkdir("elsewhere")
os.chdir("elsewhere")
for step in range(3):
    run.log({{"loss": step}})
run.finish()
"""
    (uid,), err = train(home, script, ASSAY_URL=server.url, ASSAY_TOKEN=(home / "token").read_text().strip())
    assert err == ""
    assert values(http, uid) == [0, 1, 2]
    assert left_runs(home / "mine") == []


def test_who_began_last_has_the_last_word(home: Path, tmp_path: Path) -> None:
    """Whatever the numbers of the processes are."""
    run = home / "journal" / "run"
    for at, name in enumerate(("9-b", "10-a", "7-c")):
        journal = Journal(lambda name=name: run / name)  # type: ignore[misc]
        journal.open()
        os.utime(run / name / "lock", ns=(0, at))
        journal.close()
    assert [path.name for path in writers(run)] == ["9-b", "10-a", "7-c"]


def test_a_run_that_went_on_without_a_server_ends_as_it_ended_last(home: Path) -> None:
    (uid,), _ = train(home, "run = assay.init(config={'lr': 1})\nprint(run.id)\nraise SystemExit")
    train(home, f"run = assay.init(resume={uid!r})\nrun.config['lr'] = 2\nsys.exit(1)", 1)
    run = home / "journal" / uid
    first, second = writers(run)
    first.rename(run / "9-first")
    second.rename(run / "1-second")
    server = Server(home).start()
    try:
        assert sync(home)["left"] == 0
        http = server.http()
        found = run_of(http, uid)
        assert (found["status"], found["params"]["lr"]) == ("failed", "2")
        http.close()
    finally:
        server.stop()


def test_copies_of_files_in_memory_go_when_they_were_sent_and_stay_when_a_child_ends(home: Path) -> None:
    script = """
from assay.sdk.journal.memory import Memory
journal = Memory("w", {})
journal.copy_of("x").write_text("kept")
if os.fork() == 0:
    sys.exit()
os.wait()
print(journal.copy_of("x").read_text())
print(journal.copies())
"""
    (text, folder), _ = train(home, script)
    assert text == "kept"
    assert not Path(folder).exists()
    journal = Memory("w", {})
    for name in ("sent", "waits"):
        journal.copy_of(name).write_text(name)
        journal.append(written(FILE, {"path": name, "copy": name}), 0)
        if name == "sent":
            journal.take()
    journal.forget()
    assert os.listdir(journal.copies()) == ["waits"]


def test_a_record_that_finds_no_room_leaves_no_copy(home: Path) -> None:
    script = """
from pathlib import Path
run = assay.init()
recorder = run._recorder
def full(*_):
    raise OSError(28, "full", "journal")
recorder._journal.append = full
run.log_file(sys.executable)
run.log_image("i", [[0, 1], [1, 0]])
print(len([path for path in Path(os.environ["ASSAY_HOME"]).rglob("files/*")]))
"""
    (count,), err = train(home, script)
    assert count == "0"
    assert "full" in err
