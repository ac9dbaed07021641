"""Recurring work: whichever server finds a job due does it, under a lease that ends by itself if the server dies."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.ports.store import Store
from assay.services.base import Service
from assay.wire.errors import AssayError

log = logging.getLogger(__name__)
OUTCOMES = ("done", "failed")


@dataclass(frozen=True, slots=True)
class Job:
    """What is done, how often, and how long one time of it may take at most before another server begins anew."""

    kind: str
    every_us: int
    lease_us: int
    work: Callable[[], object]


class JobService(Service):
    """The jobs of one server.

    Args:
        store: Keeps the leases.
        holder: A name that no other server has.
        jobs: What there is to do.
    """

    def __init__(self, store: Store, holder: str, jobs: Sequence[Job]) -> None:
        super().__init__(store)
        self._holder = holder
        self._jobs = jobs
        self.outcomes = Counter({(job.kind, outcome): 0 for job in jobs for outcome in OUTCOMES})  # since the start
        self.done_s: dict[str, float] = {}  # when a kind was last done by this server, in seconds since 1970

    def run_due(self) -> list[str]:
        """Does what is due and held by nobody else; the kinds that were done.

        A job that fails is tried again, by whoever is first, when its lease has ended.
        """
        return [job.kind for job in self._jobs if self._claimed(job) and self._counted(job)]

    def _claimed(self, job: Job) -> bool:
        return self._store.write(lambda unit: unit.jobs.claim(job.kind, "", self._holder, job.lease_us))

    def _counted(self, job: Job) -> bool:
        done = self._done(job)
        self.outcomes[job.kind, OUTCOMES[not done]] += 1
        if done:
            self.done_s[job.kind] = time.time()
        return done

    def _done(self, job: Job) -> bool:
        try:
            job.work()
        except AssayError as error:  # such as a backup under way, or the end of this server
            log.warning("The job %s was not done: %s", job.kind, error.message)
            return False
        except Exception:
            log.exception("The job %s failed", job.kind)
            return False
        self._store.write(lambda unit: unit.jobs.done(job.kind, "", self._holder, job.every_us))
        return True
