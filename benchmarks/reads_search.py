"""Searches over 1 k to 1 M runs of 10 params, 10 metrics and 5 tags, ours beside the peers, over MLflow's route."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field

import official
import reads_floors
import reads_runs
from asking import Answer, Asker, NotFinished, Refused, Took, timed
from reads import Row, Section, asked, perform, shown, wall
from reads_paths import MLFLOW, offset_token
from run import Contender, say
from targets import Target

FULL, QUICK = (1_000, 10_000, 100_000, 1_000_000), (1_000, 3_000)
PAGE = 100
ROUNDS = 2  # of all searches: the first find the runs in columns, the next have those of their keys read
WALK = 10_000  # runs of a page on the way to a deep one
BUILT_S = 4.0  # that our columns may take to be read behind the first answers, for each 100,000 runs
BOUNDS_MS = {100_000: 10.0, 1_000_000: 50.0}
DISTINCT_MS = 250.0  # LIKE over all-distinct values at 1 M
TIMES = {"mlflow": 50.0, "fasttrackml": 5.0}
ONCE_MS = 20_000.0  # what takes longer is asked once: no median would bring it near
REFUSED = "not in its grammar"


@dataclass(frozen=True)
class Shape:
    """A search."""

    name: str
    filter: str = ""
    order: tuple[str, ...] = ()

    def body(self, limit: int = PAGE, token: str | None = None) -> dict[str, object]:
        """What is posted."""
        made: dict[str, object] = {"experiment_ids": ["0"], "max_results": limit}
        if self.filter:
            made["filter"] = self.filter
        if self.order:
            made["order_by"] = list(self.order)
        if token is not None:
            made["page_token"] = token
        return made


BEST = ("metrics.accuracy DESC",)
FIVE = (
    "params.optimizer = 'adam' AND params.batch_size = '64' AND metrics.accuracy > 0.5 AND metrics.loss < 0.8 "
    "AND tags.stage = 'done'"
)
COMMON = Shape("common: a third of the runs, by a metric", "params.optimizer = 'adam'", BEST)
HALF = Shape("all, by a metric that half of them lack", "", ("metrics.late_a DESC",))
DISTINCT = Shape("LIKE, all values distinct", "params.note LIKE '%7c4%'")
SHAPES = (
    COMMON,
    Shape("rare: one in a thousand, by a metric", "params.arch = 'arch-0007'", BEST),
    Shape("none", "params.optimizer = 'lbfgs'", BEST),
    Shape("five predicates joined, by a metric", FIVE, BEST),
    Shape("!=", "params.optimizer != 'adam'"),
    Shape("LIKE, 1,000 distinct values", "params.arch LIKE '%-07%'"),
    DISTINCT,
    Shape("IS NULL, of half of the runs", "params.maybe_a IS NULL"),
    HALF,
    Shape("no filter, newest first"),
)
DEEP = {COMMON: 6, HALF: 2}  # of how many runs one is passed over


@dataclass
class Subject:
    """A server and what it took: by size and search."""

    name: str
    ours: bool
    took: dict[tuple[int, str], Took] = field(default_factory=dict)
    pages: dict[tuple[int, str], list[str]] = field(default_factory=dict)  # the ids of first pages
    refused: set[str] = field(default_factory=set)  # shapes that it does not know
    slow: set[str] = field(default_factory=set)  # shapes that it did not finish at a smaller size
    cells: dict[tuple[int, str], str] = field(default_factory=dict)


def search(asker: Asker, shape: Shape, limit: int = PAGE, token: str | None = None) -> Answer:
    """A page."""
    return asker.post(f"{MLFLOW}runs/search", shape.body(limit, token))


def deep_token(asker: Asker, shape: Shape, depth: int, *, ours: bool) -> str:
    """The token of the page after so many runs; ours names the last run, theirs a number.

    Raises:
        RuntimeError: There are not so many.
    """
    if not ours:
        return offset_token(depth)
    token: str | None = None
    while depth:
        limit = min(depth, WALK)
        token = search(asker, shape, limit, token).json().get("next_page_token")
        depth -= limit
        if token is None:
            raise RuntimeError(f"{shape.name} finds fewer runs than were written")
    return token or ""


def measure_one(section: Section, subject: Subject, target: Target, size: int) -> None:
    """Every shape at this size. Two in a row that are not finished end it: the rest would not be either."""
    asker = Asker(target.url)
    if subject.ours:
        first = search(asker, COMMON)
        say(f"    first answer after a start: {first.wall_ms:,.1f} ms")
        subject.cells[size, "(the very first answer after a start, of the first search)"] = f"{first.wall_ms:,.0f} ms"
        for _ in range(ROUNDS):
            time.sleep(1.0 + BUILT_S * size / 100_000)
            for shape in SHAPES:
                search(asker, shape)
        time.sleep(1.0 + BUILT_S * size / 100_000)
    missed = 0
    jobs: list[tuple[str, Shape, int]] = [(shape.name, shape, 0) for shape in SHAPES]
    for shape, share in DEEP.items():
        jobs.append((f"deep page: {shape.name}", shape, size // share // PAGE * PAGE))
    for name, shape, depth in jobs:
        if shape.name in subject.refused or name in subject.slow or missed >= 2:
            subject.cells[size, name] = REFUSED if shape.name in subject.refused else "not finished"
            continue
        with section.attempt(f"{subject.name}, {size:,} runs: {name}"):
            try:
                took = _one(asker, subject, shape, size, depth)
                missed = 0
            except NotFinished:
                missed += 1
                subject.slow.add(name)
                subject.cells[size, name] = "not finished"
                target.rest()  # it would go on with what nobody waits for
                target.start()
                asker = Asker(target.url)
                continue
            except Refused as error:
                if subject.ours:
                    raise
                subject.refused.add(shape.name)
                subject.cells[size, name] = REFUSED
                say(f"    {error}")
                continue
            subject.took[size, name] = took
            subject.cells[size, name] = f"{shown(took)} ({wall(took)})" if took.server_ms is not None else wall(took)
            say(f"    {took}")
    asker.close()


def _one(asker: Asker, subject: Subject, shape: Shape, size: int, depth: int) -> Took:
    token = deep_token(asker, shape, depth, ours=subject.ours) if depth else None
    answer = search(asker, shape, PAGE, token)
    if not depth:
        found = answer.json().get("runs", [])
        subject.pages[size, shape.name] = [run["info"]["run_id"] for run in found]
    if answer.wall_ms > ONCE_MS:
        return Took(answer.wall_ms, answer.server_ms, len(answer.body))
    return timed(lambda: search(asker, shape, PAGE, token), warm=0 if answer.wall_ms > 5_000 else 1)


def measure(section: Section, everybody: list[Contender]) -> None:
    """Each server through all sizes, then the comparison."""
    sizes = QUICK if section.options.quick else FULL
    subjects: list[Subject] = []
    words = f"First pages of {PAGE} runs, medians of three: ours by its own time (and here, read), others here:"
    rows = section.rows(words, "search", "runs", *(contender.name for contender in everybody))
    words = "The official client's whole `search_runs` to a DataFrame, its own time:"
    clients = section.rows(words, "server", "runs", "time")
    floors = section.rows("What the machine itself needs:", "floor", "median")
    for contender in everybody:
        kind = contender.make()
        subject = Subject(kind.name, kind.ours)
        subjects.append(subject)
        with section.attempt(kind.name):
            target = Target.begin(kind)
            try:
                held = 0
                for size in sizes:
                    if not subject.ours and held and len(subject.slow) >= len(SHAPES) // 2:
                        break  # what it did not finish with fewer runs it will not finish with more
                    began = time.monotonic()
                    reads_runs.grow(target, held, size)
                    held = size
                    say(f"{kind.name}: {size:,} runs, written in {time.monotonic() - began:.0f} s")
                    measure_one(section, subject, target, size)
                    if size == sizes[1]:
                        _client(section, clients, target, size)
            finally:
                target.stop()
        _agree(section, subjects)
        rows[:] = _table(subjects, len(everybody), sizes)
        section.verdicts.clear()
        compare(section, subjects, sizes)
        section.write()
    with section.attempt("floors"):
        floors.append(("an empty answer of a bare Starlette", f"{reads_floors.empty_ms():.2f} ms"))
        ms = reads_floors.masked_ms(sizes[-1])
        floors.append((f"{sizes[-1]:,} numbers compared, and the 100 greatest of half, by numpy", f"{ms:.1f} ms"))


def _client(section: Section, clients: list[Row], target: Target, count: int) -> None:
    with section.attempt(f"{target.kind.name}: the official client"):
        took_s = official.seconds("search", target.url, str(count), count=count)
        clients.append((target.kind.name, f"{count:,}", f"{took_s:.2f} s"))


def _table(subjects: list[Subject], columns: int, sizes: tuple[int, ...]) -> list[Row]:
    """A row a search and size, with a column for each server, measured already or not."""
    rows: list[Row] = []
    for name in dict.fromkeys(name for subject in subjects for _, name in subject.cells):
        for size in sizes:
            cells = [subject.cells.get((size, name), "") for subject in subjects]
            if any(cells):
                rows.append((name, f"{size:,}", *cells, *[""] * (columns - len(cells))))
    return rows


def _agree(section: Section, subjects: list[Subject]) -> None:
    """The newest server's first pages are those of the first; of ours they must be."""
    reference, other = subjects[0], subjects[-1]
    for (size, name), ids in other.pages.items():
        if reference.pages.get((size, name), ids) == ids:
            continue
        if other.ours:
            section.failures.append(f"{name} at {size:,} runs: {other.name} and {reference.name} show other runs")
        else:
            other.cells[size, name] = f"{other.cells.get((size, name), '')} (other runs than ours)"


