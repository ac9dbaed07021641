"""RESULTS.md: what was measured, on what, and whether it meets the bar."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

from bars import Verdict, verdicts
from cells import LOADS, Lengths, Outcome, Started
from files import Big, Copy, Small, median_of
from floors import Floors, pooled
from load import Load
from tail import Growth
from targets import ROOT, Kind

T = TypeVar("T")

RESULTS = Path(__file__).with_name("RESULTS.md")
SDK = "## In the program that trains"
PARTS = (  # programs of their own, and their pages
    *("reads_history", "reads_search", "reads_beside", "reads_growth", "reads_disk", "reads_soak"),
    *("ui", "auth"),
)


@dataclass
class Report:
    """Everything found so far."""

    lengths: Lengths
    kinds: list[Kind] = field(default_factory=list)
    floors: list[Floors] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    found: dict[tuple[str, str], Outcome] = field(default_factory=dict)  # (cell, name of the server)
    failures: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    busy: tuple[float, float, float] = field(default_factory=os.getloadavg)

    @property
    def copy(self) -> Copy | None:
        """What `cp` took."""
        return median_of(self.copies) if self.copies else None

    def write(self, path: Path) -> None:
        """The page says what is known now."""
        parts = [
            self._top(),
            self._machine(),
            self._floors(),
            self._bars(),
            self._loads(),
            self._files(),
            self._start(),
        ]
        parts += [self._tail(), self._servers(), self._failures()]
        parts += [_beside(f"{name}.md") for name in (*PARTS, "sdk", "profiles")]
        path.write_text("\n\n".join(part for part in parts if part) + "\n")

    def _top(self) -> str:
        length = f"{self.lengths.windows} windows of {self.lengths.window_s:g} s"
        note = "" if self.lengths.window_s >= 60 else " This was a quick run, which only tries the harness."
        return (
            f"# Benchmarks\n\nWritten by `make bench` on {self.began:%Y-%m-%d %H:%M} UTC at commit {commit()}. "
            f"Each rate is the median of {length}, ours and the peers' alike; load and server share the machine.{note}"
        )

    def _machine(self) -> str:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        rows = [
            ("processor", f"{_processor()}, {os.cpu_count()} cores"),
            ("memory", f"{pages / (1 << 30):.0f} GiB"),
            ("kernel", f"{platform.system()} {platform.release()}"),
            ("Python", platform.python_version()),
            ("load average at the start", ", ".join(f"{value:.2f}" for value in self.busy)),
        ]
        return "## The machine\n\n" + table(("", ""), rows)

    def _floors(self) -> str:
        rows = []
        if self.floors:
            now = pooled(self.floors)
            rows = [
                (
                    f"append {now.body_bytes:,.0f} bytes and fdatasync",
                    f"{now.sync_ms:.2f} ms (p90 {now.sync_p90_ms:.2f})",
                ),
                ("an empty request: GET /health of a bare Starlette", f"{now.empty_ms:.2f} ms"),
                ("the same, of ours", f"{now.health_ms:.2f} ms"),
                ("a log-batch body decoded and dropped, 1 connection", f"{now.dropped_ms:.2f} ms"),
                ("the same, 8 connections", f"{now.dropped_points_per_s:,.0f} points/s"),
            ]
        if self.copy:
            each = " / ".join(f"{one.synced_s:.2f}" for one in self.copies)
            rows.append(
                ("`cp` of the big file with fsync", f"{self.copy.synced_s:.2f} s (before each of ours: {each})")
            )
            rows.append(("`cp` of the big file", f"{self.copy.plain_s:.2f} s"))
        return "## Floors\n\n" + table(("what", "median"), rows) if rows else ""

    def _bars(self) -> str:
        found: list[Verdict] = verdicts(self.found, self.kinds, pooled(self.floors) if self.floors else None, self.copy)
        rows = [(one.what, one.ours, one.beside, one.bar, "met" if one.met else "**missed**") for one in found]
        header = ("what", "ours", "beside", "bar", "")
        return "## The bar\n\n" + table(header, rows) if rows else ""

    def _loads(self) -> str:
        rows = []
        for cell, shape in LOADS.items():
            for kind, one in self._of(cell, Load):
                rates = one.requests_per_s if shape.unit == "requests/s" else one.points_per_s
                windows = " / ".join(f"{rate:,.0f}" for rate in rates)
                rows.append(
                    (
                        *(shape.title, kind.name, f"**{one.median:,.0f}** {shape.unit}", windows),
                        *(f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", f"{one.refused:,}", f"{one.client_cpu:.0%}"),
                    )
                )
        header = ("load", "server", "median", "windows", "p50 ms", "p99 ms", "refused", "load's own CPU")
        return "## Logging\n\n" + table(header, rows) if rows else ""

    def _files(self) -> str:
        rows = [
            (f"{one.size / (1 << 30):g} GiB by curl", kind.name, f"{one.up_s:.2f} s", f"{one.down_s:.2f} s")
            for kind, one in self._of("big-file", Big)
        ]
        rows += [
            (f"{one.count:,} files of 4 KiB", kind.name, f"{one.up_per_s:,.0f}/s", f"{one.down_per_s:,.0f}/s")
            for kind, one in self._of("small-files", Small)
        ]
        return "## Files\n\n" + table(("what", "server", "up", "down"), rows) if rows else ""

    def _start(self) -> str:
        rows = [
            (kind.name, f"{one.seconds:.2f} s", f"{one.resident_mb:,.0f} MB", f"{one.shared_once_mb:,.0f} MB")
            for kind, one in self._of("start", Started)
        ]
        header = ("server", "empty store to first answer", "resident when idle", "with shared pages counted once")
        return "## Start and memory\n\n" + table(header, rows) if rows else ""

    def _tail(self) -> str:
        rows = []
        for kind, one in self._of("tail", Growth):
            for name, title in (
                ("batches", "uncompacted batches"),
                ("points", "points in them"),
                ("live", "unfolded latest values"),
            ):
                rows.append((kind.name, title, *(f"{value:,.0f}" for value in one.medians(name))))
            rows.append((kind.name, "points/s meanwhile", f"{one.points_per_s:,.0f}", "", "", "", ""))
        if not rows:
            return ""
        return (
            f"## The tail over {self.lengths.tail_s:g} s\n\nEight connections log batches of 10 keys x 100 steps; four "
            "keep one run, four end theirs every 500 batches and begin another. Medians of each fifth of the time.\n\n"
            + table(("server", "what", "1st", "2nd", "3rd", "4th", "5th"), rows)
        )

    def _servers(self) -> str:
        rows = [(kind.name, _command(kind), kind.promise) for kind in self.kinds]
        note = (
            "\n\nEvery cell begins on a server just started on an empty store, but for mlflow, whose start takes long: "
            "one server serves its cells in the order above."
        )
        return "## The servers\n\n" + table(("server", "started as", "what an answer promises"), rows) + note

    def _failures(self) -> str:
        return "## What failed\n\n" + "\n".join(f"- {one}" for one in self.failures) if self.failures else ""

    def _of(self, cell: str, _: type[T]) -> list[tuple[Kind, T]]:
        found = [(kind, self.found.get((cell, kind.name))) for kind in self.kinds]
        return [(kind, cast("T", one)) for kind, one in found if one is not None]


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_section(page: str, section: str) -> str:
    """The page with this section in the place of its last one, or before what is written by hand."""
    title = section.partition("\n")[0]
    before, found, rest = page.partition(f"{title}\n")
    if found:
        after = rest.find("\n## ")
        return before + section.strip() + "\n" + (rest[after:] if after >= 0 else "")
    profiles = _beside("profiles.md").partition("\n")[0]
    at = page.find(f"{profiles}\n") if profiles else -1
    at = len(page) if at < 0 else at
    return page[:at].rstrip() + "\n\n" + section.strip() + "\n" + ("\n" + page[at:] if page[at:] else "")


def _beside(name: str) -> str:
    """What lies beside as a file: where the time goes, which is written by hand, and what other programs have found."""
    place = Path(__file__).with_name(name)
    return place.read_text().strip() if place.exists() else ""


def _command(kind: Kind) -> str:
    hidden = ["postgresql://…" if part == kind.store and part else part for part in kind.arguments]
    return f"`{kind.program.name} {' '.join(hidden)}`"


def commit() -> str:
    """The commit that is measured, and whether its source was changed."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (
        " with changes" if git("status", "--short", "src") else ""
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
