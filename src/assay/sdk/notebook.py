"""The line that a notebook shows for a run."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.sdk.run import Run


def show_link(run: Run) -> None:
    """The notebook shows where the run can be watched."""
    from IPython.display import HTML, display  # type: ignore[import-not-found]  # noqa: PLC0415 -- only there

    name = html.escape(run.name or run.id)
    if run.url:
        where = html.escape(f"{run.url}/runs/{run.id}", quote=True)
        display(HTML(f'Assay run <a href="{where}" target="_blank" rel="noopener">{name}</a>'))
    else:
        display(HTML(f"Assay run {name}, kept on this machine; send it with <code>assay sync</code>"))
