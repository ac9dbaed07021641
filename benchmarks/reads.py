"""What the parts of the benchmark of reads share: options, servers, verdicts, and a place in the page.

Each part is a program: `reads_history.py`, `reads_search.py` and so on. It writes a section into a file beside it that
is a part of RESULTS.md; with `--quick` or `--out` into another file, and no page. Times of ours are the server's own
(`Server-Timing`) where it tells them; where it does not, the client's, and the page says so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from asking import Took
from bars import Verdict
from postgres import Postgres
from results import RESULTS, commit, table, with_section
from run import Contender, contenders, say
from targets import FASTTRACKML, mlflow, workplace

FOLDER = Path(__file__).parent
Row = tuple[str, ...]


@dataclass
class Options:
    """What the command line asks for."""

    quick: bool
    stores: list[str]
    peers: bool
    out: Path | None
    giga: bool = False


@dataclass
class Section:
    """A part's section of the page, which can be written at any time."""

    name: str
    title: str
    intro: str
    options: Options
    verdicts: list[Verdict] = field(default_factory=list)
    tables: list[tuple[str, Row, list[Row]]] = field(default_factory=list)  # words before, header, rows
    failures: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    busy: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def rows(self, words: str, *header: str) -> list[Row]:
        """The rows of a table, to be filled."""
        made: list[Row] = []
        self.tables.append((words, header, made))
        return made

    def bar(self, what: str, ours: str, bar: str, *, met: bool, beside: str = "") -> None:
        """A comparison is on the page."""
        self.verdicts.append(Verdict(what, ours, beside, bar, met))
        say(f"    {what}: {ours} {beside}; bar {bar}: {'met' if met else 'MISSED'}")

    def at_most(self, what: str, took: Took, bound_ms: float, beside: str = "") -> None:
        """The server's time beside its bound."""
        met = took.best_known_ms <= bound_ms
        self.bar(what, shown(took), f"≤ {bound_ms:g} ms", met=met, beside=beside)

    @contextlib.contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """What fails in here is told in the page, and the rest goes on; what is known by then is written."""
        say(what)
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            first = (str(error).splitlines() or [""])[0][:300]
            self.failures.append(f"{what}: {type(error).__name__}: {first}")
        self.write()

    def text(self) -> str:
        """The section."""
        quick = " This was a quick run, which only tries the harness." if self.options.quick else ""
        busy = ", ".join(f"{value:.2f}" for value in self.busy)
        parts = [
            f"## {self.title}",
            f"Written by `benchmarks/{self.name}.py` on {self.began:%Y-%m-%d %H:%M} UTC at commit {commit()}, load "
            f"average at its start {busy}. {self.intro}{quick}",
        ]
        if self.verdicts:
            header = ("what", "ours", "beside", "bar", "")
            bars = [(v.what, v.ours, v.beside, v.bar, "met" if v.met else "**missed**") for v in self.verdicts]
            parts.append(table(header, bars))
        for words, header, rows in self.tables:
            if rows:
                parts += [words, table(header, rows)] if words else [table(header, rows)]
        if self.failures:
            parts.append("What failed:\n\n" + "\n".join(f"- {one}" for one in self.failures))
        return "\n\n".join(parts)

    def write(self) -> None:
        """The section is in its file, and in the page that it is a part of."""
        if self.options.out is not None:
            self.options.out.write_text(self.text() + "\n")
        elif self.options.quick:
            (workplace() / f"{self.name}.md").write_text(self.text() + "\n")
        else:
            (FOLDER / f"{self.name}.md").write_text(self.text() + "\n")
            if RESULTS.exists():
                RESULTS.write_text(with_section(RESULTS.read_text(), self.text()))


def shown(took: Took) -> str:
    """A time in words: the server's, or the client's."""
    ms = took.best_known_ms
    digits = 0 if ms >= 1_000 else 1 if ms >= 10 else 2
    return f"{ms:,.{digits}f} ms{'' if took.server_ms is not None else ' (client)'}"


def wall(took: Took) -> str:
    """The time over raw HTTP, with the body read, in words."""
    return f"{took.wall_ms / 1_000:,.2f} s" if took.wall_ms >= 1_000 else f"{took.wall_ms:,.1f} ms"


def times_bar(section: Section, what: str, ours: Took, peers: dict[str, Took], bars: dict[str, float]) -> None:
    """How many times faster than each peer, over raw HTTP with the body read; a peer's best setting counts."""
    for start, bar in bars.items():
        found = {name: took.wall_ms for name, took in peers.items() if name.startswith(start)}
        if not found:
            continue
        name = min(found, key=lambda one: found[one])
        ratio = found[name] / ours.wall_ms
        beside = f"{name}: {wall(peers[name])} (x {ratio:,.1f})"
        section.bar(what, wall(ours), f"≥ {bar:g} x {start}", met=ratio >= bar, beside=beside)


@contextlib.contextmanager
def servers(options: Options) -> Iterator[list[Contender]]:
    """Whom to measure, ours first; what was started for them is gone afterwards."""
    postgres: dict[str, Postgres] = {}
    try:
        yield contenders(options.stores, postgres, (FASTTRACKML, mlflow(1)) if options.peers else ())
    finally:
        for server in postgres.values():
            server.stop()


def asked(description: str, extra: Sequence[str] = ()) -> Options:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small sizes: tries the harness, proves nothing")
    parser.add_argument("--store", action="append", help="as of run.py; default: sqlite and postgresql")
    parser.add_argument("--no-peers", action="store_true", help="ours only")
    parser.add_argument("--out", type=Path, help="only this file is written, and no page")
    if "giga" in extra:
        parser.add_argument("--giga", action="store_true", help="also, once, 1 G points on SQLite")
    given = parser.parse_args()
    return Options(
        given.quick,
        given.store or ["sqlite", "postgresql"],
        not given.no_peers,
        given.out,
        vars(given).get("giga", False),
    )


def perform(section: Section, measure: Callable[[Section, list[Contender]], None]) -> int:
    """Measures, and writes the section; 1 where something failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # who ends it ends its servers too
    with servers(section.options) as everybody:
        measure(section, everybody)
    section.write()
    return 1 if section.failures else 0
