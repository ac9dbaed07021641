"""Finds where two replays differ, and whether docs/reference/mlflow-differences.toml says so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.replay import Outcome, canonical
from support.server import ROOT

LIST = ROOT / "docs/reference/mlflow-differences.toml"
PARTS = ("status", "type", "error_code", "message", "headers", "body")
REMEDY = re.compile(r"\.? Remedy: .*\.\Z", re.DOTALL)
SHOWN = 6  # paths of a body that are shown


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a step's answer in which we are not stock."""

    step: str
    part: str
    stock: Any
    ours: Any

    def __str__(self) -> str:
        lines = [f"{self.step} [{self.part}]"]
        for path, stock, ours in list(_apart(self.stock, self.ours, ""))[:SHOWN]:
            lines += [f"  stock{path} {canonical(stock)[:400]}", f"  ours{path}  {canonical(ours)[:400]}"]
        return "\n".join(lines)


def _apart(stock: Any, ours: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The places in which two values differ."""
    if isinstance(stock, dict) and isinstance(ours, dict):
        for key in sorted(stock.keys() | ours.keys()):
            yield from _apart(stock.get(key), ours.get(key), f"{path}.{key}")
    elif isinstance(stock, list) and isinstance(ours, list) and len(stock) == len(ours):
        for index, pair in enumerate(zip(stock, ours, strict=True)):
            yield from _apart(*pair, f"{path}[{index}]")
    elif canonical(stock) != canonical(ours):
        yield path, stock, ours


def listed(path: Path = LIST) -> dict[tuple[str, str], str]:
    """(step, part) of each difference that is meant -> the title that it stands under."""
    found: dict[tuple[str, str], str] = {}
    for entry in tomllib.loads(path.read_text())["difference"]:
        for parts, steps in entry["steps"].items():
            for pair in ((step, part) for step in steps for part in parts.split()):
                assert pair not in found, f"listed twice: {pair}"
                assert pair[1] in PARTS, f"no part of an answer: {pair}"
                found[pair] = entry["title"]
    return found


def differences(stock: Mapping[str, Outcome], ours: Mapping[str, Outcome]) -> list[Difference]:
    """Every part of every step that is not the same; a remedy behind our message is no difference by itself."""
    assert list(stock) == list(ours), "the recording is of another script: record it again (see golden/stock.py)"
    found: list[Difference] = []
    for step, expected in stock.items():
        for part in PARTS:
            a, b = expected.get(part), ours[step].get(part)
            if part == "message" and isinstance(a, str) and isinstance(b, str):
                a, b = a.rstrip("."), REMEDY.sub("", b).rstrip(".")
            if canonical(a) != canonical(b):
                found.append(Difference(step, part, a, b))
    return found


def faults(found: Sequence[Difference], entries: Mapping[tuple[str, str], str]) -> list[str]:
    """What the list leaves out, and what it says in vain."""
    there = {(item.step, item.part) for item in found}
    unlisted = [f"not listed: {item}" for item in found if (item.step, item.part) not in entries]
    return unlisted + [
        f"listed, but the same: {step} [{part}] ({title})"
        for (step, part), title in entries.items()
        if (step, part) not in there
    ]
