"""The files of the repository, and the parts of its Markdown that the tests look at."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<kind>[\w-]*)[^\n]*\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


def files() -> list[Path]:
    """Every file that is tracked, or would be by the next `git add`, by its path from the root."""
    if not (ROOT / ".git").exists():  # an unpacked archive
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        foreign = {".tools", "node_modules"}
        return sorted(p for p in found if not any(part.startswith(".venv") or part in foreign for part in p.parts))
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(Path(name) for name in set(told.stdout.split("\0")) if name and (ROOT / name).is_file())


def pages() -> list[Path]:
    """The Markdown files."""
    return [path for path in files() if path.suffix == ".md"]


def blocks(text: str, *kinds: str) -> list[str]:
    """The fenced blocks of these kinds, or all."""
    return [match["body"] for match in FENCE.finditer(text) if not kinds or match["kind"] in kinds]


def code(text: str) -> Iterator[str]:
    """Every line of a fenced block and every code span."""
    for block in blocks(text):
        yield from block.splitlines()
    yield from SPAN.findall(FENCE.sub("", text))
