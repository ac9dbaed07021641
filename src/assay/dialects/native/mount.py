"""All routes of the native dialect, /api/v1."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from starlette.routing import Route

from assay.dialects.native import app, garbage, ingest, purge, runs
from assay.services.house import Services


def routes(
    services: Services,
    now_us: Callable[[], int],
    new_name: Callable[[], str],
    gate: Callable[[], AbstractContextManager[None]],
) -> list[Route]:
    """The routes.

    Args:
        services: What answers.
        now_us: The clock, for relative times.
        new_name: A name for a run that was given none.
        gate: Passed while garbage is collected.
    """
    found = [
        *app.routes(services, now_us),
        *runs.routes(services, new_name),
        *ingest.routes(services),
        *purge.routes(services),
        *garbage.routes(services, gate),
    ]
    return [route for route in found if isinstance(route, Route)]
