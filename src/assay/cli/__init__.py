"""The `assay` command. The bare install has no click: then it says which line installs it."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line."""
    try:
        from assay.cli.root import cli  # noqa: PLC0415 -- only the server extra brings what it needs
    except ModuleNotFoundError as missing:
        sys.exit(f"assay: {missing.name} is missing. Install it with: pip install 'assay-ml[server]'")
    cli()
