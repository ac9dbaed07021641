"""Whether the server can do its work now, as a load balancer asks: not only that its process lives."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from assay.wire.errors import AssayError

log = logging.getLogger(__name__)
KEPT_S = 3.0  # how long an answer is true
PATIENCE_S = 5.0  # after which what has not answered counts as away
Check = Callable[[], object]


class Aspect:
    """One thing that must work; what was seen is remembered for a while.

    Args:
        check: Returns if it works. It may take long, and is then not asked again before it has ended.
        kept_s: How long a success is remembered; a failure is for `KEPT_S` at most.
    """

    def __init__(self, check: Check, kept_s: float = KEPT_S) -> None:
        self._check = check
        self._kept_s = kept_s
        self._until_s = 0.0
        self._fault: str | None = None
        self._looking: asyncio.Task[None] | None = None

    async def fault(self) -> str | None:
        """Why it does not work; None if it does."""
        if monotonic() < self._until_s:
            return self._fault
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(asyncio.shield(self._looking), PATIENCE_S)
        except TimeoutError:
            return f"no answer within {PATIENCE_S:g} s"
        return self._fault

    async def _look(self) -> None:
        try:
            await run_sync(self._check, abandon_on_cancel=True)
        except AssayError as error:
            self._fault = error.message
        except Exception:
            self._fault = "it failed; the server's log says more"
            log.exception("A check of readiness failed")
        else:
            self._fault = None
        self._until_s = monotonic() + (self._kept_s if self._fault is None else KEPT_S)


class Readiness:
    """Answers `GET /ready`: 200 if every aspect works, else 503 with what does not.

    Args:
        aspects: What must work, by name.
        ending: Whether the server is about to stop.
    """

    def __init__(self, aspects: dict[str, Aspect], ending: Callable[[], bool]) -> None:
        self._aspects = aspects
        self._ending = ending

    async def answer(self, request: Request) -> Response:
        """The answer: `ready`, and for each aspect `ok` or why not."""
        faults = await asyncio.gather(*(aspect.fault() for aspect in self._aspects.values()))
        checks = {name: fault or "ok" for name, fault in zip(self._aspects, faults, strict=True)}
        if self._ending():
            checks["server"] = "it is about to stop"
        ready = all(text == "ok" for text in checks.values())
        told: dict[str, Any] = {"ready": ready, "checks": checks}
        headers = {"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "5"})
        return Response(json.dumps(told) + "\n", 200 if ready else 503, headers, "application/json")
