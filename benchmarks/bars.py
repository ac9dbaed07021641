"""The bar: how much faster than the peers, how near to the floors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from cells import LOADS, NATIVE, Outcome, Started
from files import Big, Copy
from floors import Floors
from load import Load
from tail import Growth
from targets import Kind

TIMES: dict[tuple[str, str], tuple[float, float]] = {  # (cell, engine) -> times mlflow, times fasttrackml
    ("batch-8", "SQLite"): (100, 20),
    ("batch-8", "PostgreSQL"): (50, 10),
    ("single-8", "SQLite"): (25, 2),
    ("single-8", "PostgreSQL"): (25, 2),
}
NATIVE_BARS = {"SQLite": (3e6, 1.5e6), "PostgreSQL": (None, 0.8e6)}  # points/s in the first window, in all
TIMES_FLOOR = 3.0
SHARE_OF_CP = 0.5
START_S, IDLE_MB = 1.5, 120.0
TAIL_S = 240.0  # a run rests for a minute before it is folded: a shorter look says nothing


@dataclass(frozen=True)
class Verdict:
    """One comparison, in words for the page."""

    what: str
    ours: str
    beside: str
    bar: str
    met: bool


Found = dict[tuple[str, str], Outcome]


def verdicts(found: Found, kinds: list[Kind], floors: Floors | None, copy: Copy | None) -> list[Verdict]:
    """Every comparison that what was found allows."""
    made: list[Verdict] = []
    for kind in kinds:
        if not kind.ours:
            continue

        def of(cell: str, name: str = kind.name) -> Outcome | None:
            return found.get((cell, name))

        for cell in LOADS:
            made += _beside_peers(cell, kind, found, kinds)
        made += _native(kind, cast("Load | None", of(NATIVE)))
        one = cast("Load | None", of("batch-1"))
        if one and floors:
            limit = TIMES_FLOOR * floors.batch_ms
            made.append(
                Verdict(
                    f"a log-batch on 1 connection, {kind.name}",
                    f"{one.p50_ms:.2f} ms",
                    f"fdatasync + decoded and dropped: {floors.batch_ms:.2f} ms (x {one.p50_ms / floors.batch_ms:.1f})",
                    f"≤ {TIMES_FLOOR:g} x",
                    one.p50_ms <= limit,
                )
            )
        if copy and (big := cast("Big | None", of("big-file"))):
            for way, seconds in (("up", big.up_s), ("down", big.down_s)):
                share = copy.synced_s / seconds
                beside = f"`cp` with fsync: {copy.synced_s:.2f} s ({share:.2f} of its speed)"
                what = f"the big file {way}, {kind.name}"
                made.append(Verdict(what, f"{seconds:.2f} s", beside, f"≥ {SHARE_OF_CP:g}", share >= SHARE_OF_CP))
        if start := cast("Started | None", of("start")):
            made += [
                Verdict(
                    f"start to first answer, {kind.name}",
                    f"{start.seconds:.2f} s",
                    _each(found, kinds, "start", lambda one: f"{cast('Started', one).seconds:.1f} s"),
                    f"≤ {START_S:g} s",
                    start.seconds <= START_S,
                ),
                Verdict(
                    f"resident memory when idle, {kind.name}",
                    f"{start.resident_mb:.0f} MB",
                    _each(found, kinds, "start", lambda one: f"{cast('Started', one).resident_mb:,.0f} MB"),
                    f"≤ {IDLE_MB:g} MB",
                    start.resident_mb <= IDLE_MB,
                ),
            ]
        growth = cast("Growth | None", of("tail"))
        if growth and growth.seconds >= TAIL_S:
            batches, live = (" → ".join(f"{v:,.0f}" for v in growth.medians(n)) for n in ("batches", "live"))
            what = f"uncompacted batches; unfolded latest values, {kind.name}"
            made.append(Verdict(what, f"{batches}; {live}", "", "no growth after the first fifth", growth.steady))
    return made


def _beside_peers(cell: str, kind: Kind, found: Found, kinds: list[Kind]) -> list[Verdict]:
    """The rate beside each peer's; of several settings of a peer, beside its best."""
    ours = cast("Load | None", found.get((cell, kind.name)))
    bars = TIMES.get((cell, kind.name.rsplit(" ", 1)[1]))
    if ours is None or bars is None:
        return []
    made = []
    for peer, times in zip(("mlflow", "fasttrackml"), bars, strict=True):
        rates = {
            other.name: cast("Load", found[cell, other.name]).median
            for other in kinds
            if other.name.startswith(peer) and (cell, other.name) in found
        }
        if not rates:
            continue
        best = max(rates, key=lambda name: rates[name])
        ratio = ours.median / rates[best] if rates[best] else float("inf")
        made.append(
            Verdict(
                f"{LOADS[cell].title}, {kind.name}",
                f"{ours.median:,.0f} {LOADS[cell].unit}",
                f"{best}: {rates[best]:,.0f} (x {ratio:,.1f})",
                f"≥ {times:g} x {peer}",
                ratio >= times,
            )
        )
    return made


def _native(kind: Kind, found: Load | None) -> list[Verdict]:
    """The native API's rate from an empty store on, and the median of all windows."""
    if found is None:
        return []
    first, sustained = NATIVE_BARS[kind.name.rsplit(" ", 1)[1]]
    made = []
    for when, bar, rate in (
        ("first tenth", first, found.points_per_s[0]),
        ("median of ten tenths", sustained, found.median),
    ):
        if bar is not None:
            what = f"{LOADS[NATIVE].title}, {when}, {kind.name}"
            made.append(Verdict(what, f"{rate:,.0f} points/s", "", f"≥ {bar / 1e6:g} M points/s", rate >= bar))
    return made


def _each(found: Found, kinds: list[Kind], cell: str, show: Callable[[Outcome], str]) -> str:
    return "; ".join(f"{k.name}: {show(found[cell, k.name])}" for k in kinds if not k.ours and (cell, k.name) in found)
