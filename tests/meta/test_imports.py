"""The import rules hold, and they catch what they are there to catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from meta.tree import ROOT

SEEDS = {
    "a rule imports a database": ("core/ids.py", "import sqlite3", "Rules, ports and wire know no database"),
    "a port imports a network": ("ports/store.py", "import starlette", "Rules, ports and wire know no database"),
    "core imports a service": ("core/ids.py", "import assay.services.runs", "Imports point down the house"),
    "a service imports a dialect": (
        "services/runs.py",
        "import assay.dialects.mlflow.app",
        "Imports point down the house",
    ),
    "a service names a store": ("services/runs.py", "import assay.stores.sqlite", "Only compose names a store"),
    "a dialect knows another": (
        "dialects/native/runs.py",
        "import assay.dialects.mlflow.app",
        "The dialects do not know",
    ),
    "an import writes to a service itself": (
        "exchange/runs.py",
        "import assay.services.runs",
        "What is imported or exported goes through a server",
    ),
    "the SDK is heavy": ("sdk/http.py", "import numpy", "The SDK is light"),
    "a package has no place": ("attic/__init__.py", "", "Imports point down the house"),
}


def lint(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the package below `source` under the repository's contracts."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--config", str(ROOT / ".importlinter"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def broken(told: str) -> list[str]:
    """The contracts that a report calls broken."""
    return [line.removesuffix(" BROKEN") for line in told.splitlines() if line.endswith(" BROKEN")]


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The package with all its modules, each empty."""
    source = tmp_path / "src"
    shutil.copytree(
        ROOT / "src/assay",
        source / "assay",
        copy_function=lambda _, target: Path(target).touch(),
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return source


def test_the_contracts_hold(tmp_path: Path) -> None:
    """No module imports what it may not."""
    told = lint(tmp_path, ROOT / "src")
    assert told.returncode == 0, told.stdout + told.stderr


def test_an_empty_house_keeps_them(skeleton: Path) -> None:
    """The skeleton itself breaks nothing, so what breaks below is the seed."""
    told = lint(skeleton.parent, skeleton)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("seed", SEEDS)
def test_a_violation_is_caught(seed: str, skeleton: Path) -> None:
    """Each kind of wrong import breaks the contract that forbids it."""
    module, line, contract = SEEDS[seed]
    place = skeleton / "assay" / module
    place.parent.mkdir(exist_ok=True)
    place.write_text(line + "\n")
    told = lint(skeleton.parent, skeleton)
    assert told.returncode != 0
    assert any(name.startswith(contract) for name in broken(told.stdout)), told.stdout
