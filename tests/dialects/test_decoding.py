"""Log-batch bodies: the two decoders agree, and the process that decodes beside the server may come and go."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.server import API, Server

from assay.core.tracking import Logged
from assay.dialects.mlflow import decoding, plain
from assay.dialects.mlflow.logging import batch
from assay.wire.errors import AssayError

CALLERS = 6
POINTS = 500

NAMES = st.one_of(st.sampled_from(["loss", "a/b", "", "/abs", "../up", "x" * 251, "é", "a\x00"]), st.text(max_size=5))
INTEGERS = st.one_of(st.integers(0, 10**13), st.sampled_from([-1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64]))
METRICS = st.fixed_dictionaries(
    {"key": NAMES, "value": st.floats(allow_nan=False, allow_infinity=False), "timestamp": INTEGERS},
    optional={
        "step": INTEGERS,
        "model_id": st.sampled_from(["m-1", ""]),
        "dataset_name": st.just("train"),
        "dataset_digest": st.just("d1"),
    },
)
PAIRS = st.lists(st.fixed_dictionaries({"key": NAMES, "value": st.text(max_size=5)}), max_size=3)
BODIES = st.fixed_dictionaries(
    {"run_id": st.sampled_from(["r", "r" * 32, ""]), "metrics": st.lists(METRICS, max_size=6)},
    optional={"params": PAIRS, "tags": PAIRS},
)


def outcome(columns: plain.Columns | None, body: bytes) -> tuple[Any, ...]:
    """All that a decoder finds, or how it refuses."""
    try:
        logged = batch(columns, lambda: json.loads(body))
    except AssayError as error:
        return ("refused", str(error), error.field)
    return (
        logged.run_uid,
        _keys(logged),
        [repr(float(value)) for value in logged.values],
        list(map(int, logged.steps)),
        list(map(int, logged.times_us)),
        list(logged.model_points),
        dict(logged.params),
        dict(logged.tags),
    )


def _keys(logged: Logged) -> list[str]:
    return list(logged.keys) if logged.key_index is None else [logged.keys[at] for at in logged.key_index]


@given(BODIES)
def test_both_decoders_say_the_same(given: dict[str, Any]) -> None:
    body = json.dumps(given).encode()
    assert outcome(plain.columns(body), body) == outcome(None, body)


def test_plain_bodies_are_plain() -> None:
    """What the property compares is not two times the lenient decoder."""
    columns = plain.columns(body_of("r", 0))
    assert columns is not None
    assert plain.PACKED.decode(plain.PACK.encode(columns)) == columns
    assert batch(columns, lambda: pytest.fail("the lenient decoder was asked")).key_index is not None


@pytest.mark.parametrize("count", ["metrics", "params", "tags"])
def test_too_many_are_refused_alike(count: str) -> None:
    one: dict[str, Any] = {"key": "k", "value": 1, "timestamp": 1} if count == "metrics" else {"key": "k", "value": "v"}
    body = json.dumps({"run_id": "r", count: [one] * 1_001}).encode()
    assert outcome(plain.columns(body), body) == outcome(None, body)
    assert outcome(None, body)[0] == "refused"


def body_of(run_id: str, start: int) -> bytes:
    """A body large enough for the process beside the server."""
    metrics = [
        {"key": f"train/metric_{step % 5}", "value": step / 7, "timestamp": 1_000 + step, "step": step}
        for step in range(start, start + POINTS)
    ]
    body = json.dumps({"run_id": run_id, "metrics": metrics}).encode()
    assert len(body) >= decoding.SMALLEST
    return body


class Callers:
    """Several connections that log large batches side by side."""

    def __init__(self, server: Server) -> None:
        self.server, self.sent, self.faults = server, [0] * CALLERS, []
        http = server.http()
        made = [http.mlflow("POST", "runs/create", {"experiment_id": "0"}) for _ in range(CALLERS)]
        http.close()
        self.runs = [item["run"]["info"]["run_id"] for item in made]
        self._done = threading.Event()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """While they call."""
        threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._done.set()
            for thread in threads:
                thread.join()

    def _call(self, number: int) -> None:
        http = self.server.http()
        headers = {"Content-Type": "application/json"}
        while not self._done.is_set() and not self.faults:
            body = body_of(self.runs[number], self.sent[number] * POINTS)
            answer = http.request("POST", API + "runs/log-batch", body, headers)
            if answer.status != 200:
                self.faults.append(answer)
                break
            self.sent[number] += 1
        http.close()

    def check(self) -> None:
        """All was accepted, and all of it is there."""
        assert self.faults == []
        http = self.server.http()
        for run_id, sent in zip(self.runs, self.sent, strict=True):
            assert sent > 0
            asked = {"run_id": run_id, "metric_key": "train/metric_3", "max_results": 25_000}
            found = http.mlflow("GET", "metrics/get-history", asked)["metrics"]
            assert [(item["step"], item["value"]) for item in found] == [
                (step, step / 7) for step in range(3, sent * POINTS, 5)
            ][: len(found)]
            assert len(found) == min(sent * POINTS // 5, 25_000)
        http.close()


def beside(server: Server) -> list[int]:
    """The processes that the server has started and that live.

    A child that has not become its own program yet is not among them: until then it is the server's copy in
    memory and in name.
    """
    assert server.process is not None
    itself = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            program = path.with_name("cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if int(parent) == server.process.pid and state != "Z" and program != itself:
            found.append(int(path.parent.name))
    return found


def wait_for(condition: Callable[[], Any], within_s: float = 20) -> Any:
    """What the condition says when it first holds."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


needs_cores = pytest.mark.skipif(decoding.cores() < 2, reason="no second core: the server decodes alone")


@needs_cores
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_fails_costs_nothing(server: Server, sign: signal.Signals) -> None:
    """Killed or stopped in the middle of its work: every call is answered as if it had not been there."""
    callers = Callers(server)
    with callers.calling():
        (pid,) = wait_for(lambda: beside(server))
        memory = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]
        assert int(memory) < 40_000, "KiB; it is one more process, not one more server"
        time.sleep(0.5)
        os.kill(pid, sign)
        before = list(callers.sent)
        wait_for(lambda: all(now > then + 3 for now, then in zip(callers.sent, before, strict=True)))
    callers.check()
    if sign == signal.SIGSTOP:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not beside(server))


@needs_cores
def test_it_ends_with_the_server(server: Server) -> None:
    callers = Callers(server)
    with callers.calling():
        (pid,) = wait_for(lambda: beside(server))
    callers.check()
    server.kill()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def test_calls_one_after_another_need_none(server: Server) -> None:
    http = server.http()
    run_id = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    for start in range(5):
        answer = http.request(
            "POST", API + "runs/log-batch", body_of(run_id, start * POINTS), {"Content-Type": "application/json"}
        )
        assert answer.status == 200
    http.close()
    assert beside(server) == []
