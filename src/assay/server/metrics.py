"""The server's metrics: one table of what there is, and the text format in which Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.core.tally import Histogram

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name, its kind (counter, gauge or histogram), its labels, and what it says."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


METRICS = (
    Metric("assay_build_info", "gauge", ("version", "python"), "Always 1; its labels say what runs."),
    Metric("assay_store_info", "gauge", ("engine", "schema"), "Always 1; the store, and the schema the server knows."),
    Metric(
        "assay_http_requests_total",
        "counter",
        ("method", "route", "status"),
        "Requests answered. `route` is a template, or `none` where no route was found or reached.",
    ),
    Metric(
        "assay_http_request_duration_seconds",
        "histogram",
        ("method", "route"),
        "From a request's first byte to the answer's last. `/api/v1/changes` lasts while somebody listens.",
    ),
    Metric("assay_http_requests_active", "gauge", (), "Requests that are being answered."),
    Metric(
        "assay_log_calls_total", "counter", ("outcome",), "Log calls, as those of log-batch: `stored` or `refused`."
    ),
    Metric("assay_points_total", "counter", (), "Metric points that were acknowledged, resent ones included."),
    Metric(
        "assay_writer_group_size",
        "histogram",
        (),
        "Requests that were committed together; on PostgreSQL log calls only, on SQLite every write.",
    ),
    Metric("assay_writer_commit_duration_seconds", "histogram", (), "How long a group took, the disk included."),
    Metric("assay_writer_queue_length", "gauge", (), "Requests that wait for the next group."),
    Metric(
        "assay_projection_searches_total",
        "counter",
        ("outcome",),
        "Searches of runs that columns in memory `served`, or `failed` to serve so that SQL answered.",
    ),
    Metric("assay_projection_bytes", "gauge", (), "What these columns take, about."),
    Metric("assay_kept_bytes", "gauge", (), "What is held of runs that were shown and rest takes, about."),
    Metric("assay_job_runs_total", "counter", ("kind", "outcome"), "Jobs that this server did: `done` or `failed`."),
    Metric(
        "assay_job_last_done_timestamp_seconds",
        "gauge",
        ("kind",),
        "When this server last did the job; missing until it has.",
    ),
    Metric("assay_gc_objects_total", "counter", ("outcome",), "Objects: `deleted`, of them `orphans`, or `digested`."),
    Metric("assay_gc_uploads_aborted_total", "counter", (), "Uploads that were never finished, and are gone."),
    Metric("assay_change_listeners", "gauge", (), "Who listens to `/api/v1/changes`."),
    Metric("assay_home_free_bytes", "gauge", (), "Free space of the file system that holds the home."),
    Metric("assay_store_file_bytes", "gauge", ("file",), "SQLite only: the `database` and its write-ahead `log`."),
    Metric("process_cpu_seconds_total", "counter", (), "Processor time, user and system."),
    Metric("process_resident_memory_bytes", "gauge", (), "Memory in use. Linux only, as the next two."),
    Metric("process_open_fds", "gauge", (), "Open file descriptors."),
    Metric("process_max_fds", "gauge", (), "How many may be open."),
    Metric("process_start_time_seconds", "gauge", (), "When the server started, in seconds since 1970."),
)


class Page:
    """Samples by metric, in the order of the table; one that is not in the table is a KeyError."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {metric.name: [] for metric in METRICS}

    def add(self, name: str, value: float, **labels: object) -> None:
        """A sample."""
        self._lines[name].append(f"{name}{_labels(labels)} {_number(value)}")

    def add_histogram(self, name: str, histogram: Histogram, **labels: object) -> None:
        """The samples of a histogram, whose counts may grow meanwhile: they stay in order."""
        lines, below = self._lines[name], 0
        counts, total = list(histogram.counts), histogram.total
        for bound, count in zip((*histogram.bounds, float("inf")), counts, strict=True):
            below += count
            lines.append(f"{name}_bucket{_labels({**labels, 'le': _number(bound)})} {below}")
        lines.append(f"{name}_sum{_labels(labels)} {_number(total)}")
        lines.append(f"{name}_count{_labels(labels)} {below}")

    def text(self) -> str:
        """The page."""
        return "".join(self._parts())

    def _parts(self) -> Iterable[str]:
        for metric in METRICS:
            if lines := self._lines[metric.name]:
                meaning = metric.meaning.replace("`", "").replace("\\", r"\\")
                yield f"# HELP {metric.name} {meaning}\n# TYPE {metric.name} {metric.kind}\n"
                yield "\n".join(lines) + "\n"


def _labels(labels: dict[str, object]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{str(value).translate(ESCAPED)}"' for name, value in labels.items()) + "}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
