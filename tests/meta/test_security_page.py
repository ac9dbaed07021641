"""docs/explanation/security.md: every advisory has a row, and every test that a row names is one."""

from __future__ import annotations

import re

from meta.tree import ROOT

PAGE = ROOT / "docs/explanation/security.md"
ROW = re.compile(r"^\| (?P<ids>[^|]+) \| [^|]+ \| (?P<tests>[^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
# All that we know of; a new one is added here and on the page.
ADVISORIES = """
CVE-2022-0736 CVE-2023-30172 CVE-2023-1176 CVE-2023-1177 CVE-2023-2356 CVE-2023-2780 CVE-2023-3765 CVE-2023-6753
CVE-2023-6568 CVE-2023-6831 CVE-2024-1560 CVE-2023-6909 CVE-2024-3848 CVE-2024-2928 CVE-2023-6014 CVE-2023-6015
CVE-2023-6018 CVE-2023-6974 CVE-2023-6975 CVE-2023-6976 CVE-2023-6977 CVE-2023-43472 CVE-2023-4033 CVE-2023-6709
CVE-2023-6940 CVE-2024-1483 CVE-2024-1558 CVE-2024-1593 CVE-2024-1594 CVE-2024-3573 CVE-2024-3099 CVE-2024-4263
CVE-2024-6838 CVE-2024-8859 CVE-2024-27132 CVE-2024-27133 CVE-2024-27134 CVE-2024-37052 CVE-2024-37053
CVE-2024-37054 CVE-2024-37055 CVE-2024-37056 CVE-2024-37057 CVE-2024-37058 CVE-2024-37059 CVE-2024-37060
CVE-2025-0453 CVE-2025-1473 CVE-2025-1474 CVE-2025-11200 CVE-2025-11201 CVE-2025-52967 CVE-2025-14279 CVE-2025-15379
GHSA-r23q-823p-vmf7 CVE-2025-14287 CVE-2025-14297 CVE-2025-15031 CVE-2025-15036 CVE-2025-15381 CVE-2026-0545
CVE-2026-2652 CVE-2026-0596 CVE-2026-2393 CVE-2026-64849 GHSA-7gwp-5pfp-969j CVE-2026-71211 GHSA-h7x2-h6g9-p789
GHSA-mr9f-g8qf-4w4j mlflow#24767 mlflow#23500 CVE-2026-2614 GHSA-42h5-h8qh-vv9v CVE-2026-2635 GHSA-gq3w-7jj3-x7gr
CVE-2026-2651 CVE-2026-33865 CVE-2026-33866 CVE-2026-4137 CVE-2026-8147 GHSA-2cm6-r77w-6g96 CVE-2026-13484
GHSA-7xcw-g7v8-rq26 GHSA-27c7-qx3r-x4f8 GHSA-98p3-crmr-mxcx mlflow#19691 mlflow#19694
""".split()  # noqa: SIM905 -- ninety words are read more easily than ninety strings


def missing(text: str) -> list[str]:
    """Tests that the page names and that do not exist."""
    named = sorted(set(TEST.findall(text)))
    assert named
    there = {file: (ROOT / "tests" / file) for file, _ in named}
    texts = {file: path.read_text() if path.exists() else "" for file, path in there.items()}
    return [f"{file}::{name}" for file, name in named if f"def {name}(" not in texts[file]]


def without_row(text: str) -> list[str]:
    """Advisories that no row with a test has."""
    rows = [row for row in ROW.finditer(text) if TEST.search(row["tests"])]
    there = {id for row in rows for id in row["ids"].split(", ")}
    return [id for id in ADVISORIES if id not in there]


def test_every_advisory_has_a_row_with_a_test() -> None:
    assert len(ADVISORIES) == len(set(ADVISORIES)) > 70
    assert without_row(PAGE.read_text()) == []


def test_every_test_named_exists() -> None:
    assert missing(PAGE.read_text()) == []


def test_what_is_missing_is_found() -> None:
    page = PAGE.read_text()
    assert without_row(page.replace("| CVE-2023-1177 |", "| CVE-2023-1178 |")) == ["CVE-2023-1177"]
    assert missing(page + "`security/test_paths.py::test_nothing`") == ["security/test_paths.py::test_nothing"]
