"""What is different in a notebook: it shows a link to the run, and its cells print each in their own way."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.sdk.run import Run


def shell() -> Any:
    """IPython's shell, if this is a notebook's kernel; else None."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if hasattr(found, "kernel") else None


def show_link(run: Run) -> None:
    """The notebook shows where the run can be watched."""
    from IPython.display import HTML, display  # type: ignore[import-not-found]  # noqa: PLC0415 -- only there

    name = html.escape(run.name or run.id)
    if run.url:
        where = html.escape(f"{run.url}/runs/{run.id}", quote=True)
        display(HTML(f'Assay run <a href="{where}" target="_blank" rel="noopener">{name}</a>'))
    else:
        display(HTML(f"Assay run {name}, kept on this machine; send it with <code>assay sync</code>"))


def follow_cells(begin: Callable[[], object], end: Callable[[], object]) -> Callable[[], None]:
    """Calls these around every cell from now on, this one's end included; what is given back stops that.

    IPython replaces `write` of the streams for each cell and puts back what it was: who wraps it must do so anew.
    """
    events = shell().events

    def begins(*_: object) -> None:
        begin()

    def ends(*_: object) -> None:
        end()

    def stop() -> None:
        events.unregister("pre_run_cell", begins)
        events.unregister("post_run_cell", ends)

    events.register("pre_run_cell", begins)
    events.register("post_run_cell", ends)
    return stop
