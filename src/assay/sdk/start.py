"""`assay.init()`: begins a run, and sees to it that it ends with the program."""

from __future__ import annotations

import atexit
import os
import sys
import time
import uuid
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any

from assay.sdk import notebook
from assay.sdk.config import plain
from assay.sdk.home import address_of, default_home, is_held, is_uid
from assay.sdk.run import Run, Stopped
from assay.wire.errors import InvalidInput, Unavailable
from assay.wire.keys import SYSTEM

MODES = ("online", "offline", "disabled")
CAPTURES = ("console", "system")

_current: Run | None = None
_failure: BaseException | None = None  # what ends the program
_runs: weakref.WeakSet[Run] = weakref.WeakSet()  # that have not ended
_watching = False


def init(
    experiment: str = "",
    name: str = "",
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parent: str | None = None,
    group: str = "",
    resume: str = "",
    *,
    note: str = "",
    id: str = "",
    mode: str = "",
    capture: tuple[str, ...] | None = None,
    on_stop: Callable[[], object] | None = None,
) -> Run:
    """A new run, or the one that this process has already.

    With a server (`ASSAY_URL`, or one that runs on the home) what is logged is sent to it; without one it is kept
    below the home, for `assay sync` or the next server on that home.

    Args:
        experiment: Its experiment, which is made where it is missing. [ASSAY_EXPERIMENT, or Default]
        name: What people call it.
        config: Its hyperparameters, nested or not.
        tags: Texts to find it by.
        parent: The id of the run that it belongs to.
        group: The group of its experiment that it joins.
        resume: The id of a run that goes on: its steps go on after its last one.
        note: What people should know of it; Markdown.
        id: Its own id, 32 hex digits: for several processes that write one run. [ASSAY_RUN_ID]
        mode: "online", "offline" or "disabled". [ASSAY_MODE]
        capture: What is logged by itself: "console", "system". [ASSAY_CAPTURE, or both]
        on_stop: Called, by another thread, when somebody asks the run to stop; else the next `log` of the main
            thread raises `Stopped`.

    Raises:
        InvalidInput: The mode or a capture is not known, or an id is none.
        NotFound: The server knows no run that could go on.
    """
    global _current
    if _current is not None:
        print(f"assay: this process has a run already: {_current!r}", file=sys.stderr)
        return _current
    home = default_home()
    mode = _one_of("mode", mode or os.environ.get("ASSAY_MODE") or "", MODES)
    captures = _captures(capture)
    url = os.environ.get("ASSAY_URL") or (address_of(home) if is_held(home) else None)
    mode = mode or ("online" if url else "offline")
    given = resume or id or os.environ.get("ASSAY_RUN_ID") or ""
    if given and not is_uid(given):  # it becomes the name of a folder
        raise InvalidInput(
            f"{given[:100]!r} is no run id", field="resume" if resume else "id", remedy="give 32 hex digits, or none"
        )
    begun: dict[str, Any] = {
        "id": given or uuid.uuid4().hex,
        "name": name,
        "parent": parent,
        "user": os.environ.get("USER", ""),
        "start_us": time.time_ns() // 1_000,
        "tags": {str(key): str(value) for key, value in (tags or {}).items()},
        "config": _plain(config) if config else None,
    }
    if experiment := experiment or os.environ.get("ASSAY_EXPERIMENT", ""):
        begun["experiment"] = experiment
    if group:
        begun["group"] = group
    step = _step_after(url, resume) if resume and mode == "online" else 0
    _watch_the_end()
    run = Run(begun, mode, url if mode == "online" else None, home, on_stop, _forget)
    _current = run
    if mode != "disabled":
        _runs.add(run)
        if resume:
            run.go_on(step)
        if note:
            run.note(note)
        _say_where(run, home)
        run.capture(captures)
    return run


def _step_after(url: str | None, id: str) -> int:
    """The step that comes after the last one of a run. Raises NotFound."""
    from assay.sdk import http  # noqa: PLC0415 -- slow to import, and not needed by all
    from assay.sdk.reading.server import server_at  # noqa: PLC0415

    try:
        server = server_at(url)
        metrics = http.get(server.url, f"runs/{id}", token=server.token)["metrics"]
    except Unavailable as error:
        print(f"assay: {error.message}: the run goes on at step 0, unless you give step=", file=sys.stderr)
        return 0
    return max((item["step"] + 1 for key, item in metrics.items() if not key.startswith(SYSTEM)), default=0)


def _plain(config: Mapping[str, Any]) -> Any:
    try:
        return plain(config)
    except ValueError as error:
        print(f"assay: The config is not kept: {error}", file=sys.stderr)
        return None


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    if value and value not in known:
        told = ", ".join(known)
        raise InvalidInput(f"{value!r} is no {field}", field=field, bound=told, remedy=f"give one of {told}")
    return value


def _captures(given: tuple[str, ...] | None) -> tuple[str, ...]:
    if given is None:
        text = os.environ.get("ASSAY_CAPTURE")
        given = CAPTURES if text is None else tuple(part for part in text.replace(",", " ").split() if part != "none")
    for name in given:
        _one_of("capture", name, CAPTURES)
    return given


def _say_where(run: Run, home: Path) -> None:
    """On a terminal or in a notebook people see where the run is."""
    with suppress(Exception):  # a closed standard error
        if notebook.shell() is not None:
            notebook.show_link(run)
        elif sys.stderr.isatty():
            where = f"{run.url}/runs/{run.id}" if run.url else f"kept in {home / 'journal' / run.id}"
            print(f"assay: run {run.name or run.id}: {where}", file=sys.stderr)


def _forget(run: Run) -> None:
    global _current
    _runs.discard(run)
    if _current is run:
        _current = None


def _forked() -> None:
    for run in list(_runs):
        run.forked()


def _at_exit() -> None:
    for run in list(_runs):
        run.finish(_status())


def _status() -> str:
    """How the program ends, as far as its runs are concerned."""
    if isinstance(_failure, Stopped) or _failure is None:
        return ""
    return "interrupted" if isinstance(_failure, KeyboardInterrupt) else "failed"


def _watch_the_end() -> None:
    """What ends the program is known when its runs are ended."""
    global _watching
    if _watching:
        return
    _watching = True
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _failure
        _failure = error
        before(kind, error, trace)

    sys.excepthook = hook
    leave = sys.exit

    @wraps(leave)
    def exit(status: Any = None, /) -> None:
        global _failure
        if status not in (None, 0):  # no other place is told of it before the program is at its end
            _failure = SystemExit(status)
        leave(status)

    sys.exit = exit  # type: ignore[assignment]


os.register_at_fork(after_in_child=_forked)
atexit.register(_at_exit)
