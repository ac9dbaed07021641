"""Files up and down through the artifact proxy, beside `cp` on the same disk."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from load import new_run
from loop import drive
from targets import Target, workplace

PROXY = "/api/2.0/mlflow-artifacts/artifacts/"
SMALL = 4_096


@dataclass(frozen=True)
class Big:
    """Seconds for one big file, medians of three."""

    size: int
    up_s: float
    down_s: float


@dataclass(frozen=True)
class Copy:
    """Seconds that `cp` took, medians of three."""

    synced_s: float
    plain_s: float


@dataclass(frozen=True)
class Small:
    """Files a second."""

    count: int
    up_per_s: float
    down_per_s: float


def big_file(size: int) -> Path:
    """A file of random bytes whose pages are warm."""
    path = workplace() / "big.bin"
    if not path.exists() or path.stat().st_size != size:
        with path.open("wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
            os.fsync(file.fileno())
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass
    return path


def folder_of(target: Target) -> str:
    """The proxy's path to the files of a run that was just made."""
    uri = str(new_run(target.url)["artifact_uri"])
    return PROXY + urlsplit(uri).path.lstrip("/")


def copied(source: Path) -> Copy:
    """`cp` with fsync, and without."""
    synced, plain = [], []
    place = source.with_name("copy.bin")
    for _ in range(3):
        _warm(source, place)
        began = time.perf_counter()
        subprocess.run(["cp", str(source), str(place)], check=True)
        plain.append(time.perf_counter() - began)
        with place.open("rb+") as file:
            os.fsync(file.fileno())
        synced.append(time.perf_counter() - began)
    place.unlink()
    return Copy(statistics.median(synced), statistics.median(plain))


def median_of(copies: Sequence[Copy]) -> Copy:
    """The median of several."""
    return Copy(statistics.median(one.synced_s for one in copies), statistics.median(one.plain_s for one in copies))


def big(target: Target, source: Path) -> Big:
    """One big file up and down by curl; what comes down is compared."""
    folder, place = folder_of(target), source.with_name("down.bin")
    up, down = [], []
    for number in range(3):
        address = f"{target.url}{folder}/big{number}.bin"
        _warm(source, place)
        up.append(_curl("--upload-file", str(source), address))
        _warm(source, place)
        down.append(_curl("--output", str(place), address))
        if number == 0:
            subprocess.run(["cmp", str(source), str(place)], check=True)
    place.unlink()
    return Big(source.stat().st_size, statistics.median(up), statistics.median(down))


def _warm(source: Path, place: Path) -> None:
    """The pages that a copy needs are warm: on a virtual machine their first use costs several times the copy."""
    place.unlink(missing_ok=True)
    subprocess.run(["cp", str(source), str(place)], check=True)
    os.sync()  # also: what others left to write must not be waited for by whom is measured
    place.unlink()


def _curl(*arguments: str) -> float:
    began = time.perf_counter()
    program = shutil.which("curl") or "curl"
    subprocess.run([program, "--silent", "--show-error", "--fail", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def small(target: Target, count: int, connections: int = 8) -> Small:
    """Small files up and down over several connections, from one process."""
    folder, host = folder_of(target), urlsplit(target.url).netloc
    body = os.urandom(SMALL)

    def uploads(first: int) -> Iterator[bytes]:
        for number in range(first, count, connections):
            yield (
                (
                    f"PUT {folder}/small/{number:05d}.bin HTTP/1.1\r\nHost: {host}\r\n"
                    f"Content-Type: application/octet-stream\r\nContent-Length: {SMALL}\r\n\r\n"
                ).encode()
                + number.to_bytes(8, "little")
                + body[8:]
            )

    def downloads(first: int) -> Iterator[bytes]:
        for number in range(first, count, connections):
            yield f"GET {folder}/small/{number:05d}.bin HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    rates = []
    for stream in (uploads, downloads):
        began = time.perf_counter()
        record = drive(target.url, [stream(first) for first in range(connections)])
        rates.append(count / (time.perf_counter() - began))
        if record.refused:
            raise RuntimeError(f"{target.kind.name} refused a small file: {record.refusal}")
    return Small(count, *rates)
