"""docs/evidence.md: what the long form of the tests showed, on which commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime

from support.server import ROOT

PAGE = ROOT / "docs/evidence.md"
HEAD = """# What the long tests showed

<!-- Written by `make test-long`. Change the tests, not this page. -->

`make test` runs everything in short form; `make test-long` runs the same at full length, and writes here what it saw.

"""


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(counts: dict[str, int], told: Iterable[tuple[str, str]]) -> None:
    """The page, from the counts of outcomes and the (test, figure) pairs that tests recorded as `evidence`."""
    others = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/evidence.md")
    changed = " with uncommitted changes" if others else ""
    lines = [
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Commit: {_git('rev-parse', '--short=12', 'HEAD')}{changed}",
        f"- Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        f"- Tests: {', '.join(f'{count} {name}' for name, count in sorted(counts.items()) if name)}",
        "",
        "| test | saw |",
        "|---|---|",
        *(f"| `{test}` | {figure} |" for test, figure in sorted(told)),
    ]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n")
