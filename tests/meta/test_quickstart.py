"""The quickstart works as it is written, line by line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from meta.tree import FENCE, ROOT
from support.server import ASSAY, Server

PAGE = ROOT / "docs/tutorials/quickstart.md"


def test_every_line_of_the_quickstart(tmp_path: Path) -> None:
    text = PAGE.read_text()
    names = re.findall(r"Save this as `(\w+\.py)`", text)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    folders = os.pathsep.join((str(Path(sys.executable).parent), str(ASSAY.parent), clean["PATH"]))
    env = {**clean, "ASSAY_HOME": str(tmp_path / "home"), "PATH": folders}
    server = Server(tmp_path / "home")
    shown: list[str] = []
    try:
        for match in FENCE.finditer(text):
            if match["kind"] == "python":
                (tmp_path / names.pop(0)).write_text(match["body"])
                continue
            assert match["kind"] == "sh"
            for line in match["body"].splitlines():
                if line == "assay up":
                    server.start()
                    continue
                words = ["sh", "-c", line]
                ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
                assert (ran.returncode, ran.stderr) == (0, ""), line
                shown.append(ran.stdout)
    finally:
        server.stop()
    assert names == []
    trained, _, runs, _, found, read, copied, exported, _ = shown
    assert trained.startswith("trained to 0.13")
    assert [(run["name"], run["status"]) for run in json.loads(runs)] == [("first", "finished")]
    assert [run["name"] for run in json.loads(found)] == ["first", "first"]
    assert read.splitlines()[0].startswith("first finished 2 0.13")
    assert read.splitlines()[2:] == ["200 points, the last 0.13669542544552382", "['train.py']"]
    assert copied.startswith("import math")
    assert exported
    assert (tmp_path / "everything/runs.parquet").exists()
