"""Sends what a journal holds to a server, each point once, and deletes what the server has.

A folder `journal/RUN` of the home holds a folder for each process that wrote to the run. Its `run.json` says how the
run began.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.sdk import http
from assay.sdk.journal.journal import Reader
from assay.sdk.records import BEGUN, POINTS, heard, points, read_keys
from assay.wire.errors import AssayError, Conflict, InvalidInput, NotFound, RuleViolation, TooLarge
from assay.wire.points import MEDIA_TYPE, pack

# What trying again does not mend: the run is deleted, purged or rewound, or the journal holds what no server takes.
FINAL = (NotFound, RuleViolation, Conflict, InvalidInput, TooLarge)
MOST = 32_000  # points a request
BEAT_S = 60.0  # a run whose writers are silent for five minutes is shown as lost
AWAY_S = 2.0  # for a last try, where no server answers
REST_S = 0.2  # between two looks at a journal that is written to
PATIENCE_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # between tries while no server answers


@dataclass
class Batch:
    """Points on their way: their columns, and the number of the first."""

    first: int = 0
    key: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, number: int, body: bytes) -> None:
        """The points of a record come behind the others."""
        step, time_us, pairs = points(body)
        if not self.values:
            self.first = number
        for key, value in pairs:
            self.key.append(key)
            self.steps.append(step)
            self.times_us.append(time_us)
            self.values.append(value)

    def packed(self, names: Mapping[int, str]) -> bytes:
        """The body of the request, with the names that it needs."""
        used = sorted(set(self.key))
        place = {key: position for position, key in enumerate(used)}
        key = [place[number] for number in self.key]
        return pack([names[number] for number in used], key, self.steps, self.times_us, self.values)


class Sender:
    """Sends one journal, from where the server has got to.

    Args:
        run_id: The run that it is of.
        folder: The journal's; its name is the writer's.
        url: The server.
        token: Tells who sends, where the server may know; asked each time that the server is met anew.
        warn: Told what the server does not take: a config or tag that breaks a bound is left out, the points go on.
    """

    def __init__(
        self, run_id: str, folder: Path, url: str, token: Callable[[], str | None], warn: Callable[[str], None]
    ) -> None:
        self._run_id = run_id
        self._folder = folder
        self._url = url
        self._ask_token = token
        self._token: str | None = None
        self._warn = warn
        self._reader = Reader(folder)
        self._waiting: list[tuple[int, bytes]] = []  # records that were read and are not sent yet
        self._next = 0  # the number that the server wants
        self._epoch = 0
        self._begun = False
        self._heard_s = 0.0

    def begin(self) -> None:
        """The server knows the run and the writer. Raises what it answers; Unavailable."""
        if self._begun:
            return
        self._token = self._ask_token()
        begun = json.loads((self._folder / BEGUN).read_text())
        try:
            http.post(self._url, "runs", begun, token=self._token)
        except (InvalidInput, TooLarge) as error:
            self._warn(f"Begun without config, tags and name: {error}")
            http.post(self._url, "runs", {"id": begun["id"], "start_us": begun["start_us"]}, token=self._token)
        writer = {"name": self._folder.name, "heartbeats": True}
        told = http.post(self._url, f"runs/{self._run_id}/writers", writer, token=self._token)
        self._next, self._epoch = told["next"], told["epoch"]
        self._begun, self._heard_s = True, time.monotonic()

    def send(self) -> int:
        """Sends what is there now; how many records that were.

        Raises:
            Unavailable: The server does not answer; nothing is lost.
            AssayError: The server refuses what the journal holds.
        """
        try:
            return self._sent()
        except AssayError:
            self._begun = False  # the server may be another one when it answers again
            raise

    def _sent(self) -> int:
        self.begin()
        count = 0
        while self._waiting or (found := self._reader.take()):
            if not self._waiting:
                self._waiting = found
            while self._waiting:
                count += self._send_some()
            self._reader.forget()
        self._beat()
        return count

    def _beat(self) -> None:
        """The server hears now and then that this writer lives, also when it has nothing to say."""
        now = time.monotonic()
        if now - self._heard_s >= BEAT_S:
            path = f"runs/{self._run_id}/heartbeat"
            http.post(self._url, path, {"name": self._folder.name}, token=self._token)
            self._heard_s = now

    def _send_some(self) -> int:
        """Sends the first of the waiting records: as many points as go together, or what is said."""
        batch, taken = Batch(), 0
        for number, body in self._waiting:
            if body[0] != POINTS or len(batch.values) >= MOST:
                break
            if number >= self._next:
                batch.add(number, body)
            taken += 1
        if batch.values:
            query: dict[str, Any] = {"writer": self._folder.name, "first": batch.first, "epoch": self._epoch}
            body = batch.packed(read_keys(self._folder))
            path = f"runs/{self._run_id}/points"
            self._next = http.send(self._url, path, body, MEDIA_TYPE, token=self._token, **query)["next"]
        elif not taken:
            try:
                http.patch(self._url, f"runs/{self._run_id}", heard(self._waiting[0][1]), token=self._token)
            except (InvalidInput, TooLarge) as error:
                self._warn(f"Not kept: {error}")
            taken = 1
        del self._waiting[:taken]
        return taken


class Background:
    """A thread that sends a journal while it is written.

    Args:
        sender: What sends.
        warn: Told when no server answers, and when the server refuses what the journal holds; then the thread ends.
    """

    def __init__(self, sender: Sender, warn: Callable[[str], None]) -> None:
        self._sender = sender
        self._warn = warn
        self._stop = threading.Event()
        self._wanted = threading.Event()  # somebody waits
        self._empty = threading.Condition()
        self._rounds = 0  # rounds after which nothing was left
        self._over = False  # whether the thread has given up
        self._away = False  # whether no server answered the last time
        self._thread = threading.Thread(target=self._run, name="assay-sender", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        tries = 0
        while True:
            last = self._stop.is_set()
            try:
                self._sender.send()
            except Exception as error:  # noqa: BLE001 -- it must be told, and not end anything else
                if isinstance(error, FINAL) or not isinstance(error, AssayError):
                    self._warn(f"This run cannot be sent: {error}; what is logged is kept on this machine")
                    with self._empty:
                        self._over = True
                        self._empty.notify_all()
                    return
                if tries == 0:
                    self._warn(f"{error.message}: what is logged is kept on this machine and sent later")
                with self._empty:
                    self._away = True
                    self._empty.notify_all()
                if last:
                    return
                self._stop.wait(PATIENCE_S[min(tries, len(PATIENCE_S) - 1)])
                tries += 1
                continue
            tries, self._away = 0, False
            with self._empty:
                self._rounds += 2 if last else 1  # nothing is logged behind the last one
                self._empty.notify_all()
            if last:
                return
            self._wanted.wait(REST_S)
            self._wanted.clear()

    def flush(self, timeout_s: float) -> bool:
        """Whether the server has all that was logged before the call, within the time."""
        return self._reached(self._rounds + 2, timeout_s)  # the round under way may have looked before

    def _reached(self, goal: int, timeout_s: float, *, or_away: bool = False) -> bool:
        def reached() -> bool:
            self._wanted.set()
            return self._rounds >= goal or self._over or (or_away and self._away)

        with self._empty:
            self._empty.wait_for(reached, timeout_s)
            return self._rounds >= goal

    def close(self, timeout_s: float) -> bool:
        """Sends what is left and ends; whether that was done in time. Where no server answers, that time is short."""
        goal = self._rounds + 2
        sent = self._reached(goal, timeout_s, or_away=True)
        if not sent and self._away:
            self._stop.set()  # the last try
            sent = self._reached(goal, min(timeout_s, AWAY_S))
        self._stop.set()
        self._wanted.set()
        self._thread.join(AWAY_S)
        return sent
