"""Sends what a journal holds to a server, each item once, and lets go of what the server has."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Sequence
from errno import EMFILE, ENFILE, ENOENT, ENOMEM
from pathlib import Path
from typing import Any

from assay.sdk import http
from assay.sdk.batches import Batch, encodable, packed_values
from assay.sdk.outbox import Outbox
from assay.sdk.records import CONSOLE, FILE, NUMBER, POINTS, SAID, VALUE, count_of, document
from assay.wire.errors import AssayError, Conflict, InvalidInput, NotFound, RuleViolation, TooLarge
from assay.wire.points import MEDIA_TYPE

# What trying again does not mend: the run is deleted, purged or rewound, or the journal holds what no server takes.
FINAL = (NotFound, RuleViolation, Conflict, InvalidInput, TooLarge)
MOST = 32_000  # points a request
MOST_LINES = 5_000  # lines or values a request, as far as they have no more bytes than the next
MOST_BYTES = 512 << 10
FILLED = 1_000  # items a request, in whose place it says that they were refused
PATH_BYTES = 4_096  # of a file in the run's tree: what a URL can hold on all ways to a server
BEAT_S = 60.0  # a run whose writers are silent for five minutes is shown as lost
ASK_S = 5.0  # between two questions whether the run is to stop
AWAY_S = 2.0  # for a last try, where no server answers
FILE_TIMEOUT_S = 600.0  # without a byte that gets on
DROPPED = (  # of how a run began, if the server does not take it all
    ("config",),
    ("tags",),
    ("name",),
    ("user",),
    ("parent",),
    ("group",),
    ("config", "tags", "name", "user", "parent", "group"),
)
SHORT = (EMFILE, ENFILE, ENOMEM)
REST_S = 0.2  # between two looks at a journal that is written to
PATIENCE_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # between tries while no server answers


class Sender:
    """Sends one outbox, from where the server has got to.

    Args:
        run_id: The run that it is of.
        outbox: What waits.
        url: The server.
        token: Tells who sends, where the server may know; asked each time that the server is met anew.
        warn: Told what the server does not take: a config, tag or value that breaks a bound is left out, the points
            go on.
        on_stop: Called when the server says that the run is to stop; None: it is not asked.
    """

    def __init__(
        self,
        run_id: str,
        outbox: Outbox,
        url: str,
        token: Callable[[], str | None],
        warn: Callable[[str], None],
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._run_id = run_id
        self._outbox = outbox
        self._url = url
        self._ask_token = token
        self._token: str | None = None
        self._warn = warn
        self._on_stop = on_stop
        self._waiting: list[tuple[int, bytes]] = []  # records that were taken and are not sent yet
        self._next = 0  # the number that the server wants
        self._epoch = 0
        self._begun = False
        self._heard_s = self._asked_s = 0.0

    def begin(self) -> None:
        """The server knows the run and the writer. Raises what it answers; Unavailable."""
        if self._begun:
            return
        self._token = self._ask_token()
        self._begin_run(self._outbox.begun())
        writer = {"name": self._outbox.name, "heartbeats": True}
        told = http.post(self._url, f"runs/{self._run_id}/writers", writer, token=self._token)
        self._next, self._epoch = told["next"], told["epoch"]
        self._begun, self._heard_s = True, time.monotonic()

    def _begin_run(self, begun: dict[str, Any]) -> None:
        """The run is there, without what of its beginning the server does not take."""
        given = {**begun, "start_us": max(begun["start_us"], 0)}
        told: AssayError | None = None
        for parts in ((), *DROPPED, tuple(name for name in given if name not in ("id", "start_us"))):
            if parts and not any(given.get(name) for name in parts):
                continue
            kept = {name: value for name, value in given.items() if name not in parts}
            try:
                http.post(self._url, "runs", kept, token=self._token)
            except (InvalidInput, TooLarge) as error:
                told = told or error
                continue
            if told is not None:
                without = ", ".join(name for name in parts if given.get(name))
                self._warn(f"Begun without {without}: {told}")
            return
        raise told or InvalidInput("The run cannot begin", field="id")

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
        while self._waiting or (found := self._outbox.take()):
            if not self._waiting:
                self._waiting = found
            while self._waiting:
                count += self._send_some()
                self._beat()
            self._outbox.forget()
        self._beat()
        return count

    def _beat(self) -> None:
        """The server hears now and then that this writer lives, and says whether the run is to stop."""
        now = time.monotonic()
        if now - self._heard_s >= BEAT_S:
            path = f"runs/{self._run_id}/heartbeat"
            http.post(self._url, path, {"name": self._outbox.name}, token=self._token)
            self._heard_s = now
        if self._on_stop is not None and now - self._asked_s >= ASK_S:
            self._asked_s = now
            if http.get(self._url, f"runs/{self._run_id}/state", token=self._token)["stop"]:
                self._on_stop()
                self._on_stop = None

    def _send_some(self) -> int:
        """Sends as many of the first waiting records as go together; how many those were."""
        kind, size, items = self._kind(self._waiting[0][1]), 0, 0
        bound, most = (1 << 62, MOST) if kind == (POINTS, "") else (MOST_BYTES, MOST_LINES)
        together: list[tuple[int, bytes]] = []
        for number, body in self._waiting:
            if together and (self._kind(body) != kind or size + len(body) > bound or items >= most):
                break
            together.append((number, body))
            size += len(body)
            items += count_of(body)
            if kind[0] in (SAID, FILE):
                break
        new = [(number, body) for number, body in together if number + count_of(body) > self._next]
        if kind[0] == SAID:
            self._send_said(together[0][1])
        elif kind[0] == FILE:
            self._send_file(together[0][1])
        elif new:
            self._next = self._send_items(kind, new)
        del self._waiting[: len(together)]
        return len(together)

    def _kind(self, body: bytes) -> tuple[int, str]:
        """What goes together in one request."""
        if body[0] == VALUE:
            return VALUE, NUMBER if document(body)["kind"] == NUMBER else ""
        return body[0], ""

    def _send_items(self, kind: tuple[int, str], new: Sequence[tuple[int, bytes]]) -> int:
        """Sends records of one kind that the server does not have; the number that it wants next."""
        try:
            return self._send_whole(kind, new)
        except (InvalidInput, TooLarge) as error:
            if len(new) > 1:  # the others are to arrive
                middle = len(new) // 2
                self._next = self._send_items(kind, new[:middle])
                return self._send_items(kind, new[middle:])
            self._warn(f"Not kept: {error}")
            return self._fill(*new[0], str(error)[:1_000])

    def _send_whole(self, kind: tuple[int, str], new: Sequence[tuple[int, bytes]]) -> int:
        first = new[0][0]
        if kind == (POINTS, ""):
            batch = Batch()
            for number, body in new:
                batch.add(number, body)
            return self._send_points(first, batch.packed(self._outbox.keys()))
        if kind[0] == CONSOLE:
            lines = [
                (stream, max(time_us, 0), encodable(text))
                for _, body in new
                for stream, time_us, text in document(body)
            ]
            return self._post(first, "console", {"lines": lines})
        values = [{**value, "time_us": max(value["time_us"], 0)} for value in (document(body) for _, body in new)]
        if kind == (VALUE, NUMBER):
            return self._send_points(first, packed_values(values))
        return self._post(first, "values", values)

    def _fill(self, first: int, body: bytes, why: str) -> int:
        """The numbers of a record that the server refuses are used up: a text that says why stands in its place."""
        told = document(body) if body[0] == VALUE else {}
        refused = {
            "key": "assay/refused",
            "step": told.get("step", 0),
            "time_us": max(told.get("time_us", 0), 0),
            "kind": "text",
            "document": why,
            "context": None,
        }
        reached, end = first, first + count_of(body)
        while reached < end:
            reached = self._post(reached, "values", [refused] * min(end - reached, FILLED))
        return reached

    def _send_points(self, first: int, body: bytes) -> int:
        return self._numbered(first, "points", body, MEDIA_TYPE)

    def _post(self, first: int, what: str, body: Any) -> int:
        return self._numbered(first, what, json.dumps(body).encode(), "application/json")

    def _numbered(self, first: int, what: str, data: bytes, kind: str) -> int:
        """Sends what counts from this number on; the number that the server wants next."""
        query: dict[str, Any] = {"writer": self._outbox.name, "first": first, "epoch": self._epoch}
        return int(http.send(self._url, f"runs/{self._run_id}/{what}", data, kind, token=self._token, **query)["next"])

    def _send_said(self, body: bytes) -> None:
        try:
            http.patch(self._url, f"runs/{self._run_id}", document(body), token=self._token)
        except (InvalidInput, TooLarge) as error:
            self._warn(f"Not kept: {error}")

    def _send_file(self, body: bytes) -> None:
        told = document(body)
        copied = told.get("copy")
        try:
            place = self._outbox.copy_of(copied) if copied else Path(told["place"])
            found = place.stat()
            if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
                raise FileNotFoundError(ENOENT, "it is no file", str(place))
            if not copied and (found.st_size, found.st_mtime_ns) != (told["size"], told["mtime_ns"]):
                self._warn(f"{place} has changed since it was logged: it is kept as it is now")
            if len(told["path"].encode()) > PATH_BYTES:
                raise InvalidInput(f"The path {told['path'][:100]!r}... is too long", field="path", bound=PATH_BYTES)
            path = f"runs/{self._run_id}/files/{http.quoted_path(told['path'])}"
            with place.open("rb") as file:
                http.put_file(self._url, path, file, found.st_size, token=self._token, timeout_s=FILE_TIMEOUT_S)
        except UnicodeEncodeError:
            self._warn(f"Not kept: {told['path']!a} is no path of Unicode")
        except (InvalidInput, TooLarge) as error:
            self._warn(f"Not kept: {error}")
        except OSError as error:
            if error.errno in SHORT:  # of descriptors or memory, which come back
                raise
            if not (copied and isinstance(error, FileNotFoundError)):  # a copy is deleted when it has arrived
                self._warn(f"Not kept: {told['path']} cannot be read any more ({error.strerror})")


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
                # Descriptors and memory come back. This process has others that need them.
                if isinstance(error, FINAL) or not isinstance(error, (AssayError, OSError, MemoryError)):
                    self._warn(f"This run cannot be sent: {error}; what is logged is kept on this machine")
                    with self._empty:
                        self._over = True
                        self._empty.notify_all()
                    return
                if tries == 0:
                    why = error.message if isinstance(error, AssayError) else error
                    self._warn(f"{why}: what is logged is kept on this machine and sent later")
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
