"""Histories: one key of 1 M points and the same of many runs, to 1,000 buckets and whole; the peers' beside."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import official
import reads_floors
import reads_paths as paths
import reads_points
from asking import Answer, Asker, NotFinished, Took, timed
from reads import Row, Section, asked, perform, shown, times_bar, wall
from reads_points import KEY
from run import Contender, say
from targets import Target

from assay.wire.points import unpack

BUCKETS = 1_000
PAGE = 25_000  # points of a page of get-history
READS, SLOW_MS = 15, 1_000.0  # so many of each read, three of one that is slow
TIMES = {"mlflow": 20.0, "fasttrackml": 5.0}
WORDS = f"Medians of {READS}, of three where one takes more than a second, after one that does not count:"
Ask = Callable[[Asker], Answer | list[Answer]]


@dataclass(frozen=True)
class Sizes:
    """How much lies there."""

    points: int  # of the one long key
    runs: int
    run_points: int  # of the one key of each run
    live_batches: int  # of each live run, before its tail is filled
    keys: int


FULL = Sizes(1_000_000, 100, 10_000, 480, 3_000)
QUICK = Sizes(100_000, 20, 2_000, 32, 600)


@dataclass
class Subject:
    """A server and what was measured of it."""

    section: Section
    sizes: Sizes
    details: list[Row]
    clients: list[Row]
    target: Target
    took: dict[str, Took] = field(default_factory=dict)  # by what was read

    @property
    def name(self) -> str:
        """The server's name."""
        return self.target.kind.name

    def read(self, what: str, ask: Ask, check: Callable[[list[Answer]], bool]) -> None:
        """The read is timed and in the table, after one whose answer was checked."""
        asker = Asker(self.target.url)
        with self.section.attempt(f"{self.name}: {what}"):
            try:
                got = ask(asker)
                if not check([got] if isinstance(got, Answer) else got):
                    raise RuntimeError("the answer is not what was logged")
                took = self.took[what] = timed(lambda: ask(asker), times=3 if _is_slow(got) else READS, warm=0)
            except NotFinished:
                self.details.append((what, self.name, "", "not finished", ""))
                raise
            finally:
                asker.close()
            told = "not told" if took.server_ms is None else shown(took)
            self.details.append((what, self.name, told, wall(took), f"{took.size:,}"))
            say(f"    {took}")

    def client(self, uid: str) -> None:
        """The official client has read the long key."""
        with self.section.attempt(f"{self.name}: the official client"):
            took_s = official.seconds("history", self.target.url, uid, KEY, count=self.sizes.points)
            self.clients.append((self.name, f"{took_s:.2f} s"))


def _is_slow(got: Answer | list[Answer]) -> bool:
    return sum(answer.wall_ms for answer in ([got] if isinstance(got, Answer) else got)) > SLOW_MS


def names(sizes: Sizes) -> dict[str, str]:
    """What is read, in words."""
    one = f"{sizes.points:,} points of a key"
    return {
        "buckets": f"{one} to {BUCKETS:,} buckets",
        "points": f"{one}, native binary columns",
        "arrow": f"{one}, native Arrow",
        "whole": f"{one}, MLflow's get-history",
        "paged": f"{one}, get-history in pages of {PAGE:,}",
        "runs": f"{sizes.runs} runs x 1 key x {sizes.run_points:,} points to {BUCKETS:,} buckets",
        "live": f"{sizes.runs} live runs x 10 keys, full tails, to {BUCKETS:,} buckets",
        "overview": f"a run with {sizes.keys:,} keys: its overview",
        "mlflow-overview": f"a run with {sizes.keys:,} keys: MLflow's runs/get",
    }


def whole(uid: str) -> Ask:
    """A history in one answer of MLflow's route."""
    return lambda asker: asker.get(paths.mlflow_history(uid, KEY))


def paged(uid: str) -> Ask:
    """All pages of a history, as a client asks for them."""

    def ask(asker: Asker) -> list[Answer]:
        answers: list[Answer] = []
        token: str | None = None
        while True:
            answers.append(asker.get(paths.mlflow_history(uid, KEY, PAGE, token)))
            token = answers[-1].json().get("next_page_token")
            if not token:
                return answers

    return ask


def holds(values: np.ndarray) -> Callable[[list[Answer]], bool]:
    """Whether the answers of MLflow's route hold exactly these values."""

    def check(answers: list[Answer]) -> bool:
        got = [item["value"] for answer in answers for item in answer.json()["metrics"]]
        return bool(np.array_equal(np.asarray(got, np.float64), values))

    return check


def holds_columns(values: np.ndarray) -> Callable[[list[Answer]], bool]:
    """Whether the binary columns hold exactly these values."""
    return lambda answers: bool(np.array_equal(np.frombuffer(unpack(answers[0].body).value, "<f8"), values))


def holds_arrow(count: int) -> Callable[[list[Answer]], bool]:
    """Whether the Arrow stream has so many rows."""

    def check(answers: list[Answer]) -> bool:
        from io import BytesIO

        from arro3.io import read_ipc_stream

        return bool(read_ipc_stream(BytesIO(answers[0].body)).read_all().num_rows == count)

    return check


def draws(values: np.ndarray) -> Callable[[list[Answer]], bool]:
    """Whether the buckets hold as many points as these, and their extremes."""

    def check(answers: list[Answer]) -> bool:
        from assay.wire.series import unpack as drawn

        _, columns = drawn(answers[0].body)
        extremes = (min(columns["min"]), max(columns["max"])) == (values.min(), values.max())
        return bool(extremes and sum(columns["count"]) == len(values))

    return check


