"""`assay.init()` in processes of its own, as people write it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sdk.training import begin, run_of, sync, train, values
from support.server import Http

from assay.sdk.sync import left_runs


def test_a_run_arrives_whole(home: Path, http: Http) -> None:
    (uid,), err = train(
        home,
        """
with assay.init("churn", "first", config={"lr": 0.1, "net": {"layers": 2}}, tags={"team": "risk"}) as run:
    run.log({"loss": 0.5, "train": {"acc": True, "deep": {"f1": 1}}})
    run.log({"loss": 0.25}, step=10)
    run.log({"loss": None})
    run.config["seed"] = 7
    run.config |= {"net": {"width": 8}}
    assert run.config["seed"] == 7
    assert run.flush()
print(run.id)
""",
    )
    assert err == ""
    run = run_of(http, uid)
    assert (run["name"], run["status"]) == ("first", "finished")
    assert run["params"] == {"lr": "0.1", "net.layers": "2", "net.width": "8", "seed": "7"}
    assert run["tags"]["team"] == "risk"
    assert values(http, uid) == [0.5, 0.25, "NaN"]
    assert {key: item["step"] for key, item in run["metrics"].items()} == {
        "loss": 11,
        "train/acc": 0,
        "train/deep/f1": 0,
    }
    assert run["end_us"] >= run["start_us"]
    assert left_runs(home) == []


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        ("", "finished", 0),
        ("sys.exit(0)", "finished", 0),
        ("sys.exit(2)", "failed", 2),
        ("raise ValueError('no')", "failed", 1),
        ("raise KeyboardInterrupt", "interrupted", -signal.SIGINT),
        ("run.finish('stopped')", "stopped", 0),
    ],
)
@pytest.mark.parametrize("managed", [False, True], ids=["call", "with"])
def test_the_end_of_a_program_is_the_runs(
    home: Path, http: Http, end: str, status: str, code: int, managed: bool
) -> None:
    script = "with assay.init() as run:\n    print(run.id)\n    run.log({'a': 1})\n    "
    if not managed:
        script = "run = assay.init()\nprint(run.id)\nrun.log({'a': 1})\n"
    (uid,), _ = train(home, script + (end or "pass"), code)
    run = run_of(http, uid)
    assert run["status"] == status
    assert run["metrics"]["a"]["last"] == 1


def test_threads_forks_and_ranks_write_one_run(home: Path, http: Http) -> None:
    script = """
import threading
run = assay.init()
print(run.id, flush=True)
def work(name):
    for step in range(500):
        run.log({name: step}, step=step)
threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(8)]
[thread.start() for thread in threads]
for n in range(3):
    if os.fork() == 0:
        work(f"fork {n}")
        os._exit(0)
[thread.join() for thread in threads]
for n in range(3):
    os.wait()
run.finish()
"""
    (uid,), err = train(home, script)
    assert err == ""
    for name in (*(f"thread {n}" for n in range(8)), *(f"fork {n}" for n in range(3))):
        assert values(http, uid, name) == list(range(500)), name
    rank = "run = assay.init()\nfor step in range(500): run.log({'rank ' + os.environ['RANK']: step}, step=step)\n"
    shared = "ab" * 16
    ranks = [begin(home, rank, RANK=str(n), ASSAY_RUN_ID=shared) for n in range(2)]
    for process in ranks:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    for n in range(2):
        assert values(http, shared, f"rank {n}") == list(range(500))
    assert left_runs(home) == []


def test_what_cannot_be_logged_is_warned_of_once(home: Path, http: Http) -> None:
    script = """
run = assay.init()
print(run.id)
for step in range(3):
    run.log({"ok": step, "tensor": [1], "": 1, "k" * 300: 1, "a\\0": 1})
    run.log("nonsense")
    run.log({"ok": object()})
    run.log({"ok": 1}, step="x")
    run.config["f"] = print
run.log({"huge": 10 ** 400})
run.log({"ok": 3}, step=2 ** 70)
run.finish()
run.finish()
run.log({"late": 1})
"""
    (uid,), err = train(home, script)
    assert values(http, uid, "ok") == [0, 1, 2]
    lines = err.splitlines()
    assert all(line.startswith("assay: ") for line in lines), err
    assert len(lines) == len(set(lines))
    assert any("'tensor' is a list" in line for line in lines)
    assert run_of(http, uid)["status"] == "finished"


def test_odd_values_cost_no_others(home: Path, http: Http) -> None:
    """What the server would refuse is made plain here, or left out with a warning; the run and its points arrive."""
    script = """
class Tensor:
    def __float__(self):
        raise RuntimeError("a Tensor with 3 elements")
