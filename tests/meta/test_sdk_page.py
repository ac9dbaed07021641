"""The page on the SDK works as it is written, with a server and without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from meta.tree import FENCE, ROOT
from support.server import ASSAY, Server

PAGE = ROOT / "docs/how-to/log-with-the-sdk.md"


@pytest.mark.parametrize("served", [True, False], ids=["with a server", "without"])
def test_the_page_works(served: bool, tmp_path: Path) -> None:
    found = [(match["kind"], match["body"]) for match in FENCE.finditer(PAGE.read_text())]
    script, train, sync = found[0][1], found[1][1], found[2][1]
    assert [kind for kind, _ in found[:3]] == ["python", "sh", "sh"]
    (tmp_path / "train.py").write_text(script)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    env = {**clean, "ASSAY_HOME": str(tmp_path / "home")}

    def run(words: list[str]) -> str:
        ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    server = Server(tmp_path / "home")
    lines = train.splitlines()
    assert lines[0] == "python train.py"
    try:
        if served:
            server.start()
        run([sys.executable, "train.py"])
        if not served:
            server.start()
            assert sync.split() == ["assay", "sync"]
            assert "sent" in run([str(ASSAY), "sync"])
        shown = run([str(ASSAY), *lines[1].split()[1:]])
    finally:
        server.stop()
    assert "first try" in shown
    assert "finished" in shown
    assert "0.01" in shown