def compare(section: Section, subjects: list[Subject], sizes: tuple[int, ...]) -> None:
    """Every bar that what was found allows."""
    names = [shape.name for shape in SHAPES]
    for one in (subject for subject in subjects if subject.ours):
        for size in sizes:
            bound_ms = BOUNDS_MS.get(size)
            found = {name: one.took[size, name] for name in names if (size, name) in one.took}
            if bound_ms is None or not found:
                continue
            if size == max(BOUNDS_MS) and DISTINCT.name in found:
                section.at_most(f"{DISTINCT.name}, {size:,} runs, {one.name}", found.pop(DISTINCT.name), DISTINCT_MS)
            worst = max(found, key=lambda name: found[name].best_known_ms)
            within = sum(took.best_known_ms <= bound_ms for took in found.values())
            what = f"first page of {PAGE}, {size:,} runs, {one.name}: the slowest of {len(found)} searches ({worst})"
            section.at_most(what, found[worst], bound_ms, f"{within} of {len(found)} within the bar")
        for other in (subject for subject in subjects if not subject.ours):
            _times(section, one, other, names)


def _times(section: Section, one: Subject, other: Subject, names: list[str]) -> None:
    bar = next((times for name, times in TIMES.items() if other.name.startswith(name)), None)
    ratios: dict[str, tuple[float, int]] = {}
    for name in names:
        both = [size for size, of in other.took if of == name and (size, name) in one.took]
        if both:
            size = max(both)
            ratios[name] = (other.took[size, name].wall_ms / one.took[size, name].wall_ms, size)
    if bar is None or not ratios:
        return
    worst = min(ratios, key=lambda name: ratios[name])
    ratio, size = ratios[worst]
    median = statistics.median(value for value, _ in ratios.values())
    peer, mine = other.took[size, worst], one.took[size, worst]
    section.bar(
        f"at the largest size that {other.name} finishes, {one.name}: the least ratio of a search ({worst}, {size:,})",
        wall(mine),
        f"≥ {bar:g} x {other.name.partition(',')[0]}",
        met=ratio >= bar,
        beside=f"{wall(peer)} (x {ratio:,.1f}; median of {len(ratios)} searches x {median:,.0f})",
    )


def main() -> int:
    """Measures, and writes the section."""
    intro = (
        "The same runs of 10 params, 10 metrics and 5 tags were written straight into each store, one was read back "
        "from each server and compared, and first pages were compared between servers. Every search had been asked "
        "before, so that ours had read its columns. A request of more than 120 s counts as not finished, one of more "
        "than 20 s was made once."
    )
    options = asked("Measures searches over up to 1 M runs.")
    return perform(Section("reads_search", "Searching runs", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
