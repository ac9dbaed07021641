"""Two streams that are shown in one place come as nearly in order as can be known."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from meta.tree import ROOT

SCRIPT = """
import sys
from assay.sdk.capture.tee import Tee, run
run([Tee(*map(int, stream.split(":")), is_terminal=False) for stream in sys.argv[1:]])
"""


def test_a_turn_to_the_other_stream_is_seen_as_one(tmp_path: Path) -> None:
    """What waits of the stream that was shown last comes before what waits of the other."""
    shown = tmp_path / "shown"
    with shown.open("wb") as file:
        streams, ends, copies = [], [], []
        for _ in range(2):
            source, end = os.pipe()
            mine, theirs = socket.socketpair()
            streams.append((source, file.fileno(), theirs.fileno()))
            ends.append(end)
            copies += [mine, theirs]
        first, second = ends
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *(":".join(map(str, stream)) for stream in streams)],
            pass_fds=[fd for stream in streams for fd in stream],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        expected = b""

        def wait() -> None:
            until_s = time.monotonic() + 20
            while shown.read_bytes() != expected and time.monotonic() < until_s:
                time.sleep(0.01)
            assert shown.read_bytes() == expected

        for before, after in ((second, first), (first, second), (second, first)):
            os.write(before, b"begin ")
            expected += b"begin "
            wait()
            os.kill(process.pid, signal.SIGSTOP)  # so that it is late
            os.write(before, b"before ")
            os.write(after, b"after ")
            expected += b"before after "
            os.kill(process.pid, signal.SIGCONT)
            wait()
        for end in ends:
            os.close(end)
        for source, _, _ in streams:
            os.close(source)
        assert process.wait(20) == 0
        for copy in copies:
            copy.close()
