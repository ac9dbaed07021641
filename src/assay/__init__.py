"""The public names of the SDK, resolved lazily; nothing else lives here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.sdk.reading.runs import runs
    from assay.sdk.run import Run, Stopped
    from assay.sdk.start import init

__all__ = ["Run", "Stopped", "init", "runs"]
_PLACES = {
    "Run": "assay.sdk.run",
    "Stopped": "assay.sdk.run",
    "init": "assay.sdk.start",
    "runs": "assay.sdk.reading.runs",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
