"""The bare package is light: standard library only, and its public names are the ones agreed upon."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from meta.tree import ROOT

NAMES = Path(__file__).with_name("public_names.txt")
PROBE = """
import importlib, json, pkgutil, sys
sys.path.insert(0, {source!r})
for name in {names!r}:
    importlib.import_module(name)
import assay
public = getattr(assay, "__all__", None) or [name for name in vars(assay) if not name.startswith("_")]
for name in public:
    getattr(assay, name)
print(json.dumps({{"loaded": sorted(sys.modules), "public": sorted(public)}}))
"""


def probe(source: Path, *names: str) -> dict[str, Any]:
    """What a bare interpreter, without site-packages, has loaded after importing these."""
    script = PROBE.format(source=str(source), names=list(names))
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def foreign(loaded: list[str]) -> set[str]:
    """The packages among these modules that do not come with Python, nor are ours."""
    return {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"assay", "__main__"}


def modules(package: str) -> list[str]:
    """Every module of a package, by its files."""
    folder = ROOT / "src" / package.replace(".", "/")
    dotted = (
        path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".") for path in folder.rglob("*.py")
    )
    return sorted(name.removesuffix(".__init__") for name in dotted)


def test_import_assay_loads_the_standard_library_only() -> None:
    """`import assay` and every public name work without any other distribution, and pull in no server."""
    loaded = probe(ROOT / "src", "assay")["loaded"]
    assert foreign(loaded) == set()
    ours = {name for name in loaded if name.startswith("assay.")}
    assert not [name for name in ours if name.split(".")[1] in ("server", "services", "stores", "dialects", "core")]


@pytest.mark.parametrize("package", ["assay.wire", "assay.sdk"])
def test_light_packages(package: str) -> None:
    """What the SDK is made of needs nothing but Python."""
    assert len(modules(package)) > 1
    assert foreign(probe(ROOT / "src", *modules(package))["loaded"]) == set()


def test_commands_start_without_the_server() -> None:
    """A command loads what it needs when it runs: `assay --help` waits for no database driver and no numpy."""
    script = "import sys, assay.cli.root; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "click" in loaded
    assert not loaded & {"alembic", "anyio", "msgspec", "numpy", "obstore", "psycopg", "sqlalchemy", "starlette"}


def test_a_heavy_import_is_caught(tmp_path: Path) -> None:
    """A package that is not Python's own is told apart."""
    (tmp_path / "assay").mkdir()
    (tmp_path / "heavy").mkdir()
    (tmp_path / "assay/__init__.py").write_text("import heavy.inner\nthing = 1\n")
    (tmp_path / "heavy/__init__.py").touch()
    (tmp_path / "heavy/inner.py").touch()
    told = probe(tmp_path, "assay")
    assert foreign(told["loaded"]) == {"heavy"}
    assert "thing" in told["public"]


def test_the_public_names_are_frozen() -> None:
    """A name is added or taken away only together with this list."""
    agreed = [line for line in NAMES.read_text().splitlines() if line and not line.startswith("#")]
    assert probe(ROOT / "src", "assay")["public"] == agreed


def test_a_missing_extra_is_named() -> None:
    """The bare install's command says which line installs the rest, and shows no traceback."""
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from assay.cli import main; main()"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.strip() == "assay: click is missing. Install it with: pip install 'assay-ml[server]'"
