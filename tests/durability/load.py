"""Clients that send a mixed load and remember what was acknowledged: all of it must be there, each thing once."""

from __future__ import annotations

import http.client
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.server import API, Http

FILES = "/api/2.0/mlflow-artifacts/artifacts/"
PATIENCE_S = 90.0
AGAIN = (OSError, http.client.HTTPException)
Point = tuple[int, int, float]  # step, timestamp, value


@dataclass(frozen=True)
class Request:
    """One request, and what the ledger says once it is acknowledged."""

    method: str
    path: str
    body: bytes | dict[str, Any]
    points: tuple[tuple[str, Point], ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes] | None = None
    run: str = ""


@dataclass
class Ledger:
    """What was acknowledged: points, params, tags and files by run and name."""

    points: dict[tuple[str, str], set[Point]] = field(default_factory=lambda: defaultdict(set))
    params: dict[tuple[str, str], str] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def enter(self, request: Request) -> None:
        """The request was acknowledged."""
        for key, point in request.points:
            self.points[request.run, key].add(point)
        self.params.update({(request.run, key): value for key, value in request.params})
        self.tags.update({(request.run, key): value for key, value in request.tags})
        if request.file is not None:
            self.files[request.run, request.file[0]] = request.file[1]

    def merge(self, other: Ledger) -> None:
        """Takes over what another client was promised; clients never write the same name."""
        for series, points in other.points.items():
            self.points[series] |= points
        self.params.update(other.params)
        self.tags.update(other.tags)
        self.files.update(other.files)


class GaveUp(Exception):
    """The test ended before the client."""


class Gate:
    """Says whether servers are up, and where; whoever restarts one closes it meanwhile."""

    def __init__(self, *addresses: Callable[[], str]) -> None:
        self._addresses = addresses
        self._open = threading.Event()
        self._open.set()
        self._over = False

    def close(self) -> None:
        """No server is up."""
        self._open.clear()

    def open(self) -> None:
        """Servers are up again, maybe elsewhere."""
        self._open.set()

    def give_up(self) -> None:
        """The test is over: whoever still works ends."""
        self._over = True
        self._open.set()

    def address(self, number: int) -> str:
        """Where a server answers; waits until one does."""
        assert self._open.wait(PATIENCE_S), "the server did not come back"
        if self._over:
            raise GaveUp
        return self._addresses[number % len(self._addresses)]()


class Client(threading.Thread):
    """Sends one request after the other until told to stop; one without an answer is sent again as it was."""

    def __init__(self, gate: Gate, number: int, runs: Sequence[str], seed: int, pause_s: float = 0) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.ledger = Ledger()
        self.acknowledged = 0
        self.batches = 0
        self.files = 0
        self.sent_again = 0
        self.refused = 0
        self.failure: BaseException | None = None
        self._gate = gate
        self._number = number
        self._runs = runs
        self._random = random.Random(f"{seed} {number}")
        self._count = 0
        self._halt = threading.Event()
        self._pause_s = pause_s
        self._connections: dict[str, Http] = {}

    def run(self) -> None:
        """Works until `stop`."""
        try:
            while not self._halt.is_set():
                request = self.next()
                self.send(request)
                if self._count % 20 == 0:  # its answer might have been lost: it comes again, and counts once
                    self.send(request)
                self._halt.wait(self._pause_s)
        except BaseException as error:
            self.failure = error
        finally:
            self.close()

    def turn_to(self, runs: Sequence[str]) -> None:
        """What follows goes to these runs."""
        self._runs = runs

    def stop(self) -> None:
        """Ends it after its present request is acknowledged."""
        self._halt.set()

    def next(self) -> Request:
        """The next request of the mix."""
        self._count += 1
        chance, run = self._random.random(), self._random.choice(self._runs)
        if chance < 0.5:
            return self.batch(run)
        if chance < 0.75:
            return self.single(run)
        return self.tag(run) if chance < 0.85 else self.put(run)

    def _point(self, part: int = 0) -> Point:
        step = self._count * 100 + part
        return step, 1_700_000_000_000 + step, self._random.random()

    def batch(self, run: str) -> Request:
        """A log-batch of points of several keys, a param and a tag."""
        keys = [f"c{self._number}/{name}" for name in ("loss", "accuracy", "rate")]
        points = [(self._random.choice(keys), self._point(part)) for part in range(self._random.randint(1, 60))]
        pair = (f"c{self._number}/{self._count}", f"{self._random.random()}")
        body = {
            "run_id": run,
            "metrics": [{"key": k, "step": s, "timestamp": t, "value": v} for k, (s, t, v) in points],
            "params": [{"key": pair[0], "value": pair[1]}],
            "tags": [{"key": pair[0], "value": pair[1]}],
        }
        return Request("POST", API + "runs/log-batch", body, tuple(points), (pair,), (pair,), run=run)

    def single(self, run: str) -> Request:
        """A log-metric."""
        key, (step, timestamp, value) = f"c{self._number}/single", self._point()
        body = {"run_id": run, "key": key, "step": step, "timestamp": timestamp, "value": value}
        return Request("POST", API + "runs/log-metric", body, ((key, (step, timestamp, value)),), run=run)

    def tag(self, run: str) -> Request:
        """A set-tag, sometimes over an older one."""
        pair = (f"c{self._number}/tag-{self._count % 7}", f"{self._count}")
        body = {"run_id": run, "key": pair[0], "value": pair[1]}
        return Request("POST", API + "runs/set-tag", body, tags=(pair,), run=run)

    def put(self, run: str) -> Request:
        """A file, sometimes over an older one, sometimes with bytes that were sent before."""
        path = f"c{self._number}/{self._random.choice('abc')}/{self._count % 40}.bin"
        few = random.Random(self._random.randrange(200))
        sizes = (0, 10, 5_000, 70_000, 300_000, 1_500_000)  # the last one goes the way of large files
        data = few.randbytes(few.choices(sizes, weights=(4, 4, 4, 4, 4, 1))[0])
        return Request("PUT", f"{FILES}0/{run}/artifacts/{path}", data, file=(path, data), run=run)

    def send(self, request: Request, server: int | None = None) -> None:
        """Returns when the request is acknowledged and entered in the ledger."""
        number = self._number if server is None else server
        for attempt in range(200):
            http = self._http(self._gate.address(number))
            try:
                answer = http.request(request.method, request.path, request.body)
            except AGAIN:
                self.sent_again += 1
                continue
            if answer.status == 200:
                self.ledger.enter(request)
                self.acknowledged += 1
                self.batches += request.path.endswith("log-batch")
                self.files += request.method == "PUT"
                return
            told = (request.path, answer.status, answer.body[:500])
            assert answer.status == 503 and answer.json["error_code"] == "TEMPORARILY_UNAVAILABLE", told
            assert "Remedy: " in answer.json["message"], told
            self.refused += 1
            self._halt.wait(min(0.01 * attempt, 0.5))
        raise AssertionError("refused for too long")

    def _http(self, url: str) -> Http:
        return self._connections.setdefault(url, Http(url))

    def close(self) -> None:
        """Ends its connections."""
        for connection in self._connections.values():
            connection.close()


