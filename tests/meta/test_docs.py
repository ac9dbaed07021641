"""The documentation tells the truth that a program can check: links, commands, targets, filters, generated pages."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from meta.tree import FENCE, ROOT, blocks, code, pages

from assay.cli.root import cli
from assay.core.search.grammar import parse, parse_order

LINK = re.compile(r"(?<!\!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)", re.MULTILINE)
MAKE = re.compile(r"(?:^|[\s;&])make((?: +(?:[A-Z_]+=\S+|[a-z][a-z0-9-]*))+)")
DEMANDED = (
    *("help", "setup", "demo", "fmt", "lint", "types", "imports", "test", "test-long"),
    *("e2e", "ui", "docs", "bench", "lock", "check"),
)
COMING: set[str] = set()  # commands that pages may name before they exist; take each off the list when it does


def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")  # as for a program, whose neighbours it imports
        spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh() -> None:
    """`python docs/generate.py --check`, which `make docs` would mend, finds nothing."""
    command = [sys.executable, str(ROOT / "docs/generate.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_stale_page_is_caught(tmp_path: Path) -> None:
    """A page that was changed by hand, or is missing, is named."""
    made = generator()
    made.write(tmp_path)
    assert made.stale(tmp_path) == []
    (tmp_path / "cli.md").write_text("# Command line\n")
    (tmp_path / "errors.md").unlink()
    assert made.stale(tmp_path) == ["cli.md", "errors.md"]


def test_an_undocumented_variable_is_found(tmp_path: Path) -> None:
    """Each usual way to read an environment variable is seen."""
    (tmp_path / "a.py").write_text(
        'import os\nos.environ.get("A_GET")\nos.environ["A_SUB"]\nos.getenv("A_GETENV", "1")\n{}.get("NOT")\n'
    )
    assert generator().variables_read(tmp_path) == {"A_GET", "A_SUB", "A_GETENV"}


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def dead_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    text = FENCE.sub("", page.read_text())
    found: list[str] = []
    for match in LINK.finditer(text):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            found.append(link)
        elif anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", target.read_text()), re.MULTILINE)
            if anchor not in map(slug, headings):
                found.append(link)
    return found


def test_relative_links_lead_somewhere() -> None:
    """Every relative link of every page leads to a file that is there, and to a heading in it."""
    assert len(pages()) > 10
    assert {str(page): dead for page in pages() if (dead := dead_links(ROOT / page))} == {}


def test_a_dead_link_is_caught(tmp_path: Path) -> None:
    """A missing file and a missing heading are both dead."""
    page = tmp_path / "a.md"
    page.write_text("# Two words\n[a](#two-words) [b](a.md#two-words) [c](https://x.y/z) [d](no.md) [e](a.md#no)\n")
    assert dead_links(page) == ["no.md", "a.md#no"]


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(TARGET.findall((ROOT / "Makefile").read_text()))


def made(text: str) -> set[str]:
    """The targets that a page tells its reader to make, in code."""
    calls = (match[1] for line in code(text) for match in MAKE.finditer(line))
    return {word for call in calls for word in call.split() if "=" not in word}


def test_every_make_target_named_exists() -> None:
    """README, CONTRIBUTING and the other pages name no target that is not there."""
    named = {str(page): made((ROOT / page).read_text()) for page in pages()}
    assert named["README.md"] >= {"demo", "test"}
    assert named["CONTRIBUTING.md"] >= {"setup", "check", "docs"}
    assert {page: names - targets() for page, names in named.items() if names - targets()} == {}


def test_targets_in_code_are_found() -> None:
    """Settings and several targets in a call are read; prose that says make is not."""
    assert made(
        "make sense of `make lint types` and\n```\nmake demo ONCE=1  # make it\ncd x && make PYTHON=p setup\n```\n"
    ) == {
        "lint",
        "types",
        "demo",
        "setup",
        "it",
    }


@pytest.mark.parametrize("name", DEMANDED)
def test_the_makefile_has(name: str) -> None:
    """Each agreed target is there and tells `make help` what it does; a target is no file."""
    text = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{name}:.*## \S", text, re.MULTILINE), f"{name} is missing, or says nothing in make help"
    phony = re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)
    assert phony is not None
    assert name in phony[1].split()


def test_ci_runs_what_a_developer_runs() -> None:
    """CI is `make check`, and that is lint, types, imports and tests."""
    assert "make check" in (ROOT / ".ci/run").read_text()
    needs = re.search(r"^check:([^#\n]*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert needs is not None
    assert set(needs[1].split()) >= {"lint", "types", "imports", "test"}


def calls(text: str) -> Iterator[list[str]]:
    """The `assay ...` commands of a page's code, as words."""
    for line in code(text):
        start = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*assay ((?:[a-z]|--?[a-z]).*)", line.strip())
        if start and "…" not in line:
            yield shlex.split(start[1], comments=True)


def misused(words: list[str]) -> str | None:
    """What is wrong with a call of the command line, if anything."""
    group: click.Command = cli
    while (
        words and isinstance(group, click.Group) and not words[0].startswith(("-", "["))
    ):  # a page of usage says [OPTIONS]
        if words[0] not in group.commands:
            return f"no command {words[0]}"
        group, words = group.commands[words[0]], words[1:]
    known = {name for param in group.params for name in (*param.opts, *param.secondary_opts)} | {
        "-h",
        "--help",
        "--version",
    }
    wrong = [
        word
        for word in words
        if word.startswith("-") and not word.startswith("- ") and word.partition("=")[0] not in known
    ]
    return f"{group.name} has no {wrong[0]}" if wrong else None


def test_every_command_named_exists() -> None:
    """Pages show only commands and options that the command line has."""
    found = {(str(page), tuple(words)) for page in pages() for words in calls((ROOT / page).read_text())}
    assert len(found) > 10
    assert not COMING & set(cli.commands), "it exists now: take it off COMING"
    assert {call: fault for call in found if call[1][0] not in COMING and (fault := misused(list(call[1])))} == {}


def test_a_wrong_command_is_caught() -> None:
    """An unknown command and an unknown option are told."""
    words = list(calls('`assay fly` and `assay up --fast` and `assay up --port 1` and `assay runs "a = 1" -n 3`'))
    assert [misused(item) for item in words] == ["no command fly", "up has no --fast", None, None]


def test_filters_in_the_pages_are_read() -> None:
    """Each line of a `filter` block parses, and so does each of an `order` block."""
    lines = [
        line for page in pages() for block in blocks((ROOT / page).read_text(), "filter") for line in block.splitlines()
    ]
    assert len(lines) > 10
    for line in lines:
        assert parse(line, 0) is not None, line
    orders = [
        line for page in pages() for block in blocks((ROOT / page).read_text(), "order") for line in block.splitlines()
    ]
    assert orders
    for line in orders:
        parse_order(line)


def test_the_glossary_is_in_order() -> None:
    """The glossary is sorted, and defines each term once."""
    terms = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert len(terms) > 20
    assert terms == sorted(set(terms), key=str.lower)
