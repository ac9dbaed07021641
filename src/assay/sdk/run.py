"""A run, as the code that trains sees it. Logging to it costs microseconds, and never raises into training."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from assay.sdk.config import Config, Summary, plain
from assay.sdk.keeping import KEY_BOUND, Keeping, checked_step, is_key
from assay.sdk.recorder import Recorder, Warned
from assay.sdk.records import NUMBER, POINTS, packer
from assay.wire.keys import SUMMARY

if TYPE_CHECKING:
    from assay.sdk.capture.capture import Capture
    from assay.sdk.reading.files import RunFile
    from assay.sdk.reading.history import History

FINISH_S = 60.0


class Stopped(SystemExit):
    """Somebody asked the run to stop. Raised by its next `log` in the main thread; it ends the program quietly."""

    def __init__(self) -> None:
        super().__init__(143)  # as a program that SIGTERM has ended


class Run(Keeping):
    """What one execution logs. Made by `assay.init()`; a context manager that ends the run.

    Thread-safe. After a fork the child logs to the same run, as a writer of its own.

    Args:
        begun: How it began.
        mode: online, offline or disabled.
        url: Where it is sent; None: nowhere yet.
        home: Where it is kept.
        on_stop: Called when somebody asks the run to stop, instead of raising `Stopped`.
        ended: Called when the run has ended.
    """

    def __init__(
        self,
        begun: dict[str, Any],
        mode: str,
        url: str | None,
        home: Path,
        on_stop: Callable[[], object] | None,
        ended: Callable[[Run], object],
    ) -> None:
        self.id: str = begun["id"]
        self.name: str = begun["name"]
        self.mode = mode
        self.url = url
        self._pid = os.getpid()
        self._warned = Warned()
        self._on_stop = on_stop
        self._ended = False
        self._ending: int | None = None  # the thread that ends the run
        self._over = threading.Event()
        self._tell_end = ended
        self._stop = ""  # "", asked, told
        self._step = 0
        self._sample = 0  # the step of the next system metrics
        self._capture: Capture | None = None
        self._recorder = None if mode == "disabled" else Recorder(begun, home, url, self._warned, self._ask_to_stop)
        self.config = Config(self._configure, self._default, begun.get("config") or {})
        self.summary = Summary(self._sum_up)
        if self._recorder is not None:
            self._kept("begin the run", self._recorder.prepare)

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """The values are logged at the step; without one, at the step after the last.

        Nested mappings become keys joined by `/`; a text is kept as a logged text. It never raises: what cannot be
        logged is warned of once.
        """
        time_us = time.time_ns() // 1_000
        recorder = self._recorder
        if recorder is None:
            return
        if step is None:
            step = self._step
        try:
            numbers = recorder.numbers
            pairs: list[Any] = []
            for key, value in values.items():
                pairs += (numbers[key], value)
            recorder.append(packer(len(values))(POINTS, step, time_us, *pairs), len(values))
            self._step = step + 1
        except OSError as error:
            self._warn_of_loss(error)
        except Exception:  # noqa: BLE001 -- a new key, a nested mapping, or something that is no number
            self._log_carefully(recorder, values, step, time_us)

    def _warn_of_loss(self, error: OSError) -> None:
        self._warned.warn("disk", f"The journal cannot be written ({error.strerror}): what is logged now is lost")

    def _log_carefully(self, recorder: Recorder, values: Mapping[str, Any], step: Any, time_us: int) -> None:
        self._stop_here(recorder)
        if self._ended:
            self._warned.warn("ended", "Not logged: the run has ended")
            return
        try:
            number = checked_step(step)
            texts: dict[str, str] = {}
            flat = self._flat(values, texts)
            with recorder.lock:
                if flat:
                    self._log_points(recorder, flat, number, time_us)
                for key, text in texts.items():
                    self._log_text(recorder, key, text, number, time_us)
                if flat or texts:
                    self._step = number + 1
        except OSError as error:
            self._warn_of_loss(error)
        except Exception as error:  # noqa: BLE001 -- logging never raises into training
            self._warned.warn(str(error), f"Not logged: {error}")

    def _log_points(self, recorder: Recorder, flat: Mapping[str, float], step: int, time_us: int) -> None:
        try:
            numbers = recorder.prepare(flat)  # the recorder's own may be empty, so that the main thread looks twice
        except OSError:
            recorder.lose(len(flat))
            raise
        pairs = [part for key, value in flat.items() for part in (numbers[key], value)]
        recorder.append(packer(len(flat))(POINTS, step, time_us, *pairs), len(flat))

    def _flat(self, values: Mapping[str, Any], texts: dict[str, str], before: str = "") -> dict[str, float]:
        found: dict[str, float] = {}
        for name, value in values.items():
            key = f"{before}{name}"
            if isinstance(value, Mapping):
                found |= self._flat(value, texts, f"{key}/")
                continue
            if not is_key(key):
                self._warned.warn(key, f"Not logged: {key[:50]!a} is no key of 1 to {KEY_BOUND} characters")
                continue
            if isinstance(value, str):
                texts[key] = value
                continue
            try:
                found[key] = math.nan if value is None else float(value)
            except Exception:  # noqa: BLE001 -- whatever a tensor says to that
                self._warned.warn(key, f"Not logged: {key!r} is a {type(value).__name__}, no number that fits")
        return found

    def _ask_to_stop(self) -> None:
        if self._on_stop is not None:
            self._stop = "told"
            # It may end the run, which waits for the thread that asks here, and may raise.
            threading.Thread(target=self._on_stop, name="assay-stop", daemon=True).start()
        elif self._recorder is not None and not self._stop:
            self._stop = "asked"
            self._recorder.look_twice()

    def _stop_here(self, recorder: Recorder) -> None:
        """Raises Stopped, once, if somebody asked for it and this is the main thread."""
        if self._stop == "asked" and threading.current_thread() is threading.main_thread():
            self._stop = "told"
            recorder.look_twice(again=True)
            self._warned.warn("stop", "Somebody asked this run to stop")
            raise Stopped

    # What else is said of a run. None of it raises.

    def _say(self, what: str, act: Callable[[Recorder], object]) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        if self._ended:
            self._warned.warn("ended", "Not kept: the run has ended")
            return
        self._kept(what, lambda: act(recorder))

    def _kept(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            self._warned.warn(what, f"Cannot {what}: {error.strerror} ({error.filename})")
        except Exception as error:  # noqa: BLE001 -- as logging
            self._warned.warn(str(error), f"Cannot {what}: {error}")

    def _configure(self, values: Mapping[str, Any]) -> None:
        self._say("keep the config", lambda recorder: recorder.say({"config": plain(values)}))

    def _default(self, values: Mapping[str, Any]) -> None:
        self._say("keep the defaults", lambda recorder: recorder.say({"defaults": plain(values)}))

    def _sum_up(self, values: Mapping[str, Any]) -> None:
        def act(recorder: Recorder, key: str, value: Any) -> None:
            if not is_key(key):
                raise ValueError(f"{key[:50]!a} is no key of 1 to {KEY_BOUND} characters")
            kind, document = summed_up(value)
            at = {"key": key, "step": 0, "time_us": time.time_ns() // 1_000, "context": SUMMARY}
            recorder.log_value({**at, "kind": kind, "document": document})

        for key, value in values.items():  # one that is none costs no others
            self._say("keep the summary", partial(act, key=str(key), value=value))

    def _moment(self, step: int | None) -> tuple[int, int]:
        return max(self._step - 1, 0) if step is None else checked_step(step), time.time_ns() // 1_000

    def tag(self, tags: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """The run has these tags; None takes one away."""

        def act(recorder: Recorder) -> None:
            given = {**(tags or {}), **more}
            recorder.say({"tags": {str(key): None if value is None else str(value) for key, value in given.items()}})

        self._say("keep the tags", act)

    def note(self, text: str) -> None:
        """This is what people should know of the run; Markdown."""
        self._say("keep the note", lambda recorder: recorder.say({"note": str(text)}))

    # Reading back what a server has.

    def history(self, key: str) -> History:
        """All points of a key that the server has. Raises Unavailable without a server, NotFound."""
        from assay.sdk.reading import history, server  # noqa: PLC0415 -- HTTP is slow to import, as next

        return history.history(server.server_at(self.url), self.id, key)

    @property
    def files(self) -> list[RunFile]:
        """The files of the run that the server has. Raises as `history` does."""
        from assay.sdk.reading import files, server  # noqa: PLC0415

        return files.files(server.server_at(self.url), self.id)

    def download(self, path: str = "", into: str | os.PathLike[str] = ".") -> Path:
        """The file, or the folder with all below it, lies in `into`; where. Raises as `history` does, OSError."""
        from assay.sdk.reading import files, server  # noqa: PLC0415

        return files.download(server.server_at(self.url), self.id, path, Path(into))

    # How it goes on, and ends.

    def go_on(self, step: int) -> None:
        """A run that had ended is running again; its next step is this one."""
        self._step = step
        self._say("go on", lambda recorder: recorder.say({"status": "running"}))

    def capture(self, what: Sequence[str]) -> None:
        """What this process prints (`console`) and uses (`system`) is logged by itself until the run ends."""
        if self._recorder is not None and what:
            from assay.sdk.capture.capture import Capture  # noqa: PLC0415 -- not by all

            self._capture = Capture(what, self._log_line, self._log_system)
            self._kept("capture the console", self._capture.start)

    def _log_line(self, stream: str, time_us: int, text: str) -> None:
        if self._recorder is not None and not self._ended:
            with suppress(Exception):  # a word about a word would have no end
                self._recorder.log_lines([(stream, time_us, text.replace("\0", "\ufffd"))])

    def _log_system(self, values: Mapping[str, float], time_us: int) -> None:
        recorder = self._recorder
        if recorder is not None and not self._ended:
            with suppress(Exception), recorder.lock:  # the next sample may be kept
                self._log_points(recorder, values, self._sample, time_us)
            self._sample += 1

    def flush(self, timeout_s: float = FINISH_S) -> bool:
        """Whether a server has all that was logged before the call, within the time; False without a server."""
        return self._recorder is not None and self._recorder.flush(timeout_s)

    def finish(self, status: str = "", timeout_s: float = FINISH_S) -> None:
        """The run has ended, and a server knows it, or will: what it did not get in time is sent later.

        A process that was forked ends only its own part. Doing so twice is fine.

        Args:
            status: finished, failed, interrupted or stopped. [finished, or stopped if somebody asked for that]
            timeout_s: How long to wait for the server.
        """
        if self._ending is not None:
            if self._ending != threading.get_ident():  # else a signal handler that interrupted this
                self._over.wait(timeout_s)
            return
        self._ending = threading.get_ident()
        try:
            self._finish(status, timeout_s)
        finally:
            self._over.set()
            if not self._ended:  # it was interrupted: somebody may do it again
                self._ending = None
                self._over.clear()

    def _finish(self, status: str, timeout_s: float) -> None:
        mine = os.getpid() == self._pid
        if self._capture is not None and mine:
            self._kept("end the capture", self._capture.stop)
        if mine and leads():
            status = status or ("stopped" if self._stop == "told" else "finished")
            fields = {"status": status, "end_us": time.time_ns() // 1_000}
            self._say("say that the run has ended", lambda recorder: recorder.say(fields))
        self._ended = True
        if self._recorder is not None:
            self._kept("end the run", lambda: self._close(timeout_s, leads=mine))
        self._tell_end(self)

    def _close(self, timeout_s: float, *, leads: bool) -> None:
        recorder = self._recorder
        assert recorder is not None
        recorder.look_twice()
        if not recorder.close(timeout_s, leads=leads):
            self._warned.warn("left", "Not all is sent yet. Send it later with: assay sync")
        if recorder.lost:
            self._warned.warn("lost", f"{recorder.lost} values were lost: there was no room for them")

    def forked(self) -> None:
        """In the child of a fork: another writer, which begins with its first word."""
        self._capture = None
        self._step = 0
        self._ending = None
        self._over = threading.Event()
        if self._recorder is not None:
            self._recorder.begin_in_this_process()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or isinstance(error, Stopped) or (isinstance(error, SystemExit) and not error.code):
            self.finish()
        else:
            self.finish("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    def __repr__(self) -> str:
        return f"<assay run {self.name or self.id} ({self.mode})>"


def summed_up(value: Any) -> tuple[str, Any]:
    """The kind and document of a value of the summary. Raises ValueError for a number that no float holds."""
    if value is None or isinstance(value, (bool, str, Mapping, list, tuple)):
        return "json", plain(value)
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("a number of the summary is larger than any float") from error
    except Exception:  # noqa: BLE001 -- whatever an array says to that
        return "json", plain(value)
    return NUMBER, number if math.isfinite(number) else str(number)


def leads() -> bool:
    """Whether this process speaks for a run that several ranks write: torchrun and Slurm number them."""
    return (os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0") == "0"
