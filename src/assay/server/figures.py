"""What `GET /metrics` says: every figure of the table, read where it is kept."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import time
from pathlib import Path

from assay.dialects.native.feed import Feed
from assay.dialects.native.mount import release
from assay.server.compose import Server
from assay.server.metrics import Page
from assay.server.watch import Traffic

STARTED_S = time.time()
PAGE_BYTES = resource.getpagesize()
DESCRIPTORS = Path("/proc/self/fd")
MEMORY = Path("/proc/self/statm")


def figures(server: Server, traffic: Traffic, feed: Feed) -> str:
    """The page of metrics. It takes no lock and asks no database, so it also answers when those do not."""
    page = Page()
    page.add("assay_build_info", 1, version=release(), python=platform.python_version())
    page.add("assay_store_info", 1, engine=server.engine, schema=server.schema)
    _add_traffic(page, traffic)
    _add_store(page, server)
    for (kind, outcome), count in list(server.recurring.outcomes.items()):
        page.add("assay_job_runs_total", count, kind=kind, outcome=outcome)
    for kind, done_s in list(server.recurring.done_s.items()):
        page.add("assay_job_last_done_timestamp_seconds", done_s, kind=kind)
    collected = server.services.files.collected
    for outcome in ("deleted", "orphans", "digested"):
        page.add("assay_gc_objects_total", getattr(collected, outcome), outcome=outcome)
    page.add("assay_gc_uploads_aborted_total", collected.aborted)
    page.add("assay_change_listeners", feed.listeners)
    _add_disk(page, server)
    _add_process(page)
    return page.text()


def _add_traffic(page: Page, traffic: Traffic) -> None:
    for (method, route, status), count in sorted(traffic.answers.items()):
        page.add("assay_http_requests_total", count, method=method, route=route, status=status)
    for (method, route), histogram in sorted(traffic.seconds.items()):
        page.add_histogram("assay_http_request_duration_seconds", histogram, method=method, route=route)
    page.add("assay_http_requests_active", traffic.active)


def _add_store(page: Page, server: Server) -> None:
    tally, projections = server.store.tally, server.store.projections
    page.add("assay_log_calls_total", tally.calls, outcome="stored")
    page.add("assay_log_calls_total", tally.refused, outcome="refused")
    page.add("assay_points_total", tally.points)
    page.add_histogram("assay_writer_group_size", tally.groups)
    page.add_histogram("assay_writer_commit_duration_seconds", tally.commits_s)
    page.add("assay_writer_queue_length", server.store.waiting)
    page.add("assay_projection_searches_total", projections.served, outcome="served")
    page.add("assay_projection_searches_total", projections.failed, outcome="failed")
    page.add("assay_projection_bytes", projections.bytes())
    page.add("assay_kept_bytes", server.store.kept.bytes())


def _add_disk(page: Page, server: Server) -> None:
    page.add("assay_home_free_bytes", shutil.disk_usage(server.home.root).free)
    if server.engine == "sqlite":
        for file, ending in (("database", ""), ("log", "-wal")):
            path = server.home.database.with_name(server.home.database.name + ending)
            page.add("assay_store_file_bytes", path.stat().st_size if path.exists() else 0, file=file)


def _add_process(page: Page) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    page.add("process_cpu_seconds_total", used.ru_utime + used.ru_stime)
    if MEMORY.exists():
        page.add("process_resident_memory_bytes", int(MEMORY.read_text().split()[1]) * PAGE_BYTES)
        page.add("process_open_fds", len(os.listdir(DESCRIPTORS)))
        page.add("process_max_fds", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    page.add("process_start_time_seconds", STARTED_S)
