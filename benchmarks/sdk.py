"""What logging costs the program that trains: ours beside wandb, trackio and mlflow; writes sdk.md.

That is a part of RESULTS.md, and is put into it. Each figure is the median over fresh processes, of all libraries in
turn. Ten to fifteen minutes in full; `--quick` takes two or three and only tries the harness.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from results import RESULTS, SDK, table, with_section
from targets import ASSAY, ROOT, Target, assay, workplace

OURS = Path(sys.executable)
LOGGERS = ROOT / ".venv-loggers/bin/python"
MLFLOW = ROOT / ".venv-mlflow3/bin/python"
ONE = Path(__file__).with_name("sdk_one.py")
LIMIT_S = 600.0


@dataclass(frozen=True)
class Library:
    """Who is measured: his name in the results, his Python, and how many calls are enough."""

    title: str
    python: Path
    calls: int
    what: str


LIBRARIES = {
    "assay": Library("assay", OURS, 200_000, "offline; the journal is mapped memory"),
    "assay-write": Library("assay, by write()", OURS, 100_000, "offline; where the disk cannot promise room"),
    "wandb": Library("wandb", LOGGERS, 10_000, "offline"),
    "trackio": Library("trackio", LOGGERS, 10_000, "its local database"),
    "mlflow": Library("mlflow", MLFLOW, 300, "log_metrics into SQLite in the same process, no server"),
    "mlflow-async": Library("mlflow, async", MLFLOW, 2_000, "the same with synchronous=False"),
}


@dataclass(frozen=True)
class Length:
    """How much is measured."""

    times: int
    share: float  # of the calls
    imports: int
    steps: int  # of 10 points in the journal that is sent


FULL, QUICK = Length(5, 1.0, 20, 1_000_000), Length(1, 0.05, 3, 20_000)


def say(text: str) -> None:
    """Progress, at once."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def one(name: str, count: int, keys: int) -> dict[str, float]:
    """What one fresh process found."""
    folder = tempfile.mkdtemp(prefix="bench-sdk-", dir=workplace())
    try:
        done = subprocess.run(
            [LIBRARIES[name].python, ONE, name, str(count), str(keys)],
            cwd=folder,
            env={**os.environ, "HOME": folder},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith('{"import_s"')]
        if not lines:
            raise RuntimeError(f"{name}: {done.stderr[-800:]}")
        return dict(json.loads(lines[-1]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def each(names: list[str], length: Length, keys: int) -> dict[str, dict[str, float]]:
    """The medians of each library; with 0 keys a run is only started."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(length.times):
        for name in list(names):
            count = max(20, int(LIBRARIES[name].calls * length.share)) if keys else 0
            try:
                found[name].append(one(name, count, keys))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                say(f"    {name} failed: {error}")
                names.remove(name)
                del found[name]
    return {
        name: {field: statistics.median(each_[field] for each_ in several) for field in several[0]}
        for name, several in found.items()
    }


def import_ms(times: int) -> list[float]:
    """Medians of an interpreter that does nothing, one that imports ours, and one that also has what begins a run."""
    took: dict[str, list[float]] = {"pass": [], "import assay": [], "import assay; assay.init": []}
    for _ in range(times):
        for code, several in took.items():
            began = time.perf_counter()
            subprocess.run([OURS, "-c", code], check=True)
            several.append((time.perf_counter() - began) * 1_000)
    return [statistics.median(several) for several in took.values()]


def sync_points_per_s(steps: int) -> float:
    """Points a second of `assay sync`, from a journal of 10 points a step to a server on SQLite."""
    target = Target.begin(assay())
    try:
        home = target.folder / "away"
        home.mkdir()
        code = (
            "import assay\n"
            "run = assay.init(mode='offline', capture=())\n"
            "names = [f'train/metric_{key:03d}' for key in range(10)]\n"
            f"for step in range({steps}):\n"
            "    run.log({key: step * 0.5 for key in names}, step)\n"
            "run.finish()\n"
        )
        env = {**os.environ, "ASSAY_HOME": str(home)}
        subprocess.run([OURS, "-c", code], env=env, check=True, timeout=LIMIT_S)
        began = time.perf_counter()
        subprocess.run(
            [ASSAY, "sync", "--url", target.url, "--home", home, "--json"], check=True, timeout=LIMIT_S, stdout=-3
        )
        return steps * 10 / (time.perf_counter() - began)
    finally:
        target.stop()


def section(length: Length) -> str:
    """Everything measured, as a part of the page."""
    names = [name for name, library in LIBRARIES.items() if library.python.exists()]
    calls = {}
    for keys in (1, 10):
        say(f"run.log of {keys}")
        calls[keys] = each(list(names), length, keys)
        say("    " + ", ".join(f"{name} {found['us']:.1f} us" for name, found in calls[keys].items()))
    say("start of a run")
    starts = each([name for name in names if name not in ("assay-write", "mlflow-async")], length, 0)
    say("    " + ", ".join(f"{name} {found['start_s'] * 1e3:.0f} ms" for name, found in starts.items()))
    bare, ours, all_ = import_ms(length.imports)
    say(f"import: {ours:.1f} ms over {bare:.1f} ms, with init {all_:.1f} ms")
    rate = sync_points_per_s(length.steps)
    say(f"sync: {rate:,.0f} points/s")
    rows = []
    for name in names:
        shown = [_beside(calls[keys], name) for keys in (1, 10)]
        rows.append((LIBRARIES[name].title, *shown, LIBRARIES[name].what))
    begun = [
        (
            LIBRARIES[name].title,
            f"{found['start_s'] * 1e3:,.0f} ms (x {found['start_s'] / starts['assay']['start_s']:.2g})",
            f"{(found['import_s'] + found['start_s']) * 1e3:,.0f} ms",
        )
        for name, found in starts.items()
    ]
    mapped = LIBRARIES["assay"]
    quick = "" if length == FULL else " This was a quick run, which only tries the harness."
    return "\n\n".join(
        (
            SDK,
            f"Written by `benchmarks/sdk.py` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: medians over {length.times} "
            f"fresh processes a library, in turn. A call is the mean over {int(mapped.calls * length.share):,} of ours "
            f"and fewer of the others, without the end of the run.{quick}",
            table(("a call of `log`", "1 scalar", "10 scalars", "how"), rows),
            table(("to start a run", "import excluded", "import included"), begun),
            table(
                ("besides", ""),
                [
                    ("`import assay` over the bare interpreter", f"{ours - bare:.1f} ms ({bare:.1f} -> {ours:.1f})"),
                    ("the same with `assay.init`, which is resolved lazily", f"{all_ - bare:.1f} ms"),
                    (f"`assay sync` of {length.steps * 10:,} points to SQLite", f"{rate:,.0f} points/s"),
                ],
            ),
        )
    )


def _beside(found: dict[str, dict[str, float]], name: str) -> str:
    if name not in found or "assay" not in found:
        return "failed"
    us = found[name]["us"]
    return f"{us:,.2f} us" if name == "assay" else f"{us:,.2f} us (x {us / found['assay']['us']:,.1f})"


def main() -> int:
    """Measures, and writes the section and the page that it is a part of."""
    parser = argparse.ArgumentParser(description="Measures what logging costs the program that trains.")
    parser.add_argument("--quick", action="store_true", help="few calls: tries the harness, proves nothing")
    parser.add_argument("--out", type=Path, help="only this file is written, and no page")
    options = parser.parse_args()
    made = section(QUICK if options.quick else FULL)
    if options.out:
        options.out.write_text(made + "\n")
        return 0
    ONE.with_name("sdk.md").write_text(made + "\n")
    if RESULTS.exists():
        RESULTS.write_text(with_section(RESULTS.read_text(), made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
