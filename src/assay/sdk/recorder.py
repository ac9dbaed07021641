"""What a run says in one process: kept in a journal, sent to a server where there is one."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.sdk.durable import write_file
from assay.sdk.home import token_for
from assay.sdk.journal.journal import Journal
from assay.sdk.outbox import COPIES, Folder
from assay.sdk.records import BEGUN, CONSOLE, FILE, SAID, VALUE, Keys, append_keys, written
from assay.wire.errors import AssayError

if TYPE_CHECKING:
    from assay.sdk.journal.memory import Memory
    from assay.sdk.sender import Background

COPY_BYTES = 64 << 20  # of a file that is kept by copy


class Warned:
    """Warnings, each said once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def warn(self, key: str, text: str) -> None:
        """It is said on standard error, unless one of this key was."""
        if key not in self._said:
            self._said.add(key)
            with suppress(Exception):  # a closed standard error
                print(f"assay: {text}", file=sys.stderr)


class Recorder:
    """Keeps and sends what a process says of a run; after a fork it begins anew, as another writer.

    Args:
        begun: How the run began.
        home: Where journals lie.
        url: Where to send; None: nowhere yet.
        warned: Who is told.
        on_stop: Called when the server says that the run is to stop, by another thread.
    """

    def __init__(
        self, begun: dict[str, Any], home: Path, url: str | None, warned: Warned, on_stop: Callable[[], None]
    ) -> None:
        self.url = url
        self.run_id: str = begun["id"]
        self._begun = begun
        self._home = home
        self._folder: Path = home / "journal" / self.run_id
        self._warned = warned
        self._on_stop = on_stop
        self.begin_in_this_process()

    def begin_in_this_process(self) -> None:
        """Nothing is said yet; the first word opens a journal."""
        self.lock = threading.RLock()
        self.numbers: dict[str, int] = {}  # of the keys that points may use
        self._journal: Journal | Memory = Journal(self._new_folder)
        self.append = self._journal.append
        self._keys: Keys | None = None
        self._sender: Background | None = None

    def _new_folder(self) -> Path:
        return self._folder / f"{os.getpid()}-{secrets.token_hex(6)}"

    def prepare(self, keys: Iterable[str] = ()) -> Mapping[str, int]:
        """The journal and its sender are there, and the keys have numbers: these. Raises OSError."""
        if self._keys is None:
            outbox = self._opened()
            self.numbers = self._keys.numbers if self._keys else {}
            if self.url is not None:
                # HTTP takes half of the import's time. What the end needs is loaded too: making a dataclass while a
                # program ends by Ctrl-C would change its exit status.
                import assay.sdk.sync  # noqa: F401, PLC0415
                from assay.sdk.sender import Background, Sender  # noqa: PLC0415

                sender = Sender(self.run_id, outbox, self.url, self.token, self._warn_of_sending, self._on_stop)
                self._sender = Background(sender, self._warn_of_sending)
        assert self._keys is not None
        self._keys.add(keys)
        return self._keys.numbers

    def look_twice(self, *, again: bool = False) -> None:
        """Whoever logs finds no key and takes the careful path; or, after that, finds those that have numbers."""
        self.numbers = self._keys.numbers if again and self._keys is not None else {}

    def _opened(self) -> Folder | Memory:
        """Where it all is kept: on disk, else in memory."""
        journal = self._journal
        try:
            assert isinstance(journal, Journal)
            journal.open()
            assert journal.folder is not None
            write_file(journal.folder / BEGUN, json.dumps(self._begun).encode())
            self._keys = Keys(partial(append_keys, journal.folder))
            return Folder(journal.folder)
        except OSError as error:
            if isinstance(journal, Journal) and journal.folder is not None:
                journal.close()
                shutil.rmtree(journal.folder, ignore_errors=True)
            return self._in_memory(error)

    def _in_memory(self, error: OSError) -> Memory:
        from assay.sdk.journal.memory import BOUND, Memory  # noqa: PLC0415 -- seldom needed

        why = f"The journal cannot be written ({error.strerror}: {error.filename})"
        if self.url is None:
            self._warned.warn("memory", f"{why}, and there is no server: what is logged is lost")
        else:
            self._warned.warn(
                "memory",
                f"{why}: up to {BOUND >> 20} MiB are kept in memory until the server has them; "
                "whatever ends this process before, loses them",
            )
        memory = Memory(self._new_folder().name, self._begun, BOUND if self.url is not None else 0)
        self._journal, self.append = memory, memory.append
        self._keys = Keys(memory.keep_keys)
        return memory

    def token(self) -> str | None:
        """What proves to the server who sends."""
        try:
            return token_for(self.url or "", self._home)
        except AssayError as error:
            self._warned.warn("token", f"{error}")
            return None

    def _warn_of_sending(self, text: str) -> None:
        self._warned.warn(text, text)

    def lose(self, items: int) -> None:
        """So many items could not be kept."""
        self._journal.lost += items

    @property
    def lost(self) -> int:
        """How many items could not be kept."""
        return self._journal.lost

    def say(self, fields: Mapping[str, Any]) -> None:
        """Something changes of the run: fields of `PATCH /api/v1/runs/{id}`. Raises OSError."""
        self._write(SAID, fields, 0)

    def log_value(self, value: Mapping[str, Any]) -> None:
        """A logged value: key, step, time_us, kind, document, context. Raises OSError."""
        self._write(VALUE, value, 1)

    def log_lines(self, lines: Sequence[tuple[str, int, str]]) -> None:
        """Lines of the console: stream, time in microseconds, text. Raises OSError."""
        self._write(CONSOLE, lines, len(lines))

    def _write(self, kind: int, document: Any, items: int) -> None:
        with self.lock:
            self.prepare()
            self._journal.append(written(kind, document), items)

    def log_bytes(self, path: str, data: bytes) -> None:
        """The bytes are a file of the run. Raises OSError."""
        with self.lock:
            self.prepare()
            name, place = self._new_copy()
            try:
                place.write_bytes(data)
                self._journal.append(written(FILE, {"path": path, "copy": name}), 0)
            except BaseException:  # nothing would ever take it away
                place.unlink(missing_ok=True)
                raise

    def log_file(self, path: str, source: Path, copy_bytes: int = COPY_BYTES) -> bool:
        """The file is one of the run; whether it was copied, as opposed to named where it lies. Raises OSError."""
        with self.lock:
            self.prepare()
            found = source.stat()
            if not stat.S_ISREG(found.st_mode):  # a device has no end
                raise ValueError(f"{source} is no file")
            if found.st_size > copy_bytes:
                told: dict[str, Any] = {"path": path, "place": str(source.absolute())}
                told |= {"size": found.st_size, "mtime_ns": found.st_mtime_ns}
                self._journal.append(written(FILE, told), 0)
                return False
            name, place = self._new_copy()
            try:
                shutil.copyfile(source, place)
                self._journal.append(written(FILE, {"path": path, "copy": name}), 0)
            except BaseException:  # as above
                place.unlink(missing_ok=True)
                raise
            return True

    def _new_copy(self) -> tuple[str, Path]:
        name = secrets.token_hex(12)
        if isinstance(self._journal, Journal):
            assert self._journal.folder is not None
            folder = self._journal.folder / COPIES
            folder.mkdir(mode=0o700, exist_ok=True)
            return name, folder / name
        return name, self._journal.copy_of(name)

    def flush(self, timeout_s: float) -> bool:
        """Whether a server has all that was said before the call, within the time; False without a server."""
        return self._sender is not None and self._sender.flush(timeout_s)

    def close(self, timeout_s: float, *, leads: bool) -> bool:
        """Takes no more; whether all was sent in time. Who leads also sends what forked processes left."""
        until_s = time.monotonic() + timeout_s
        self._journal.seal()  # what came behind the sender's last look would be deleted unsent
        sent = self._sender is None or self._sender.close(timeout_s)
        self._journal.close()
        if self._sender is None or not sent:
            return sent
        if self._journal.folder is not None:
            shutil.rmtree(self._journal.folder, ignore_errors=True)
        return not leads or self._rest_sent(until_s - time.monotonic())

    def _rest_sent(self, timeout_s: float) -> bool:
        """Whether what other processes left of the run was sent in time."""
        from assay.sdk.sync import sync_run  # noqa: PLC0415 -- as above

        outcome: list[bool] = []

        def send() -> None:
            left = sync_run(self._folder, self.url or "", self.token, self._warn_of_sending, check_time)
            outcome.append(not left.failed)

        until_s = time.monotonic() + max(timeout_s, 1.0)

        def check_time() -> None:
            if alone and time.monotonic() > until_s:
                raise TimeoutError("There was no time to send all")

        alone = False
        thread = threading.Thread(target=send, name="assay-rest", daemon=True)  # may be left alone in its work
        try:
            thread.start()
        except RuntimeError:  # Python 3.12 takes no more threads at its end
            alone = True
            send()
        else:
            thread.join(max(timeout_s, 1.0))
        return outcome == [True]
