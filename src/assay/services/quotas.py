"""How much a workspace may hold: asked before points and bytes are taken. Runs and keys the store counts itself.

Counting points and bytes takes long where there are many. So they are counted beside the requests, every few seconds
and only where there is a quota; meanwhile what this server lets in is added. A quota may be passed by what other
replicas let in between two counts, and by what comes before the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread

from assay.core.accounts import Quota, Usage, exceeded
from assay.core.scope import HOME, Scope
from assay.ports.store import Store
from assay.services.access import AccessService
from assay.services.base import Service

EVERY_S = 5.0
SHARE = 20.0  # of the time that a count takes, until the next one: it costs a twentieth of a thread at most


@dataclass(slots=True)
class Meter:
    """What a workspace held at the last count, and what was let in since that began."""

    usage: Usage | None = None
    points: int = 0
    bytes: int = 0
    due_s: float = float("-inf")
    counting: bool = False


class QuotaService(Service):
    """Lets in, or refuses.

    Args:
        store: What counts.
        access: What knows the quotas.
        clock_s: A clock that never goes back.
    """

    def __init__(self, store: Store, access: AccessService, clock_s: Callable[[], float]) -> None:
        super().__init__(store)
        self._access = access
        self._clock_s = clock_s
        self._lock = Lock()
        self._meters: dict[int, Meter] = {}

    def admit_points(self, scope: Scope, count: int) -> None:
        """Returns if the workspace may take so many points. Raises QuotaExceeded."""
        quota = self._access.state.quotas.get(scope.workspace_id)
        if quota is not None and quota.points is not None and count:
            self._admit(scope, quota, points=count)

    def admit_bytes(self, scope: Scope, size: int, *, count: bool = True) -> None:
        """Returns if the workspace may take so many bytes; count: they come. Raises QuotaExceeded."""
        quota = self._access.state.quotas.get(scope.workspace_id)
        if quota is not None and quota.bytes is not None:
            self._admit(scope, quota, bytes=size, count=count)

    def _admit(self, scope: Scope, quota: Quota, *, points: int = 0, bytes: int = 0, count: bool = True) -> None:
        with self._lock:
            meter = self._meters.setdefault(scope.workspace_id, Meter())
            if self._clock_s() >= meter.due_s and not meter.counting:
                meter.counting = True
                Thread(target=self.recount, args=(scope.workspace_id,), name="assay-quota", daemon=True).start()
            held = meter.usage or Usage()
            if quota.points is not None and points and held.points + meter.points + points > quota.points:
                raise exceeded("points", held.points + meter.points, quota.points)
            if quota.bytes is not None and bytes and held.bytes + meter.bytes + bytes > quota.bytes:
                raise exceeded("bytes", held.bytes + meter.bytes, quota.bytes)
            if count:
                meter.points += points
                meter.bytes += bytes

    def recount(self, workspace_id: int) -> None:
        """What the workspace holds is counted now."""
        with self._lock:
            meter = self._meters.setdefault(workspace_id, Meter())
            points, bytes, began_s = meter.points, meter.bytes, self._clock_s()
        usage = None
        try:
            with self._store.read() as unit:
                usage = unit.workspaces.usage(Scope(workspace_id, HOME))
        finally:
            with self._lock:
                now_s = self._clock_s()
                meter.counting, meter.due_s = False, now_s + max(EVERY_S, SHARE * (now_s - began_s))
                if usage is not None:
                    meter.usage = usage
                    meter.points -= points
                    meter.bytes -= bytes