def counts(points: int) -> Callable[[list[Answer]], bool]:
    """Whether the buckets hold so many points."""

    def check(answers: list[Answer]) -> bool:
        from assay.wire.series import unpack as drawn

        return sum(drawn(answers[0].body)[1]["count"]) == points

    return check


def ours(one: Subject) -> None:
    """All reads of ours, each after its points were logged."""
    sizes, target, what = one.sizes, one.target, names(one.sizes)
    with one.section.attempt(f"{one.name}: {sizes.points:,} points"):
        uid = reads_points.logged(target, 1, 1, 10_000, sizes.points // 10_000)[0]
        reads_points.settle(target)
        values = reads_points.logged_values(10_000, sizes.points)
        one.read(what["buckets"], lambda a: a.post(paths.SERIES, paths.series([uid], [KEY], BUCKETS)), draws(values))
        one.read(what["points"], lambda a: a.get(paths.history(uid, KEY, "points")), holds_columns(values))
        one.read(what["arrow"], lambda a: a.get(paths.history(uid, KEY, "arrow")), holds_arrow(sizes.points))
        one.read(what["whole"], whole(uid), holds(values))
        one.read(what["paged"], paged(uid), holds(values))
        one.client(uid)
    with one.section.attempt(f"{one.name}: {sizes.runs} runs"):
        uids = reads_points.logged(target, sizes.runs, 1, sizes.run_points, 1)
        each = np.tile(reads_points.logged_values(sizes.run_points, sizes.run_points), sizes.runs)
        reads_points.settle(target)
        one.read(what["runs"], lambda a: a.post(paths.SERIES, paths.series(uids, [KEY], BUCKETS)), draws(each))
    with one.section.attempt(f"{one.name}: a run with {sizes.keys:,} keys"):
        wide = reads_points.logged(target, 1, sizes.keys, 10, 1)[0]
        reads_points.settle(target)
        last = f"train/metric_{sizes.keys - 1:03d}"
        one.read(what["overview"], lambda a: a.get(paths.run(wide)), lambda got: last.encode() in got[0].body)
        one.read(what["mlflow-overview"], lambda a: a.get(paths.mlflow_run(wide)), lambda g: last.encode() in g[0].body)
    with one.section.attempt(f"{one.name}: {sizes.runs} live runs"):
        live, least, held = reads_points.live(target, sizes.runs, sizes.live_batches)
        keys = [f"train/metric_{number:03d}" for number in range(10)]
        one.read(what["live"], lambda a: a.post(paths.SERIES, paths.series(live, keys, BUCKETS)), counts(held))
        one.details.append((f"(the shortest tail of these live runs had {least} batches)", one.name, "", "", ""))


def peer(one: Subject) -> None:
    """The reads that the peers have, of points put into their files."""
    uid, values = reads_points.put(one.target, one.sizes.points)
    what = names(one.sizes)
    one.read(what["whole"], whole(uid), holds(values))
    one.read(what["paged"], paged(uid), holds(values))
    one.client(uid)


def measure(section: Section, everybody: list[Contender]) -> None:
    """Ours on each store, then the peers, then the comparison."""
    sizes = QUICK if section.options.quick else FULL
    header = ("read", "server", "server's time", "with the body read, here", "bytes")
    details = section.rows(WORDS, *header)
    clients = section.rows(
        f"The official client's own time for the {sizes.points:,} points, median of three:",
        "server",
        "get_metric_history",
    )
    subjects: list[Subject] = []
    for contender in everybody:
        with section.attempt(contender.name):
            target = Target.begin(contender.make())
            subjects.append(Subject(section, sizes, details, clients, target))
            try:
                (ours if target.kind.ours else peer)(subjects[-1])
            finally:
                target.stop()
                section.verdicts.clear()
                compare(section, subjects, sizes)
    machine(section, subjects, sizes)


def compare(section: Section, subjects: list[Subject], sizes: Sizes) -> None:
    """Every bar that what was found allows."""
    what = names(sizes)
    bounds = {"buckets": 10, "points": 150, "arrow": 150, "runs": 30, "live": 60, "overview": 50, "mlflow-overview": 50}
    for one in subjects:
        if not one.target.kind.ours:
            continue
        for short, bound_ms in bounds.items():
            if what[short] in one.took:
                section.at_most(f"{what[short]}, {one.name}", one.took[what[short]], bound_ms)
        for short in ("whole", "paged"):
            if what[short] in one.took:
                beside = {
                    p.name: p.took[what[short]] for p in subjects if not p.target.kind.ours and what[short] in p.took
                }
                times_bar(section, f"{what[short]}, {one.name}", one.took[what[short]], beside, TIMES)


def machine(section: Section, subjects: list[Subject], sizes: Sizes) -> None:
    """The floors beside."""
    rows = section.rows("What the machine itself needs:", "floor", "median")
    with section.attempt("floors"):
        rows.append(("an empty answer of a bare Starlette", f"{reads_floors.empty_ms():.2f} ms"))
        for short in ("points", "whole"):
            took = next((s.took[names(sizes)[short]] for s in subjects if names(sizes)[short] in s.took), None)
            if took is not None:
                ms = reads_floors.loopback_ms(took.size)
                rows.append((f"{took.size:,} zero bytes from a bare Starlette, read here", f"{ms:,.1f} ms"))
        ms = reads_floors.decoded_ms(sizes.points)
        rows.append((f"the chunks of {sizes.points:,} points opened in one process", f"{ms:,.1f} ms"))


def main() -> int:
    """Measures, and writes the section."""
    intro = (
        "Ours was logged over the native API and has settled, but for the live runs; the peers' points were put into "
        "their SQLite files. Every answer was compared with what was logged, of buckets their counts and extremes."
    )
    options = asked("Measures histories: downsampled, whole, and by the official client.")
    return perform(Section("reads_history", "Reading histories", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
