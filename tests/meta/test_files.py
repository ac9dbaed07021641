"""How long a file may be, what it may be called, and what it may not say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from meta.tree import ROOT, files

LONG, TOO_LONG = 400, 800
# Longer than 400 lines, with the reason and the most it may have. The list may only shrink.
ALLOWED: dict[str, tuple[int, str]] = {}
NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
# In pieces, so that this file does not hold them itself.
WORDS = {
    "a note to do later": re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
    "a path of one machine": re.compile(r"(?<![\w.])/(wo" + r"rk|ro" + r"ot|home/\w+)/"),
    "how it was written": re.compile("helper " + "session", re.IGNORECASE),
}
WRITTEN = {Path("ui/src/api/schema.d.ts")}  # by a program, from the API's own description
BINARY = {".db", ".gz", ".png", ".zst", ".sqlite", ".dump", ".parquet", ".ico", ".woff2"}


def faults_of_length(lengths: Mapping[str, int], allowed: Mapping[str, tuple[int, str]]) -> list[str]:
    """What is wrong with files of these lengths under this allow-list."""
    found = [f"{name} has {count} lines, {TOO_LONG} at most" for name, count in lengths.items() if count > TOO_LONG]
    for name, count in lengths.items():
        bound = allowed[name][0] if name in allowed else LONG
        if count > bound:
            found.append(f"{name} has {count} lines, {bound} at most")
    short = [name for name in allowed if lengths.get(name, 0) <= LONG]
    return found + [f"{name} is gone or short enough: take it off the list" for name in short]


def faults_of_words(name: str, text: str) -> list[str]:
    """Where the text says what no file may."""
    return [
        f"{name}:{number}: {what}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in WORDS.items()
        if pattern.search(line)
    ]


def test_no_file_is_long() -> None:
    """Source files stay small; the few that do not say why."""
    lengths = {
        str(path): (ROOT / path).read_text().count("\n")
        for path in files()
        if path.suffix in (".py", ".ts", ".tsx") and path not in WRITTEN
    }
    assert len(lengths) > 50, "the files were not found"
    assert faults_of_length(lengths, ALLOWED) == []
    assert all(bound <= TOO_LONG and len(reason) > 20 for bound, reason in ALLOWED.values())


@pytest.mark.parametrize(
    ("lengths", "allowed"),
    [
        ({"a.py": 401}, {}),
        ({"a.py": 801}, {"a.py": (900, "")}),
        ({"a.py": 451}, {"a.py": (450, "")}),
        ({"a.py": 399}, {"a.py": (450, "")}),
        ({}, {"a.py": (450, "")}),
    ],
)
def test_a_long_file_is_caught(lengths: dict[str, int], allowed: dict[str, tuple[int, str]]) -> None:
    """Each way to break the rule is told, once."""
    assert len(faults_of_length(lengths, allowed)) == 1


def test_names_say_something() -> None:
    """No module is called after having no subject."""
    assert [str(path) for path in files() if path.suffix == ".py" and path.stem in NAMES] == []
    assert [str(path) for path in files() if set(path.parts[:-1]) & NAMES] == []


def test_no_file_says_what_it_must_not() -> None:
    """No notes to do later, no paths of one machine."""
    found: list[str] = []
    for path in files():
        if path.suffix not in BINARY:
            found += faults_of_words(str(path), (ROOT / path).read_text(errors="replace"))
    assert found == []


@pytest.mark.parametrize(
    "line", ["# TO" + "DO: later", "x = 1  # FIX" + "ME", "cd /wo" + "rk/x", "A helper " + "session"]
)
def test_a_forbidden_word_is_caught(line: str) -> None:
    """The search finds what it is there to find."""
    assert len(faults_of_words("a", f"fine\n{line}\n")) == 1
    assert faults_of_words("a", "A todo list at https://example.org/work/x and network/work/y\n") == []


def test_every_package_says_why_it_exists() -> None:
    """Each module below src begins with a docstring."""
    bare = [
        str(p)
        for p in files()
        if p.parts[0] == "src" and p.suffix == ".py" and p.name != "__main__.py" and not _says(p)
    ]
    assert bare == []


def _says(path: Path) -> bool:
    return (ROOT / path).read_text().lstrip().startswith('"""')