run = assay.init(config={"nan": float("nan"), ("a", 1): {2, 3}, "f": print}, tags={"seed": 1, 2: None})
run.config["prompt"] = "x" * 10_000
run.config["late"] = float("inf")
run.log({"loss": 1.0, "hist": Tensor(), "\\ud800": 1}, step=0)
run.log({"loss": 2.0}, step=1.5)
run.log({"loss": 3.0}, step=2 ** 70)
run.log({"loss": 4.0})
run.finish()
run.config["after"] = 1
run.log({})
print(run.id)
"""
    (uid,), err = train(home, script)
    run = run_of(http, uid)
    assert (run["status"], values(http, uid)) == ("finished", [1.0, 4.0])
    assert (run["params"]["nan"], run["params"]["late"], run["tags"]["seed"]) == ("nan", "inf", "1")
    assert "prompt" not in run["params"]
    assert "after" not in run["params"]
    for words in ("'hist' is a Tensor", "the step", "Not kept: ", "the run has ended"):
        assert words in err
    assert left_runs(home) == []


def test_a_config_that_no_server_takes_costs_only_itself(home: Path, http: Http) -> None:
    script = (
        "run = assay.init(name='n', config={'prompt': 'x' * 10_000}); run.log({'a': 1}); run.finish(); print(run.id)"
    )
    (uid,), err = train(home, script)
    assert "Begun without config" in err
    assert run_of(http, uid)["metrics"]["a"]["last"] == 1


def test_what_was_configured_later_stays(home: Path, http: Http) -> None:
    script = """
run = assay.init(config={"lr": 0.1})
run.config["lr"] = 0.2
run.flush()
if os.fork() == 0:
    run.log({"child": 1})
    run.finish()
    os._exit(0)
os.wait()
run.finish()
print(run.id)
"""
    (uid,), _ = train(home, script)
    assert run_of(http, uid)["params"]["lr"] == "0.2"
    assert values(http, uid, "child") == [1]


DEFAULTS = """
run = assay.init(config={"lr": 0.1, "net": {"layers": 2}})
print(run.id)
print(run.config.setdefault("lr", 9), run.config.setdefault("seed", 7), run.config.setdefault("chosen", 1))
run.config.defaults({"lr": 9, "net": {"layers": 9, "act": "relu"}, "opt": {"beta": 0.9, "eps": 1e-8}})
run.config.defaults({"seed": 8, "net": {"act": "tanh"}})
print(dict(run.config))
run.config["chosen"] = 1
run.config |= {"opt": {"eps": 1e-8}}
run.summary.setdefault("best", 1)
run.finish()
"""


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_defaults_are_told_from_what_was_set(home: Path, http: Http, mode: str) -> None:
    (uid, first, config), err = train(home, DEFAULTS, ASSAY_MODE=mode)
    assert (first, err) == ("0.1 7 1", "")
    assert config == str(
        {
            "lr": 0.1,
            "net": {"layers": 2, "act": "relu"},
            "seed": 7,
            "chosen": 1,
            "opt": {"beta": 0.9, "eps": 1e-8},
        }
    )
    if mode == "offline":
        assert sync(home)["left"] == 0
    run = run_of(http, uid)
    assert run["defaulted"] == ["net.act", "opt.beta", "seed"]
    assert run["params"] == {
        "chosen": "1",
        "lr": "0.1",
        "net.act": "relu",
        "net.layers": "2",
        "opt.beta": "0.9",
        "opt.eps": "1e-08",
        "seed": "7",
    }
    assert run["summary"] == {"best": 1.0}
    again = f"run = assay.init(resume={uid!r})\nrun.config.defaults({{'lr': 5, 'late': 5}})\nrun.finish()\n"
    again += "print(assay.runs().first().defaulted, assay.runs().first().params['lr'])"
    assert train(home, again, ASSAY_MODE="online")[0] == ["['late', 'net.act', 'opt.beta', 'seed'] 0.1"]


@pytest.mark.parametrize("id", ["../../evil", "/tmp/evil", "AB" * 16, "x"])
def test_an_id_is_no_path(home: Path, id: str) -> None:
    _, err = train(home, "assay.init()", 1, ASSAY_RUN_ID=id)
    assert "is no run id" in err
    assert not home.exists()


def test_a_closed_standard_error_is_no_reason_to_fail(home: Path) -> None:
    script = "run = assay.init(); sys.stderr.close(); run.log({'a': 'text'}); run.finish(); print('goes on')"
    assert train(home, script)[0] == ["goes on"]


def test_disabled_leaves_nothing(home: Path) -> None:
    script = "run = assay.init(); run.log({'a': 1}); run.log({}); run.config['b'] = 1; run.finish(); "
    script += "print(assay.init() is not run)"
    assert train(home, script, ASSAY_MODE="disabled") == (["True"], "")
    assert not home.exists()
    _, err = train(home, "assay.init()", 1, ASSAY_MODE="sometimes")
    assert "'sometimes' is no mode" in err


def test_a_second_init_gives_the_run_that_is_there(home: Path) -> None:
    lines, err = train(home, "print(assay.init(name='a') is assay.init(name='b'))")
    assert lines == ["True"]
    assert "has a run already" in err
