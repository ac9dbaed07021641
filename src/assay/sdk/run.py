"""A run, as the code that trains sees it. Logging to it costs microseconds, and never raises into training."""

from __future__ import annotations

import atexit
import json
import math
import os
import re
import secrets
import shutil
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from operator import index
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from assay.sdk.config import Config, plain
from assay.sdk.durable import write_file
from assay.sdk.home import address_of, default_home, is_held, token_for
from assay.sdk.journal.journal import Journal
from assay.sdk.records import BEGUN, POINTS, Keys, packer, said
from assay.wire.errors import AssayError, InvalidInput

if TYPE_CHECKING:
    from assay.sdk.sender import Background

UID = re.compile(r"[0-9a-f]{32}\Z")
KEY_BOUND = 250
FINISH_S = 60.0
MODES = ("online", "offline", "disabled")


class Run:
    """What one execution logs. Made by `assay.init()`; a context manager that ends the run.

    Thread-safe. After a fork the child logs to the same run, as a writer of its own.
    """

    def __init__(self, begun: dict[str, Any], home: Path, mode: str, url: str | None) -> None:
        self.id: str = begun["id"]
        self.name: str = begun["name"]
        self.mode = mode
        self.url = url
        self._home = home
        self._pid = os.getpid()
        self._warned: set[str] = set()
        self._ended = False
        self._folder: Path = home / "journal" / self.id
        self._begun = json.dumps(begun).encode()
        self.config = Config(self._configure, begun.get("config") or {})
        self._begin_in_this_process()
        if mode != "disabled":
            self._kept("begin the run", lambda: self._prepare({}))
            _runs.add(self)

    def _begin_in_this_process(self) -> None:
        self._step = 0
        self._lock = threading.RLock()
        self._journal = Journal(self._new_folder)
        self._append = self._journal.append if self.mode != "disabled" else _nowhere
        self._keys: Keys | None = None
        self._numbers: dict[str, int] = {}
        self._sender: Background | None = None

    def _new_folder(self) -> Path:
        return self._folder / f"{os.getpid()}-{secrets.token_hex(6)}"

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """The values are logged at the step; without one, at the step after the last.

        Nested mappings become keys joined by `/`. It never raises: what cannot be logged is warned of once.
        """
        time_us = time.time_ns() // 1_000
        if step is None:
            step = self._step
        try:
            numbers = self._numbers
            pairs: list[Any] = []
            for key, value in values.items():
                pairs += (numbers[key], value)
            self._append(packer(len(values))(POINTS, step, time_us, *pairs), len(values))
            self._step = step + 1
        except OSError as error:
            self._warn_of_loss(error)
        except Exception:  # noqa: BLE001 -- a new key, a nested mapping, or something that is no number
            self._log_carefully(values, step, time_us)

    def _warn_of_loss(self, error: OSError) -> None:
        self._warn("disk", f"The journal cannot be written ({error.strerror}): what is logged now is lost")

    def _log_carefully(self, values: Mapping[str, Any], step: Any, time_us: int) -> None:
        if self.mode == "disabled":
            return
        if self._ended:
            self._warn("ended", "Not logged: the run has ended")
            return
        try:
            number = index(step)
            if not -(2**63) <= number < 2**63:
                raise ValueError(f"the step {number} has more than 64 bits")
            flat = self._flat(values)
            if not flat:
                return
            with self._lock:
                self._prepare_or_count(flat)
                pairs = [part for key, value in flat.items() for part in (self._numbers[key], value)]
                self._journal.append(packer(len(flat))(POINTS, number, time_us, *pairs), len(flat))
                self._step = number + 1
        except OSError as error:
            self._warn_of_loss(error)
        except Exception as error:  # noqa: BLE001 -- logging never raises into training
            self._warn(str(error), f"Not logged: {error}")

    def _prepare_or_count(self, flat: Mapping[str, float]) -> None:
        try:
            self._prepare(flat)
        except OSError:
            self._journal.lost += len(flat)
            raise

    def _flat(self, values: Mapping[str, Any], before: str = "") -> dict[str, float]:
        found: dict[str, float] = {}
        for name, value in values.items():
            key = f"{before}{name}"
            if isinstance(value, Mapping):
                found |= self._flat(value, f"{key}/")
                continue
            if not key.strip() or len(key) > KEY_BOUND or "\0" in key or not _storable(key):
                self._warn(key, f"Not logged: {key[:50]!a} is no key of 1 to {KEY_BOUND} characters")
                continue
            try:
                found[key] = math.nan if value is None else float(value)
            except Exception:  # noqa: BLE001 -- whatever a tensor says to that
                self._warn(key, f"Not logged: {key!r} is a {type(value).__name__}, no number that fits")
        return found

    def _prepare(self, keys: Mapping[str, Any]) -> None:
        """The journal and its sender are there, and the keys have numbers. Raises OSError."""
        if self._keys is None:
            self._journal.open()
            assert self._journal.folder is not None
            write_file(self._journal.folder / BEGUN, self._begun)
            self._keys = Keys(self._journal.folder)
            self._numbers = self._keys.numbers
            if self.mode == "online" and self.url is not None:
                # HTTP takes half of the import's time. What the end needs is loaded too: making a dataclass while a
                # program ends by Ctrl-C would change its exit status.
                import assay.sdk.sync  # noqa: F401, PLC0415
                from assay.sdk.sender import Background, Sender  # noqa: PLC0415

                sender = Sender(self.id, self._journal.folder, self.url, self._token, self._warn_of_sending)
                self._sender = Background(sender, self._warn_of_sending)
        self._keys.add(keys)

    def _token(self) -> str | None:
        try:
            return token_for(self.url or "", self._home)
        except AssayError as error:
            self._warn("token", f"{error}")
            return None

    def _say(self, fields: dict[str, Any]) -> None:
        if self.mode == "disabled":
            return
        if self._ended:
            self._warn("ended", "Not kept: the run has ended")
            return
        self._kept("say so", lambda: self._said(fields))

    def _configure(self, values: Mapping[str, Any]) -> None:
        self._kept("keep the config", lambda: self._say({"config": plain(values)}))

    def _said(self, fields: dict[str, Any]) -> None:
        with self._lock:
            self._prepare({})
            self._journal.append(said(fields), 0)

    def _kept(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            self._warn(what, f"Cannot {what}: {error.strerror} ({error.filename})")
        except Exception as error:  # noqa: BLE001 -- as logging
            self._warn(str(error), f"Cannot {what}: {error}")

    def _warn_of_sending(self, text: str) -> None:
        self._warn(text, text)

    def _warn(self, key: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            with suppress(Exception):  # a closed standard error
                print(f"assay: {text}", file=sys.stderr)

    def flush(self, timeout_s: float = FINISH_S) -> bool:
        """Whether a server has all that was logged before the call, within the time; False without a server."""
        return self._sender is not None and self._sender.flush(timeout_s)

    def finish(self, status: str = "finished", timeout_s: float = FINISH_S) -> None:
        """The run has ended, and a server knows it, or will: what it did not get in time is sent later.

        A process that was forked ends only its own part. Doing so twice is fine.
        """
        if self._ended:
            return
        if os.getpid() == self._pid and _leads():
            self._say({"status": status, "end_us": time.time_ns() // 1_000})
        self._ended = True
        self._numbers = {}  # so that a later call looks twice
        self._kept("end the run", lambda: self._finish(timeout_s))
        if self._journal.lost:
            self._warn("lost", f"{self._journal.lost} values were lost: the disk did not take them")
        _runs.discard(self)
        _forget(self)

    def _finish(self, timeout_s: float) -> None:
        sent = self._sender is None or self._sender.close(timeout_s)
        self._journal.close()
        if self._sender is not None and sent:
            if self._journal.folder is not None:
                shutil.rmtree(self._journal.folder, ignore_errors=True)
            if self.url is not None and os.getpid() == self._pid:  # what forked processes left
                from assay.sdk.sync import sync_run  # noqa: PLC0415 -- as above

                sent = not sync_run(self._folder, self.url, self._token, self._warn_of_sending).failed
        if not sent:
            self._warn("left", "Not all is sent yet. Send it later with: assay sync")

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or (isinstance(error, SystemExit) and not error.code):
            self.finish()
        else:
            self.finish("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    def __repr__(self) -> str:
        return f"<assay run {self.name or self.id} ({self.mode})>"


def _nowhere(body: bytes, items: int = 1) -> None:
    """Where a disabled run logs to."""


def _leads() -> bool:
    """Whether this process speaks for a run that several ranks write: torchrun and Slurm number them."""
    return (os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0") == "0"


_current: Run | None = None
_failure: BaseException | None = None
_runs: weakref.WeakSet[Run] = weakref.WeakSet()  # that have not ended


def _forget(run: Run) -> None:
    global _current
    if _current is run:
        _current = None


def _forked() -> None:
    """In the child: another writer, which begins with its first call."""
    for run in list(_runs):
        run._begin_in_this_process()


def _at_exit() -> None:
    for run in list(_runs):
        interrupted = isinstance(_failure, KeyboardInterrupt)
        run.finish("finished" if _failure is None else "interrupted" if interrupted else "failed")


os.register_at_fork(after_in_child=_forked)
atexit.register(_at_exit)


def _storable(text: str) -> bool:
    """Whether the text is valid Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _watch_failures() -> None:
    """What ends the program is known when its runs are ended."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _failure
        _failure = error
        before(kind, error, trace)

    sys.excepthook = hook


def init(
    experiment: str = "Default",
    name: str = "",
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parent: str | None = None,
    id: str | None = None,
    mode: str | None = None,
) -> Run:
    """A new run, or the one that this process has already.

    With a server (`ASSAY_URL`, or one that runs on the home) what is logged is sent to it; without one it is kept
    below the home, for `assay sync`.

    Args:
        experiment: Its experiment, which is made where it is missing.
        name: What people call it.
        config: Its hyperparameters, nested or not.
        tags: Texts to find it by.
        parent: The id of the run that it belongs to.
        id: Its own id, 32 hex digits: for several processes that write one run, or to go on with one.
        mode: "online", "offline" or "disabled". [ASSAY_MODE]

    Raises:
        InvalidInput: The mode is not known, or the id is none.
    """
    global _current
    if _current is not None and not _current._ended:
        print(f"assay: this process has a run already: {_current!r}", file=sys.stderr)
        return _current
    home = default_home()
    mode = mode or os.environ.get("ASSAY_MODE") or ""
    if mode and mode not in MODES:
        raise InvalidInput(
            f"{mode!r} is no mode", field="mode", bound=", ".join(MODES), remedy=f"give one of {', '.join(MODES)}"
        )
    url = os.environ.get("ASSAY_URL") or (address_of(home) if is_held(home) else None)
    mode = mode or ("online" if url else "offline")
    id = id or os.environ.get("ASSAY_RUN_ID") or uuid.uuid4().hex
    if not UID.match(id):  # it becomes the name of a folder
        raise InvalidInput(f"{id[:100]!r} is no run id", field="id", remedy="give 32 hex digits, or none")
    begun = {
        "id": id,
        "experiment": experiment,
        "name": name,
        "parent": parent,
        "user": os.environ.get("USER", ""),
        "start_us": time.time_ns() // 1_000,
        "tags": {str(key): str(value) for key, value in (tags or {}).items()},
        "config": plain(config) if config else None,
    }
    if _failure is None and not getattr(sys.excepthook, "__assay__", False):
        _watch_failures()
        sys.excepthook.__assay__ = True  # type: ignore[attr-defined]
    _current = Run(begun, home, mode, url if mode == "online" else None)
    return _current
