"""Readers beside the load: what one replica acknowledged is seen through the other, and a batch whole or not at all."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from durability.load import AGAIN, Client, Gate, Request, new_run
from support.server import API, Answer, Http

KEYS = [f"torn/{name}" for name in "abcde"]
PART = 20  # points of each key in a batch
BATCHES = 250  # a run: readers read all of it again and again


@dataclass
class Told:
    """A run, how many batches were sent to it, and how many of them are acknowledged."""

    run: str
    sent: int = 0
    acknowledged: int = 0


class Torn(threading.Thread):
    """A writer of batches of several keys, and of what readers must see of them."""

    def __init__(self, addresses: list[Callable[[], str]], seed: int) -> None:
        super().__init__(name="torn", daemon=True)
        self.failure: BaseException | None = None
        self.reads = 0
        self.batches = 0
        self._addresses = addresses
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self._readers = [threading.Thread(target=self._guarded, args=(self._read, n), daemon=True) for n in range(2)]

    def run(self) -> None:
        """Writes through each replica in turn, while others read."""
        with_http = [Http(address()) for address in self._addresses]
        try:
            self._told = Told(new_run(with_http[0], "torn"))
            for reader in self._readers:
                reader.start()
            self._guarded(self._write, with_http)
        except BaseException as error:
            self.failure = self.failure or error
        finally:
            for http in with_http:
                http.close()

    def finish(self) -> None:
        """Ends it; raises what a reader saw that must not be."""
        self._halt.set()
        for thread in (self, *self._readers):
            if thread.ident is not None:
                thread.join(60)
        if self.failure is not None:
            raise self.failure

    def _guarded(self, work: Callable[[Any], None], given: Any) -> None:
        try:
            work(given)
        except BaseException as error:
            self.failure = self.failure or error
            self._halt.set()

    def _write(self, replicas: list[Http]) -> None:
        while not self._halt.is_set():
            if self._told.sent == BATCHES:
                self._told = Told(new_run(replicas[0], "torn"))
            told = self._told
            number = told.sent
            metrics = [
                {"key": key, "step": step, "timestamp": step, "value": float(number)}
                for key in KEYS
                for step in range(number * PART, (number + 1) * PART)
            ]
            told.sent += 1
            self._random.choice(replicas).mlflow("POST", "runs/log-batch", {"run_id": told.run, "metrics": metrics})
            told.acknowledged += 1
            self.batches += 1
            self._halt.wait(0.05)

    def _read(self, number: int) -> None:
        chance = random.Random(number)
        replicas = [Http(address()) for address in self._addresses]
        try:
            while not self._halt.is_set():
                http, told = chance.choice(replicas), self._told
                low = told.acknowledged
                if chance.random() < 0.5:
                    self._check_history(http, told, low, chance.choice(KEYS))
                else:
                    self._check_latest(http, told, low)
                self.reads += 1
                self._halt.wait(0.1)
        finally:
            for http in replicas:
                http.close()

    def _check_history(self, http: Http, told: Told, low: int, key: str) -> None:
        found = http.mlflow("GET", "metrics/get-history", {"run_id": told.run, "metric_key": key})
        steps = [int(metric["step"]) for metric in found.get("metrics", [])]
        assert steps == list(range(len(steps))), f"{key}: points are missing or there twice"
        assert len(steps) % PART == 0, f"{key}: a part of a batch"
        assert low <= len(steps) // PART <= told.sent, f"{key}: {low} batches acknowledged, {len(steps) // PART} seen"

    def _check_latest(self, http: Http, told: Told, low: int) -> None:
        data = http.mlflow("GET", "runs/get", {"run_id": told.run})["run"]["data"]
        seen = {metric["key"]: (int(metric["step"]), float(metric["value"])) for metric in data.get("metrics", [])}
        assert len(set(seen.values())) <= 1 and len(seen) in (0, len(KEYS)), f"a part of a batch: {seen}"
        if seen:
            assert low <= seen[KEYS[0]][0] // PART + 1 <= told.sent, f"{low} batches acknowledged, {seen}"
        else:
            assert low == 0


class Echo(Client):
    """A client that reads what it wrote, as soon as it is acknowledged, through the other replica."""

    def __init__(self, gate: Gate, number: int, runs: list[str], seed: int, *, pause_s: float) -> None:
        super().__init__(gate, number, runs, seed, pause_s)
        self.seen_elsewhere = 0

    def next(self) -> Request:
        """Batches, single points and files."""
        self._count += 1
        chance, run = self._random.random(), self._random.choice(self._runs)
        if chance < 0.8:
            return self.batch(run)
        if chance < 0.9:
            return self.single(run)
        return self.put(run)

    def send(self, request: Request, server: int | None = None) -> None:
        """Returns when the request is acknowledged and, one time in ten, seen through the other replica."""
        super().send(request)
        if self._random.random() >= 0.1 and request.file is None:
            return
        if request.file is not None:
            answer = self._elsewhere(request.path)
            assert (answer.status, answer.body) == (200, request.file[1]), f"{request.path} as another replica has it"
        elif request.points:
            key = request.points[0][0]
            found = self._elsewhere(API + "metrics/get-history", run_id=request.run, metric_key=key).json
            stored = {(int(m["step"]), int(m["timestamp"]), float(m["value"])) for m in found["metrics"]}
            assert stored == self.ledger.points[request.run, key], f"{key} as another replica has it"
        self.seen_elsewhere += 1

    def _elsewhere(self, path: str, **asked: str) -> Answer:
        for _ in range(3):
            with suppress(*AGAIN):  # a server ends connections that rested for long
                return self._http(self._gate.address(self._number + 1)).request("GET", path, **asked)
        raise AssertionError("the other replica does not answer")