def new_run(http: Http, name: str) -> str:
    """A run of the default experiment."""
    return str(http.mlflow("POST", "runs/create", {"experiment_id": "0", "run_name": name})["run"]["info"]["run_id"])


def start(clients: list[Client]) -> list[Client]:
    """The clients, at work."""
    for client in clients:
        client.start()
    return clients


def finish(clients: Sequence[Client]) -> Ledger:
    """Ends the clients; all that they were promised. Raises what went wrong in one of them."""
    for client in clients:
        client.stop()
    ledger = Ledger()
    for client in clients:
        client.join(PATIENCE_S)
        if client.failure is not None:
            raise client.failure
        assert not client.is_alive(), f"{client.name} hangs"
        ledger.merge(client.ledger)
    return ledger


def check(http: Http, ledger: Ledger) -> None:
    """The server has exactly what the ledger says: nothing is missing, nothing is there twice."""
    for (run, key), points in ledger.points.items():
        found = http.mlflow("GET", "metrics/get-history", {"run_id": run, "metric_key": key}).get("metrics", [])
        stored = [(int(m["step"]), int(m["timestamp"]), float(m["value"])) for m in found]
        gone, more = points - set(stored), set(stored) - points
        assert not gone and not more, f"{run} {key}: {len(gone)} of {len(points)} lost, {len(more)} never sent"
        assert len(stored) == len(points), f"{run} {key}: {len(stored) - len(points)} points are there twice"
    for run in {run for run, _ in (*ledger.params, *ledger.tags, *ledger.points)}:
        data = http.mlflow("GET", "runs/get", {"run_id": run})["run"]["data"]
        _same("param", data.get("params", []), {k: v for (r, k), v in ledger.params.items() if r == run})
        _same("tag", data.get("tags", []), {k: v for (r, k), v in ledger.tags.items() if r == run})
        latest = {m["key"]: (int(m["step"]), int(m["timestamp"]), float(m["value"])) for m in data.get("metrics", [])}
        wanted = {key: max(points) for (r, key), points in ledger.points.items() if r == run}
        assert latest == wanted, f"{run}: the latest values are not those of the last points"
    for (run, path), data in ledger.files.items():
        answer = http.request("GET", f"{FILES}0/{run}/artifacts/{path}")
        assert answer.status == 200, f"{run} {path}: {answer.status} {answer.body[:300]!r}"
        assert answer.body == data, f"{run} {path}: {len(answer.body)} bytes, {len(data)} were sent, or others"


def _same(kind: str, found: list[dict[str, str]], wanted: dict[str, str]) -> None:
    stored = {item["key"]: item["value"] for item in found if not item["key"].startswith("mlflow.")}
    assert len(found) == len({item["key"] for item in found}), f"a {kind} is there twice"
    assert stored == wanted, f"{kind}s: {set(wanted.items()) ^ set(stored.items())}"
