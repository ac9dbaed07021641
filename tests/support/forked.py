"""`assay` in processes that need not import it: one has done so, and is forked for each.

Importing the server takes a second of CPU, and some hundred tests start one. What runs in the fork is the same command,
with streams, environment and folder of its own, and it ends, is killed and is waited for as any other process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO, Any

MESSAGE = 1 << 18  # bytes, at most
AVAILABLE = hasattr(os, "pidfd_open")
# What is read once, at the start of a process: a fork would not notice.
AT_THE_START = ("LD_", "PYTHON", "TZ")
# What `assay up` imports, some of it only when it serves.
AT_UP = ("psycopg", "uvicorn", "uvloop", "assay.cli.root", "assay.server.app", "assay.server.process")


def can_fork(env: Mapping[str, str]) -> bool:
    """Whether a fork sees what a new process would see of these variables."""
    return AVAILABLE and not any(name.startswith(AT_THE_START) for name in env)


class Forked:
    """A forked process, as `subprocess.Popen` shows one."""

    def __init__(self, parent: Parent, pid: int, stdout: IO[str]) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self._parent = parent
        self._fd = os.pidfd_open(pid)  # only the parent reaps it, and only when asked: the pid is still its own

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises TimeoutExpired after so many seconds."""
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("assay", timeout or 0)
        return status

    def send_signal(self, sign: int) -> None:
        """Sends it a signal, if it runs."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._fd, sign)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._fd], [], [], timeout)[0]:
            self.returncode = self._parent.reaped(self.pid)
            os.close(self._fd)
        return self.returncode


class Parent:
    """The process that has imported Assay. It ends with us."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def fork(self, words: Sequence[str], env: Mapping[str, str], stderr: int) -> Forked:
        """`assay` with these words, in this environment; its standard output is a pipe."""
        reading, writing = os.pipe()
        asked = {"words": list(words), "env": dict(env), "folder": os.getcwd()}
        try:
            pid = self._answer(asked, [writing, stderr])
        finally:
            os.close(writing)
        return Forked(self, pid, open(reading, encoding="utf-8"))

    def reaped(self, pid: int) -> int:
        """The exit status of a child that has ended."""
        return self._answer({"ended": pid}, [])

    def _answer(self, asked: dict[str, Any], fds: Sequence[int]) -> int:
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(asked).encode()], fds)
            answer = self._socket.recv(MESSAGE)
        assert answer, "the process that forks has ended; its standard error says why"
        return int(answer)


@cache
def parent() -> Parent:
    """The one of this process."""
    return Parent()


def _import() -> None:
    for name in AT_UP:
        importlib.import_module(name)
    gc.freeze()  # what is here is here to stay, and shared


def _serve(door: socket.socket) -> bool:
    """Forks whenever asked. Returns true in each child, and false when the tests have ended."""
    while True:
        message, fds, _, _ = socket.recv_fds(door, MESSAGE, 2)
        if not message:
            return False
        asked = json.loads(message)
        if "ended" in asked:
            _, status = os.waitpid(asked["ended"], 0)
            door.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if not pid:
            _become(asked, fds)
            return True
        door.send(str(pid).encode())
        for fd in fds:
            os.close(fd)


def _become(asked: dict[str, Any], fds: Sequence[int]) -> None:
    for fd, stream in zip(fds, (1, 2), strict=True):
        os.dup2(fd, stream)
        os.close(fd)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["folder"])
    sys.argv = ["assay", *asked["words"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, which end this
    _import()
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        forked = _serve(asking)
    if forked:
        from assay.cli import main

        main()
