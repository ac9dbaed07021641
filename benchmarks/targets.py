"""The servers under measurement, each started on an empty store of its own and asked what memory it holds."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSAY = Path(sys.executable).with_name("assay")
MLFLOW = ROOT / ".venv-mlflow3/bin/mlflow"
FML = ROOT / ".venv-mlflow2/bin/fml"
START_LIMIT_S = 240.0


@dataclass(frozen=True)
class Kind:
    """A kind of server: its name in the results, how it is started, and what an answer of it promises."""

    name: str
    program: Path
    arguments: tuple[str, ...]  # {port} and {folder} are filled in
    promise: str
    ours: bool = False
    files: bool = True
    slow_start: bool = False
    store: str = ""  # the address of our database, where it is no file of the home


def assay(store: str = "") -> Kind:
    """Ours, on SQLite or on the database of this address."""
    arguments = ("up", "--port", "{port}", "--home", "{folder}/home", *(("--store", store) if store else ()))
    if store:
        promise = "fsync=on, synchronous_commit=on: an answer is on disk"
        return Kind("assay, PostgreSQL", ASSAY, arguments, promise, ours=True, store=store)
    return Kind("assay, SQLite", ASSAY, arguments, "WAL, synchronous=FULL: an answer is on disk", ours=True)


def mlflow(workers: int) -> Kind:
    """MLflow's own server on SQLite."""
    arguments = (
        *("server", "--host", "127.0.0.1", "--port", "{port}", "--workers", str(workers)),
        *("--backend-store-uri", "sqlite:///{folder}/mlflow.db"),
        *("--serve-artifacts", "--artifacts-destination", "{folder}/files"),
    )
    promise = "SQLite's defaults (rollback journal, synchronous=FULL): an answer is on disk; files are not fsynced"
    name = f"mlflow, {workers} worker" + "s" * (workers > 1)
    return Kind(name, MLFLOW, arguments, promise, slow_start=True)


FASTTRACKML = Kind(
    "fasttrackml, SQLite",
    FML,
    (
        *("server", "--listen-address", "127.0.0.1:{port}", "--database-uri", "sqlite://{folder}/fml.db"),
        *("--default-artifact-root", "{folder}/files", "--log-level", "error"),
    ),
    "WAL, no fsync at a commit (0 fsync in 100 calls under strace): an answer may be lost with the machine",
    files=False,
)


@dataclass
class Target:
    """A running server."""

    kind: Kind
    folder: Path
    url: str = ""
    start_s: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    _log: Path = field(default=Path())

    @classmethod
    def begin(cls, kind: Kind) -> Target:
        """It answers, and the seconds until its first answer are known."""
        target = cls(kind, Path(tempfile.mkdtemp(prefix="bench-", dir=workplace())))
        target.start()
        return target

    def start(self) -> None:
        """Starts it on its folder."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = self.folder / "server.log"
        arguments = [part.format(port=port, folder=self.folder) for part in self.kind.arguments]
        env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        began = time.perf_counter()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.kind.program), *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=env,
                start_new_session=True,
            )
        while not self._answers():
            if self.process.poll() is not None or time.perf_counter() - began > START_LIMIT_S:
                said = self._log.read_text(errors="replace")[-2_000:]
                self.stop()
                raise RuntimeError(f"{self.kind.name} did not start:\n{said}")
            time.sleep(0.005)
        self.start_s = time.perf_counter() - began

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory of all its processes: as each sees it, and with shared pages counted once."""
        assert self.process is not None
        resident = shared_once = 0
        for pid in family(self.process.pid):
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
            resident += sizes["Rss"]
            shared_once += sizes["Pss"]
        return resident / 1_024, shared_once / 1_024

    def rest(self) -> None:
        """It has ended; `start` begins it again on the same store."""
        if self.process is not None:
            _end(self.process)
            self.process = None

    def stop(self) -> None:
        """It has ended and its folder is gone."""
        self.rest()
        shutil.rmtree(self.folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the session that the server was started in, gently first."""
    for number, patience in ((signal.SIGINT, 15), (signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    with contextlib.suppress(ProcessLookupError):  # what of its session outlived it
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def workplace() -> Path:
    """Where homes and big files lie: on the disk of the checkout, because /tmp may be memory."""
    place = ROOT / ".cache" / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
