"""The program's output becomes lines, and appears as if nobody looked."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from meta.tree import ROOT

BEGIN = """
import ctypes, faulthandler, io, json, os, signal, subprocess, sys, threading, time
from pathlib import Path
from assay.sdk.capture.console import Console
told = []
console = Console(lambda *line: told.append(line), mode=os.environ.get("HOW", "redirect"))
def tell():
    console.stop()
    Path(sys.argv[1]).write_text(json.dumps(told))
"""


class Ran:
    """A script that has run with a console, what it printed, and the lines that its sink was told."""

    def __init__(self, folder: Path, script: str, **variables: str) -> None:
        told = folder / "told.json"
        told.unlink(missing_ok=True)
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "", **variables}
        command = [sys.executable, "-c", BEGIN + script, str(told)]
        ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr
        self._told = json.loads(told.read_text()) if told.exists() else []

    def lines(self, stream: str = "stdout") -> list[str]:
        """Those of one stream."""
        return [text for name, _, text in self._told if name == stream]


def test_everything_is_caught_and_shown(tmp_path: Path) -> None:
    """Python's printing, the descriptor's, C's and children's; what is shown is byte for byte what was printed."""
    script = """
console.start()
print("from Python", flush=True)
os.write(1, b"from the descriptor\\n")
ctypes.CDLL(None).puts(b"from C")  # stays in C's buffer until the end
subprocess.run(["sh", "-c", "echo from a child; echo trouble >&2"])
faulthandler.dump_traceback(file=2)
print("\\033[1;31mred\\033[0m  \\033]0;title\\007and plain", end="", file=sys.stdout, flush=True)
tell()
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    expected = ["from Python", "from the descriptor", "from a child", "red  and plainfrom C"]
    assert ran.lines() == expected
    assert ran.out.splitlines()[:3] == expected[:3]
    assert "\x1b[1;31mred\x1b[0m  \x1b]0;title\x07and plain" in ran.out
    assert ran.lines("stderr") == ran.err.splitlines()
    assert "trouble" in ran.err
    assert "most recent call first" in ran.err


def test_descriptors_are_as_before(tmp_path: Path) -> None:
    """Start and stop, twice, leave the same files open, and no child or thread."""
    script = """
def state():
    return {fd: os.stat(f"/proc/self/fd/{fd}")[:3] for fd in os.listdir("/proc/self/fd") if int(fd) < 3 or
            os.path.exists(f"/proc/self/fd/{fd}")}, os.get_inheritable(1), threading.active_count()
before = state()
for _ in range(2):
    console.start(); console.start()
    assert state() != before
    print("caught")
    try:
        os.wait()
    except ChildProcessError:
        print("no child")
    console.stop(); console.stop()
    assert state() == before, (state(), before)
print("free")
tell()
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    assert ran.lines() == ["caught", "no child"] * 2
    assert ran.out.splitlines() == [*ran.lines(), "free"]


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_what_was_printed_is_shown_whatever_ends_the_program(end: str, tmp_path: Path) -> None:
    ran = Ran(tmp_path, f"console.start()\nfor i in range(20_000): print('line', i)\nsys.stdout.flush()\n{end}")
    assert ran.out.splitlines() == [f"line {i}" for i in range(20_000)]
    assert ran.code in (0, -signal.SIGKILL)


def test_an_exception_is_caught_before_the_end(tmp_path: Path) -> None:
    """Without `stop` the end of the process stops: the traceback is a part of the log."""
    script = """
import atexit
atexit.register(lambda: Path(sys.argv[1]).write_text(json.dumps(told)))
console.start()
raise ValueError("the loss is not a number")
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 1
    assert ran.lines("stderr")[-1] == "ValueError: the loss is not a number"
    assert ran.lines("stderr") == ran.err.splitlines()


def test_code_that_holds_the_interpreter_does_not_deadlock(tmp_path: Path) -> None:
    """A pipe holds 64 KiB; C code that prints more without letting our thread run would wait for ever."""
    script = """
console.start()
data = b"x" * 999 + b"\\n"
libc = ctypes.PyDLL(None)  # which does not release the interpreter
for _ in range(1_000):
    assert libc.write(1, data, len(data)) == len(data)
tell()
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    assert len(ran.out) == 1_000_000
    assert ran.lines() == ["x" * 999] * 1_000


def test_a_sink_that_raises_loses_its_lines_only(tmp_path: Path) -> None:
    script = """
def sink(*line):
    told.append(line)
    if line[2] == "two": raise RuntimeError("no room")
console._sink = sink
console.start()
print("one\\ntwo\\nthree")
tell()
assert console.failed == 1
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    assert ran.lines() == ["one", "two", "three"]


@pytest.mark.parametrize("how", ["redirect", "wrap"])
def test_a_sink_that_blocks_stops_nobody(how: str, tmp_path: Path) -> None:
    """Much more is printed than anything holds; what is missing is said where it is missing."""
    script = """
gate = threading.Event()
def sink(*line):
    gate.wait()
    told.append(line)
console._sink = sink
console.start()
print("first", flush=True)
for i in range(12_000): print("x" * 999)
begun = time.monotonic()
console.stop(timeout_s=0.5)
assert time.monotonic() - begun < 5
print("after")
console.start()
for i in range(12_000): print("x" * 999)
gate.set()
for _ in range(100):
    if any("missing" in line[2] for line in told): break
    time.sleep(0.1)
tell()
"""
    ran = Ran(tmp_path, script, HOW=how)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 24_002
    assert any(re.fullmatch(r"\[assay: \d+ (bytes|characters) of output are missing here\]", t) for t in ran.lines())


