"""What is logged by itself, runs that go on or are asked to stop, and reading back."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sdk.training import begin, run_of, train, values
from support.server import ASSAY, Http, Server

BOTH = {"ASSAY_CAPTURE": "console,system"}


def lines(http: Http, uid: str) -> list[tuple[str, str]]:
    """What the run printed: stream and text."""
    answer = http.request("GET", f"/api/v1/runs/{uid}/console")
    assert answer.status == 200, answer.body
    return [(stream, text) for stream, _, text in answer.json["lines"]]


def command(*words: str) -> str:
    """What an `assay` command prints."""
    ran = subprocess.run([str(ASSAY), *words], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_output_and_the_machine_are_logged_by_themselves(home: Path, http: Http) -> None:
    script = """
import subprocess
run = assay.init()
print(run.id, flush=True)
print("hello")
print("oh", file=sys.stderr)
for part in range(50):
    print(f"\\rprogress {part}", end="")
print()
subprocess.run(["sh", "-c", "echo from a child"])
time.sleep(1.2)
run.log({"loss": 1})
run.finish()
print("after")
"""
    out, err = train(home, script, **BOTH)
    assert out[1] == "hello"
    assert "from a child" in out
    assert err == "oh\n"
    shown = lines(http, out[0])
    assert ("stdout", "hello") in shown
    assert ("stderr", "oh") in shown
    assert ("stdout", "progress 49") in shown
    assert ("stdout", "from a child") in shown
    assert not [text for _, text in shown if "after" in text or "progress 1" in text]
    run = run_of(http, out[0])
    assert run["metrics"]["system/system_memory_usage_percentage"]["last"] > 0
    assert values(http, out[0]) == [1]
    assert "hello" in command("console", out[0], "--home", str(home))
    assert command("console", out[0], "--home", str(home), "--contains", "child").split("\n")[0] == "from a child"


def test_output_is_kept_without_a_server_too(home: Path) -> None:
    out, _ = train(home, "run = assay.init()\nprint(run.id)\nprint('kept')\nrun.finish()", **BOTH)
    server = Server(home).start()
    try:
        command("sync", "--home", str(home))
        with closing(server.http()) as http:
            assert ("stdout", "kept") in lines(http, out[0])
    finally:
        server.stop()


def asked_to_stop(home: Path, script: str) -> tuple[str, Any]:
    """The id of a run that was asked to stop while its process ran, and the process, which has ended."""
    process = begin(home, script)
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    process.stdout.readline()
    command("stop", uid, "--home", str(home))
    process.out, process.err = process.communicate(timeout=60)  # type: ignore[attr-defined]
    return uid, process


def test_a_run_that_is_asked_to_stop_stops_at_its_next_log(home: Path, http: Http) -> None:
    script = """
run = assay.init()
print(run.id, flush=True)
run.flush()
for step in range(100_000):
    try:
        run.log({"loss": step})
    except Exception:
        pass
    print(step, flush=True)
    time.sleep(0.01)
"""
    uid, process = asked_to_stop(home, script)
    assert process.returncode == 143
    assert "asked this run to stop" in process.err
    assert run_of(http, uid)["status"] == "stopped"
    reached = int(process.out.split()[-1])
    assert values(http, uid) == list(range(reached + 1))


def test_a_program_may_stop_in_its_own_way(home: Path, http: Http) -> None:
    script = """
import threading
stop = threading.Event()
with assay.init(on_stop=stop.set) as run:
    print(run.id, flush=True)
    run.flush()
    step = 0
    while not stop.is_set():
        run.log({"loss": step})
        print(step, flush=True)
        step += 1
        time.sleep(0.01)
    run.log({"saved": 1})
print("saved")
"""
    uid, process = asked_to_stop(home, script)
    assert (process.returncode, process.err) == (0, "")
    assert process.out.split()[-1] == "saved"
    run = run_of(http, uid)
    assert (run["status"], run["metrics"]["saved"]["last"]) == ("stopped", 1)


def test_other_threads_and_the_last_words_lose_nothing_to_a_stop(home: Path, http: Http) -> None:
    script = """
import threading
run = assay.init()
print(run.id, flush=True)
run.log({"loss": 0, "last": 0})
run.flush()
print("begun", flush=True)
def other():
    for step in range(160):
        run.log({"loss": step}, step=step + 1)
        time.sleep(0.05)
thread = threading.Thread(target=other)
thread.start()
thread.join()
try:
    for _ in range(1_000):
        run.log({"main": 1})
        time.sleep(0.01)
except SystemExit:
    run.log({"last": 1})
    run.finish()
"""
    uid, process = asked_to_stop(home, script)
    assert (process.returncode, process.err) == (0, "assay: Somebody asked this run to stop\n")
    assert values(http, uid)[1:] == list(range(160))
    assert values(http, uid, "last") == [0, 1]
    assert values(http, uid, "main") == []


@pytest.mark.parametrize("act", ["run.finish(timeout_s=30)", "1 / 0", "sys.exit()"])
def test_what_a_program_does_when_it_is_to_stop_is_no_end_of_sending(home: Path, http: Http, act: str) -> None:
    script = f"""
