"""What runs the server elsewhere says nothing that the server does not know, as far as no engine is needed to tell."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.server import ROOT

from assay.server.metrics import METRICS
from assay.server.settings import FILE_VARIABLE, SETTINGS

UNIT = ROOT / "packaging/assay.service"
PAGE = ROOT / "docs/how-to/operate-a-server.md"
NOT_THERE = "is not executable: No such file or directory"  # the command, on a machine that has no service of Assay


@pytest.mark.parametrize("path", ["packaging/assay.service", "Containerfile", "docs/how-to/operate-a-server.md"])
def test_variables_are_settings(path: str) -> None:
    named = set(re.findall(r"\bASSAY_[A-Z_]+", (ROOT / path).read_text()))
    assert named
    assert named <= {FILE_VARIABLE, *(setting.variable for setting in SETTINGS)}


def test_alerts_ask_for_metrics_that_there_are() -> None:
    kinds = {metric.name: metric.kind for metric in METRICS}
    named = set(re.findall(r"\b(?:assay|process)_[a-z_]+[a-z]", PAGE.read_text()))
    assert len(named) > 6
    for name in named:
        base = re.sub(r"_(bucket|sum|count)\Z", "", name)
        assert name in kinds or kinds.get(base) == "histogram", name


def faults(unit: Path) -> list[str]:
    """What systemd says of a unit."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    ran = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False, timeout=60)
    return [line for line in ran.stderr.splitlines() if line.startswith(str(unit)) or unit.name in line]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    assert [line for line in faults(UNIT) if NOT_THERE not in line] == []
    wrong = tmp_path / "assay.service"
    wrong.write_text(UNIT.read_text().replace("RestartSec=2", "RestartSeconds=2"))
    assert any("RestartSeconds" in line for line in faults(wrong)), "it finds nothing at all"