def test_a_forked_child_prints_through_its_parent(tmp_path: Path) -> None:
    """Its own stop is no stop, and what it prints after its parent's end is shown."""
    script = """
console.start()
child = os.fork()
if not child:
    print("from the fork", console.modes["stdout"], flush=True)
    console.stop()
    sys.exit(0)
os.waitpid(child, 0)
subprocess.Popen(["sh", "-c", "sleep 1; echo much later"])
begun = time.monotonic()
tell()
assert time.monotonic() - begun < 0.9, "it waited for the child"
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    assert ran.lines() == ["from the fork off"]
    assert ran.out.splitlines() == ["from the fork off", "much later"]


def test_the_death_of_the_other_process_loses_nothing_after_it(tmp_path: Path) -> None:
    """The descriptors are put back, and a child that has the old ones is still heard."""
    script = """
console.start()
print("before", flush=True)
time.sleep(0.3)
child = subprocess.Popen(["sh", "-c", "read line; echo from the child"], stdin=subprocess.PIPE)
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        words, mark = Path(f"/proc/{pid}/cmdline").read_text(), Path(f"/proc/{pid}/environ").read_text()
    except OSError:
        continue
    if int(pid) != os.getpid() and "tee.py" in words and f"MARK={os.environ['MARK']}" in mark:
        os.kill(int(pid), signal.SIGKILL)
time.sleep(0.5)
child.communicate(b"now\\n")
time.sleep(0.5)
print("after", flush=True)
tell()
"""
    ran = Ran(tmp_path, script, MARK=str(tmp_path))
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == ["before", "from the child", "after"]
    assert ran.lines() == ["before", "from the child"]


def in_terminal(folder: Path, script: str, how: str) -> bytes:
    """What a terminal of 123 columns gets."""
    outer, inner = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 123, 0, 0))
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOW": how}
    command = [sys.executable, "-c", BEGIN + script, str(folder / "told.json")]
    process = subprocess.Popen(command, env=env, stdin=inner, stdout=inner, stderr=inner, start_new_session=True)
    os.close(inner)
    shown = b""
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        if select.select([outer], [], [], 0.1)[0]:
            try:
                shown += os.read(outer, 65_536)
            except OSError:
                break
    os.close(outer)
    assert process.wait(10) == 0, shown
    return shown


def test_a_terminal_stays_one(tmp_path: Path) -> None:
    """Colours, widths and bars are what they are without a console, byte for byte."""
    script = r"""
console.start()
print(sys.stdout.isatty(), sys.stderr.isatty(), os.get_terminal_size(1).columns)
for i in range(50):
    print(f"\r\x1b[32m{i + 1:3d}/50\x1b[0m", end="", flush=True)
print("\ndone")
tell()
"""
    plain, caught = (in_terminal(tmp_path, script, how) for how in ("off", "redirect"))
    assert plain == caught
    assert b"True True 123\r\n" in caught
    told = json.loads((tmp_path / "told.json").read_text())
    assert [text for _, _, text in told] == ["True True 123", " 50/50", "done"]


def test_times_are_those_of_the_printing(tmp_path: Path) -> None:
    """A line's time is when it was printed, to a fraction of a second."""
    script = """
console.start()
began_us = time.time_ns() // 1_000
print("one", flush=True)
time.sleep(1)
print("two", flush=True)
console.stop()
(_, one_us, _), (_, two_us, _) = told
assert began_us <= one_us < began_us + 500_000
assert 900_000 < two_us - one_us < 1_600_000
"""
    assert Ran(tmp_path, script).code == 0


def test_a_bar_is_told_once_it_rests(tmp_path: Path) -> None:
    """What was drawn over waits for a moment's rest, and not for the end."""
    script = """
console.start()
print("10%", end="\\r", flush=True)
print("99%", flush=True)
time.sleep(0.2)
assert told == [], told
for _ in range(60):
    time.sleep(0.1)
    if told: break
assert [line[2] for line in told] == ["99%"], told
"""
    assert Ran(tmp_path, script).code == 0


def test_a_fork_of_a_wrapped_program(tmp_path: Path) -> None:
    """What the child prints is shown; it is not caught, and nothing waits."""
    script = """
console.start()
print("parent", flush=True)
child = os.fork()
if not child:
    print("child", flush=True)
    console.stop()
    os._exit(0)
os.waitpid(child, 0)
tell()
"""
    ran = Ran(tmp_path, script, HOW="wrap")
    assert ran.code == 0, ran.err
    assert ran.out == "parent\nchild\n"
    assert ran.lines() == ["parent"]


def test_where_no_other_process_can_be_started(tmp_path: Path) -> None:
    """A frozen program is not Python: its streams are wrapped. A Python that fails leaves all as it was."""
    script = """
sys.executable = os.environ["BROKEN"]
before = os.fstat(1)[:3], sorted(os.listdir("/proc/self/fd"))
console.start()
assert set(console.modes.values()) == {"wrap"}, console.modes
assert (os.fstat(1)[:3], sorted(os.listdir("/proc/self/fd"))) == before
print("caught")
tell()
"""
    for broken in ("/nowhere/python", "/bin/false", str(tmp_path / "python")):
        if broken.startswith(str(tmp_path)):
            Path(broken).symlink_to("/bin/false")
        ran = Ran(tmp_path, script, BROKEN=broken)
        assert ran.code == 0, ran.err
        assert (ran.out, ran.lines()) == ("caught\n", ["caught"])


def test_closed_descriptors_and_none(tmp_path: Path) -> None:
    """A daemon without standard output: nothing to catch there, and no error."""
    script = """
os.close(1)
sys.stdout = None
console.start()
assert console.modes == {"stdout": "off", "stderr": "redirect"}, console.modes
os.write(2, b"heard\\n")
tell()
"""
    ran = Ran(tmp_path, script)
    assert ran.code == 0, ran.err
    assert ran.lines("stderr") == ["heard"]
