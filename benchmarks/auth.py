"""What asking who speaks costs: the same log calls to two servers of ours, in turn, one of them with users.

One server has no users. The other has users, groups and grants, and each call comes with the token of a user whose role
is that of a group. Blocks of calls go to one and the other in turn, over one connection each; the CPU time of a server
is that of all its processes, as the kernel counts it, so that what else the machine does falls on both alike. The
figure is the median over pairs of blocks of (with users / without - 1); the bar is 5 % for log-batch.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import asking
import load
from bodies import Batches, Singles
from loop import drive
from reads import Section, asked, perform
from run import Contender
from targets import Target, family

USERS, WORKSPACES = 200, 20
BAR_PER_CENT = 5.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
MAKERS: dict[str, Callable[[], Batches | Singles]] = {
    "log-batch of 10 keys x 100 steps": lambda: Batches(10, 100),
    "log-batch of 10 keys x 1 step": lambda: Batches(10, 1),
    "log-metric": Singles,
}


@dataclass
class Outcome:
    """Milliseconds of the server's CPU time a call, and by how much users make it dearer."""

    call: str
    without_ms: float
    with_ms: float
    per_cent: float
    low: float
    high: float


def cpu_s(target: Target) -> float:
    """CPU time of all processes of the server, those that have ended included."""
    assert target.process is not None
    ticks = 0
    for pid in family(target.process.pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks * TICK_S


def peopled(target: Target) -> str:
    """The token of a user on a server that has many; he may write in the default workspace by his group."""
    home = (target.folder / "home/token").read_text().strip()
    sent = {"Authorization": f"Bearer {home}", "Content-Type": "application/json"}
    asker = asking.Asker(target.url)

    def ask(method: str, path: str, body: dict[str, Any]) -> Any:
        return asker.ask(method, f"/api/v1/{path}", json.dumps(body).encode(), sent).json()

    ask("POST", "groups", {"name": "team"})
    for number in range(USERS):
        ask("POST", "users", {"name": f"user-{number}"})
    ask("POST", "group-members", {"group": "team", "add": [f"user-{number}" for number in range(0, USERS, 2)]})
    for number in range(WORKSPACES):
        ask("POST", "workspaces", {"name": f"w-{number}"})
        ask("PATCH", f"workspaces/w-{number}/members", {"group": "team", "role": "viewer"})
    ask("PATCH", "workspaces/default/members", {"group": "team", "role": "editor"})
    token = str(ask("POST", "tokens", {"name": "bench", "user": "user-0"})["secret"])
    asker.close()
    return token


def proved(requests: Iterator[bytes], token: str) -> Iterator[bytes]:
    """The requests, each with the token."""
    line = f"\r\nAuthorization: Bearer {token}".encode()
    for request in requests:
        head, end, rest = request.partition(b"\r\n\r\n")
        yield head + line + end + rest


def block(target: Target, requests: Iterator[bytes], count: int) -> float:
    """Milliseconds of the server's CPU time a call, over so many calls."""
    before = cpu_s(target)
    record = drive(target.url, [islice(requests, count)])
    if record.refused:
        raise RuntimeError(record.refusal)
    return (cpu_s(target) - before) / count * 1e3


def compare(call: str, bare: Target, users: Target, token: str, run_ids: tuple[str, str], *, quick: bool) -> Outcome:
    """Blocks in turn; who begins changes, so that neither always comes second."""
    size, pairs = (300, 4) if quick else (2_000, 20)
    if "100 steps" in call:
        size //= 4
    maker = MAKERS[call]()
    ours = maker.requests(bare.url, run_ids[0], 0)
    theirs = proved(maker.requests(users.url, run_ids[1], 0), token)
    block(bare, ours, size)  # warm
    block(users, theirs, size)
    found: list[tuple[float, float]] = []
    for number in range(pairs):
        if number % 2:
            later = block(users, theirs, size)
            found.append((block(bare, ours, size), later))
        else:
            first = block(bare, ours, size)
            found.append((first, block(users, theirs, size)))
    dearer = sorted((b / a - 1) * 100 for a, b in found)
    return Outcome(
        call,
        statistics.median(a for a, _ in found),
        statistics.median(b for _, b in found),
        statistics.median(dearer),
        dearer[len(dearer) // 4],
        dearer[-1 - len(dearer) // 4],
    )


def measure(section: Section, everybody: list[Contender]) -> None:
    """Two servers on each store of ours."""
    words = f"CPU time of the server a call; one of the two has {USERS} users and {WORKSPACES} workspaces."
    rows = section.rows(words, "server", "call", "without users", "with users", "dearer by", "middle half of the pairs")
    for contender in everybody:
        if not contender.name.startswith("assay"):
            continue
        with section.attempt(contender.name), contextlib.ExitStack() as stack:
            bare, users = Target.begin(contender.make()), Target.begin(contender.make())
            stack.callback(bare.stop)
            stack.callback(users.stop)
            run_ids = (str(load.new_run(bare.url)["run_id"]), str(load.new_run(users.url)["run_id"]))
            token = peopled(users)
            for call in MAKERS:
                found = compare(call, bare, users, token, run_ids, quick=section.options.quick)
                told = f"{found.per_cent:+.1f} %"
                spread = f"{found.low:+.1f} to {found.high:+.1f} %"
                rows.append(
                    (contender.name, call, f"{found.without_ms:.3f} ms", f"{found.with_ms:.3f} ms", told, spread)
                )
                if call.startswith("log-batch"):
                    met = found.per_cent <= BAR_PER_CENT
                    section.bar(
                        f"authorisation of {call}, {contender.name}",
                        told,
                        f"≤ {BAR_PER_CENT:g} %",
                        met=met,
                        beside=spread,
                    )
                section.write()


def main() -> int:
    """Measures, and writes the section."""
    intro = "Blocks of calls to two servers in turn, one of which has users and is asked with a token."
    return perform(Section("auth", "Who may", intro, asked("What asking who speaks costs.")), measure)


if __name__ == "__main__":
    sys.exit(main())
