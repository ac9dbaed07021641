"""What users install: the built wheel, by pip, into an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.flows import run_flow
from support.server import ROOT, Server

from assay.sdk.sync import left_runs

UV = ROOT / ".tools/bin/uv"


def run(*words: str | Path, cwd: Path, **env: str) -> str:
    """What the command printed; it must end well."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=clean | env,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--quiet", "--out-dir", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def install(folder: Path, what: str | Path) -> None:
    """By pip, into the folder's environment; Python compiles what is imported, not all that there is."""
    run("env/bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", what, cwd=folder)


def test_the_wheel_serves_an_unchanged_script(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    install(tmp_path, f"{wheel}[server]")
    server = Server(tmp_path / "home", command=tmp_path / "env/bin/assay").start()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    try:
        run_flow("mlflow-3", "tracking.py", server.url, folder)
    finally:
        server.stop()


def test_the_bare_wheel_needs_nothing_and_says_what_it_lacks(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    install(tmp_path, wheel)
    told = run("env/bin/pip", "list", "--format=freeze", "--disable-pip-version-check", cwd=tmp_path)
    assert {line.partition("==")[0].lower() for line in told.split()} <= {"assay-ml", "pip", "setuptools"}
    script = "import assay\nwith assay.init(config={'lr': 1}) as run:\n    run.log({'loss': 0.5})\n    print(run.id)"
    (tmp_path / "train.py").write_text(script)
    home = {"ASSAY_HOME": str(tmp_path / "home")}
    uid = run("env/bin/python", "train.py", cwd=tmp_path, **home).split()[0]
    assert [path.name for path in left_runs(tmp_path / "home")] == [uid]
    refused = subprocess.run(
        [tmp_path / "env/bin/assay", "up"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert refused.returncode != 0
    assert "pip install 'assay-ml[server]'" in refused.stderr
