"""`make bench`: ours on both engines and the peers, on this machine, in one run; writes RESULTS.md as it goes.

First what is logged, in nearly two hours (`--quick`: ten minutes, which only try the harness), then the parts that have
programs of their own: what is read (`reads_*.py`), the browser UI, who may. Each writes its section as it goes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import files
import floors
from cells import CELLS, FULL, LOADS, NATIVE, QUICK, applies, idle, measure, started
from postgres import Postgres
from results import PARTS, RESULTS, Report
from targets import ASSAY, FASTTRACKML, Kind, Target, assay, mlflow


@dataclass
class Contender:
    """A server to measure; `make` gives its kind with an empty store."""

    name: str
    make: Callable[[], Kind]


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Measures Assay beside its peers and writes RESULTS.md.")
    parser.add_argument("--quick", action="store_true", help="windows of 5 s: tries the harness, proves nothing")
    choices = (*CELLS, *PARTS)
    parser.add_argument("--only", action="append", choices=choices, help="only this cell or part; may be given again")
    parser.add_argument(
        "--store",
        action="append",
        help="ours on sqlite, on postgresql (one is started here), or on a postgresql:// address; default: both",
    )
    parser.add_argument("--no-peers", action="store_true", help="ours only")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the page to write")
    return parser.parse_args()


def say(text: str) -> None:
    """Progress, at once."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def contenders(stores: list[str], postgres: dict[str, Postgres], peers: Sequence[Kind]) -> list[Contender]:
    """Who is measured, ours first."""
    found = []
    for store in stores:
        if store == "sqlite":
            found.append(Contender("assay, SQLite", assay))
        elif (
            "--store" not in subprocess.run([ASSAY, "up", "--help"], capture_output=True, text=True, check=True).stdout
        ):
            say("assay up has no --store: PostgreSQL is left out")
        else:
            server = postgres[store] = Postgres(store)
            found.append(Contender("assay, PostgreSQL", lambda server=server: assay(server.database())))
    for kind in peers:
        if kind.program.exists():
            found.append(Contender(kind.name, lambda kind=kind: kind))
        else:
            say(f"{kind.name} is left out: {kind.program.name} is missing; make setup-clients installs it")
    return found


def measure_all(contender: Contender, cells: list[str], report: Report, out: Path, source: Path | None) -> None:
    """Every cell of one server; a fresh server and store for each, unless its start takes long."""
    kind = contender.make()
    report.kinds.append(kind)
    kept: Target | None = None
    try:
        for cell in cells:
            if not applies(cell, kind):
                continue
            say(f"{kind.name}: {cell}")
            target: Target | None = None
            if source is not None and cell == "big-file" and kind.ours:
                report.copies.append(files.copied(source))
                say(f"    cp: {brief(report.copies[-1])}")
            try:
                if cell == "start" and not kind.slow_start:
                    report.found[cell, kind.name] = started(contender.make())
                else:
                    target = kept or Target.begin(contender.make())
                    kept = target if kind.slow_start else None
                    outcome = idle(target) if cell == "start" else measure(cell, target, report.lengths, source)
                    report.found[cell, kind.name] = outcome
                say(f"    {brief(report.found[cell, kind.name])}")
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                say(f"    failed: {error}")
                report.failures.append(f"{kind.name}, {cell}: {str(error).splitlines()[0]}")
            finally:
                if target is not None and target is not kept:
                    target.stop()
            report.write(out)
    finally:
        if kept is not None:
            kept.stop()


def brief(outcome: object) -> str:
    """An outcome in one line."""
    shown = {name: getattr(outcome, name) for name in type(outcome).__dataclass_fields__ if name != "samples"}  # type: ignore[attr-defined]
    return ", ".join(f"{name} {value}" for name, value in shown.items() if value not in ("", 0))


def measure_part(name: str, options: argparse.Namespace) -> int:
    """A part is measured by its own program, which writes its section; 1 where something failed."""
    given = [f"--store={store}" for store in options.store or []]
    given += ["--quick"] * options.quick + ["--no-peers"] * options.no_peers
    if options.out != RESULTS:
        given.append(f"--out={options.out.with_name(name)}.md")
    say(f"{name} {' '.join(given)}")
    return subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py"), *given], check=False).returncode


def main() -> int:
    """Measures all that is asked for."""
    options = asked()
    cells = [cell for cell in CELLS if not options.only or cell in options.only]
    failed = measure_logging(options, cells) if cells else 0
    for name in PARTS:
        if not options.only or name in options.only:
            failed |= measure_part(name, options)
    return failed


def measure_logging(options: argparse.Namespace, cells: list[str]) -> int:
    """Measures, writes the page, and says where it lies; 1 where something failed."""
    lengths = QUICK if options.quick else FULL
    postgres: dict[str, Postgres] = {}
    report = Report(lengths)
    source = None
    try:
        peers = () if options.no_peers else (FASTTRACKML, mlflow(1), mlflow(4))
        everybody = contenders(options.store or ["sqlite", "postgresql"], postgres, peers)
        if "big-file" in cells:
            source = files.big_file(lengths.big_bytes)
        wants_floors = any(cell in LOADS and cell != NATIVE for cell in cells)
        for contender in everybody:
            if wants_floors and (contender.name.startswith("assay") or len(report.floors) < 3):
                say("floors")
                report.floors.append(floors.measure(lengths.window_s, assay()))
                say(f"    {brief(report.floors[-1])}")
            measure_all(contender, cells, report, options.out, source)
        report.write(options.out)
    finally:
        for server in postgres.values():
            server.stop()
        if source is not None:
            source.unlink(missing_ok=True)
    say(f"written: {options.out}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
