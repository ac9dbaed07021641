"""Changes and decisions are written down in the agreed form."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from meta.tree import ROOT, files

CONFIG = tomllib.loads((ROOT / "towncrier.toml").read_text())["tool"]["towncrier"]
KINDS = [kind["directory"] for kind in CONFIG["type"]]
FRAGMENT = re.compile(rf"(\d+|\+[a-z0-9-]+)\.({'|'.join(KINDS)})(\.\d+)?\.md")
ADR = re.compile(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md")
SECTIONS = ("Context", "Decision", "Consequences")


def in_folder(folder: str) -> list[Path]:
    """The files of a folder."""
    return [path for path in files() if path.parts[0] == folder and len(path.parts) == 2 and path.name != ".gitkeep"]


def test_fragments_are_well_named() -> None:
    """Each is ISSUE.KIND.md or +SLUG.KIND.md, holds a whole sentence and no heading."""
    for path in in_folder("changes"):
        assert FRAGMENT.fullmatch(path.name), path
        text = (ROOT / path).read_text().strip()
        assert text, path
        assert not text.startswith("#"), path
        assert text.endswith("."), path


def test_misnamed_fragments_are_caught() -> None:
    """The pattern is neither too wide nor too narrow."""
    assert KINDS
    kind = KINDS[0]
    good = (f"2.{kind}.md", f"12.{kind}.3.md", f"+quick-fix.{kind}.md")
    bad = ("2.md", f"{kind}.md", "2.novelty.md", f"2.{kind}.txt", f"two.{kind}.md")
    assert all(FRAGMENT.fullmatch(name) for name in good)
    assert not any(FRAGMENT.fullmatch(name) for name in bad)


def test_the_changelog_can_be_built() -> None:
    """Towncrier reads the fragments and shows each."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0.0.0", "--date", "2000-01-01"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = " ".join(ran.stdout.split())
    for path in in_folder("changes"):
        first = " ".join((ROOT / path).read_text().split())[:60]
        assert first in told, path


def test_decisions_are_numbered_and_whole() -> None:
    """Numbers run without a gap, and each record has a status, what was seen, what was decided, and what follows."""
    records = in_folder("adr")
    matches = [ADR.fullmatch(path.name) for path in records]
    assert all(matches), records
    numbers = [int(match[1]) for match in matches if match]
    assert numbers == list(range(1, len(numbers) + 1))
    for path, number in zip(records, numbers, strict=True):
        text = (ROOT / path).read_text()
        assert text.startswith(f"# {number}. "), path
        assert re.search(r"^Status: (accepted|superseded by \d+)$", text, re.MULTILINE), path
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(SECTIONS), path
        assert text.count("\n") <= 60, f"{path} is longer than a page"