import threading
called = threading.Event()
def stop():
    called.set()
    {act}
run = assay.init(on_stop=stop)
print(run.id, flush=True)
run.flush()
print("begun", flush=True)
called.wait(50)
began = time.monotonic()
run.log({{"saved": 1}})
run.finish()
assert time.monotonic() - began < 20
"""
    uid, process = asked_to_stop(home, script)
    assert process.returncode == 0
    assert "cannot be sent" not in process.err
    run = run_of(http, uid)
    assert run["status"] == "stopped"
    assert "finish" in act or run["metrics"]["saved"]["last"] == 1


def test_a_signal_handler_may_end_the_run_while_it_ends(home: Path, http: Http) -> None:
    script = """
import signal
run = assay.init(capture=("console",))
def handle(*_):
    run.finish("interrupted")
    sys.exit(143)
signal.signal(signal.SIGALRM, handle)
run.log({"loss": 1})
join = run._capture._console._end
def end(timeout_s):
    run._capture._console._end = join
    signal.raise_signal(signal.SIGALRM)
    join(timeout_s)
run._capture._console._end = end
print(run.id, flush=True)
run.finish()
"""
    process = begin(home, script, ASSAY_CAPTURE="console")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 143, err
    assert values(http, out.split()[0]) == [1]
    assert run_of(http, out.split()[0])["status"] == "failed"


def test_a_run_goes_on_where_it_ended(home: Path, http: Http) -> None:
    first = "run = assay.init('churn')\nprint(run.id)\nfor step in range(5): run.log({'loss': step})\nraise ValueError"
    (uid,), _ = train(home, first, 1)
    again = f"run = assay.init(resume={uid!r})\nrun.log({{'loss': 5}})\nprint(run.id)"
    assert train(home, again)[0] == [uid]
    run = run_of(http, uid)
    assert (run["status"], run["metrics"]["loss"]["step"]) == ("finished", 5)
    assert values(http, uid) == [0, 1, 2, 3, 4, 5]
    _, err = train(home, f"assay.init(resume={'0' * 32!r})", 1)
    assert "NotFound" in err


def test_a_second_init_returns_the_run_and_says_so(home: Path, http: Http) -> None:
    script = "a = assay.init()\nb = assay.init('other')\nprint(a is b)\na.finish()\nprint(assay.init() is a)"
    out, err = train(home, script)
    assert out == ["True", "False"]
    assert "has a run already" in err


READ = """
found = assay.runs("metrics.loss < 0.3 and params.lr = '0.1'", order_by="metrics.loss ASC")
runs = list(found)
print([run.name for run in runs], found.count(), assay.runs().count(), assay.runs(limit=2).count())
history = runs[0].history("loss")
print(len(history), list(history)[:2], history.values[-1])
frame = found.to_pandas()
print(sorted(frame.columns)[:4], len(frame), float(frame["metrics.loss"].iloc[0]))
print(found.to_polars().height, found.to_arrow().num_rows, history.to_pandas().shape, history.to_arrow().num_rows)
drawn = found.series("loss", buckets=5).to_pandas()
mine = drawn[drawn["run"] == runs[0].id]
print(mine[["x", "width", "count", "first"]].values.tolist()[-1], int(drawn["count"].sum()))
print([file.path for file in runs[0].files])
print(runs[0].download("out", into).joinpath("a.txt").read_text())
"""


def test_what_was_logged_is_read_back(home: Path, http: Http, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    for name, factor in (("good", 0.1), ("better", 0.01), ("bad", 9)):
        script = f"""
with assay.init(name={name!r}, config={{"lr": 0.1}}) as run:
    for step in range(2_500):
        run.log({{"loss": {factor} * (2_500 - step)}} if step < 2_499 else {{"loss": {factor}}})
    run.log_file({str(tmp_path / "a.txt")!r}, "out/a.txt")
    run.flush()
    assert len(run.history("loss")) == 2_500
    assert [file.path for file in run.files] == ["out/a.txt"]
"""
        _, err = train(home, script)
        assert err == ""
    env = {"ASSAY_HOME": str(home), "ASSAY_CAPTURE": "none", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    python = Path(__file__).parents[2] / ".venv-mlflow3/bin/python"
    read = f"import assay\ninto = {str(tmp_path / 'down')!r}\n" + READ
    ran = subprocess.run([str(python), "-c", read], capture_output=True, text=True, env=env, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    out = ran.stdout.splitlines()
    assert out[0] == "['better', 'good'] 2 3 2"
    assert out[1] == "2500 [(0, 25.0), (1, 24.990000000000002)] 0.01"
    assert out[2].endswith("2 0.01")
    assert out[3] == "2 2 (2500, 3) 2500"
    assert out[4] == "[2048.0, 512.0, 452.0, 4.5200000000000005] 5000"
    assert out[5:] == ["['out/a.txt']", "content"]
