"""What a server refuses costs only itself: the run and what else was logged arrive."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdk.training import run_of, train, values
from support.server import Http

from assay.sdk.sync import left_runs

SCRIPTS = {
    "a file whose name is no text": (
        """
os.mkdir(os.environ["ASSAY_HOME"] + "/out")
open(os.fsencode(os.environ["ASSAY_HOME"]) + b"/out/\\xff.bin", "wb").close()
run.log_files(os.environ["ASSAY_HOME"] + "/out")
""",
        "no path of Unicode",
    ),
    "a file whose path no request can hold": ("run.log_file(sys.executable, name='x' * 100_000)", "too long"),
    "a sum that no float can hold": ("run.summary['x'] = 10 ** 400", ""),
    "a clock that is wrong": (
        """
right, time.time_ns = time.time_ns, lambda: -5_000_000_000
run.log({"loss": 0.5}, step=-1)
run.log_text("said", "x")
run.summary["x"] = 1
run._log_line("stdout", -5, "x")
time.time_ns = right
""",
        "",
    ),
    "lines that are no text, or too long": (
        "for text in ('a', '\\ud800', 'x' * 70_000, 'b'): run._log_line('stdout', 5, text)",
        "more than 65536",
    ),
}


@pytest.mark.parametrize(("script", "told"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_what_is_refused_costs_only_itself(home: Path, http: Http, script: str, told: str) -> None:
    before, after = 'run = assay.init()\nrun.log({"loss": 1})\n', '\nrun.log({"loss": 2})\nrun.finish(timeout_s=20)'
    (uid,), err = train(home, f"{before}{script}{after}\nprint(run.id)")
    assert told in err
    assert "cannot be sent" not in err
    assert values(http, uid)[-2:] == [1, 2]
    assert run_of(http, uid)["status"] == "finished"
    assert left_runs(home) == []


@pytest.mark.parametrize("config", ["{'prompt': 'x' * 10_000}", "{str(i): 'x' * 5_000 for i in range(5_000)}"])
def test_a_config_that_is_refused_takes_nothing_else_along(home: Path, http: Http, config: str) -> None:
    """Also one that the server refuses before it has taken the whole body."""
    script = f"run = assay.init('own', name='n', group='g', tags={{'a': 'b'}}, config={config})\nrun.log({{'loss': 1}})"
    (uid,), err = train(home, script + "\nrun.finish(timeout_s=20)\nprint(run.id)")
    run = run_of(http, uid)
    assert "Begun without config: " in err
    assert (run["name"], run["tags"]["a"], run["status"]) == ("n", "b", "finished")
    found = http.request("GET", "/api/v1/runs?experiment=own").json["runs"]
    assert [item["id"] for item in found] == [uid]


def test_no_word_about_a_run_raises_into_training(home: Path, http: Http) -> None:
    script = """
class Mute:
    def __str__(self): raise RuntimeError("no words")
twice = {}
twice.update(a=twice, b=twice)
run = assay.init(config={"big": 10 ** 5_000, "mute": Mute(), "sure": 1})
run.tag(bad=Mute())
run.tag([1])
run.tag(good=1)
run.log_file(None)
run.log_files("x", into=None)
run.log_file("/dev/zero", name="zero")
run.config["twice"] = twice
run.summary.update({"nan": float("nan"), "": 1, "best": Mute(), "sum": 1.5})
run.log({"loss": 1})
run.finish()
print(run.id)
assay.init(config=twice).finish()
"""
    (uid,), err = train(home, script)
    run = run_of(http, uid)
    assert (run["params"]["sure"], run["params"]["mute"][:5], run["tags"]["good"]) == ("1", "<Mute", "1")
    assert (run["summary"]["sum"], run["summary"]["nan"], values(http, uid)) == (1.5, None, [1])
    assert "holds itself" in err
    assert "/dev/zero is no file" in err
