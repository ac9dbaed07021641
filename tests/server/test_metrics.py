"""`GET /metrics`: what was done is counted, by names that are documented, and never by what a client made up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from server.exposition import Samples, read_samples, value
from support.postgres import fresh_database
from support.server import Http, Server

from assay.core.tally import Histogram
from assay.server.metrics import METRICS, Page

REQUESTS = "assay_http_requests_total"
LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module."""
    server = Server(tmp_path_factory.mktemp("metrics") / "home").start()
    yield server
    server.stop()


@pytest.fixture
def http(running: Server) -> Iterator[Http]:
    """A connection to it."""
    with closing(running.http()) as connection:
        yield connection


def read(http: Http) -> Samples:
    """The page's samples."""
    answer = http.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read_samples(answer.body.decode())[1]


def new_run(http: Http) -> str:
    """A run's id."""
    made = http.mlflow("POST", "runs/create", {"experiment_id": "0"})
    id: str = made["run"]["info"]["run_id"]
    return id


def test_requests_are_counted_by_template_method_and_status(http: Http) -> None:
    id, before = new_run(http), read(http)
    for _ in range(3):
        assert http.request("GET", f"/api/v1/runs/{id}").status == 200
    assert http.request("GET", "/api/v1/runs/" + "f" * 32).status == 404
    http.mlflow("GET", f"runs/get?run_id={id}")
    after = read(http)
    route = "/api/v1/runs/{id}"
    for status, count in (("200", 3), ("404", 1)):
        labels = {"method": "GET", "route": route, "status": status}
        assert value(after, REQUESTS, **labels) - value(before, REQUESTS, **labels) == count
    took = {"method": "GET", "route": route}
    name = "assay_http_request_duration_seconds"
    assert value(after, f"{name}_count", **took) - value(before, f"{name}_count", **took) == 4
    assert value(after, f"{name}_bucket", **took, le="+Inf") == value(after, f"{name}_count", **took)
    assert 0 < value(after, f"{name}_sum", **took) < 60
    assert value(after, "assay_http_requests_active") == 1, "it is the one that asks"


def test_nothing_that_a_client_makes_up_becomes_a_label(http: Http) -> None:
    read(http)
    before = len(read(http))
    for n in range(20):
        http.request("GET", f"/made-up-{n}")
        http.request("GET", f"/api/v1/made-up-{n}")
        http.request("GET", f"/api/2.0/mlflow/made-up-{n}")
        http.request("GET", f"/runs/made-up-{n}")
        http.request("MKCOL", "/", {"made-up": n})
        http.request("GET", "/health", headers={"Host": f"made-up-{n}"})
    after = http.request("GET", "/metrics")
    assert b"made-up" not in after.body
    assert b"MKCOL" not in after.body
    assert len(read_samples(after.body.decode())[1]) - before < 6 * 20, "twenty names gave as many samples"


def test_what_is_logged_is_counted(http: Http) -> None:
    id, before = new_run(http), read(http)
    metrics = [{"key": "m", "value": 0.5, "timestamp": 1, "step": step} for step in range(100)]
    for _ in range(3):
        http.mlflow("POST", "runs/log-batch", {"run_id": id, "metrics": metrics})
    assert http.request("POST", LOG_BATCH, {"run_id": "f" * 32, "metrics": metrics}).status == 404
    until_s = time.monotonic() + 10
    name = "assay_writer_commit_duration_seconds"
    while True:  # a group is measured a moment after its callers are answered
        after = read(http)
        groups = value(after, f"{name}_count") - value(before, f"{name}_count")
        if groups >= 4 or time.monotonic() > until_s:
            break
        time.sleep(0.01)
    assert groups >= 4
    assert value(after, "assay_points_total") - value(before, "assay_points_total") == 300
    calls = "assay_log_calls_total"
    assert value(after, calls, outcome="stored") - value(before, calls, outcome="stored") == 3
    assert value(after, calls, outcome="refused") - value(before, calls, outcome="refused") == 1
    assert value(after, f"{name}_sum") > value(before, f"{name}_sum")
    size = "assay_writer_group_size"
    assert value(after, f"{size}_count") == value(after, f"{name}_count")
    assert value(after, "assay_writer_queue_length") == 0


def test_a_collection_is_counted(http: Http, running: Server) -> None:
    before = read(http)
    token = {"Authorization": f"Bearer {(running.home / 'token').read_text().strip()}"}
    id = new_run(http)
    put = http.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/a.bin", bytes(2 << 20))
    assert put.status == 200
    assert http.request("DELETE", f"/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/a.bin").status == 200
    assert http.request("POST", "/api/v1/gc", {"grace_hours": 0}, token).status == 200
    after = read(http)
    name = "assay_gc_objects_total"
    assert value(after, name, outcome="deleted") - value(before, name, outcome="deleted") == 1


def test_who_listens_is_counted(http: Http, running: Server) -> None:
    with closing(running.http()) as other:
        assert value(read(http), "assay_change_listeners") == 0
        other.request("GET", "/health")
        raw = other._connection
        assert raw is not None
        raw.request("GET", "/api/v1/changes")
        raw.getresponse()
        until_s = time.monotonic() + 10
        while value(read(http), "assay_change_listeners") != 1 and time.monotonic() < until_s:
            time.sleep(0.05)
        assert value(read(http), "assay_change_listeners") == 1


def test_the_server_tells_of_itself(http: Http, running: Server) -> None:
    assert running.process is not None
    first = read(http)
    assert [
        key for key in first if key[0] == "assay_build_info" and {name for name, _ in key[1]} == {"version", "python"}
    ]
    assert [key for key in first if key[0] == "assay_store_info" and ("engine", "sqlite") in key[1]]
    assert 20e6 < value(first, "process_resident_memory_bytes") < 4e9
    assert 5 < value(first, "process_open_fds") < value(first, "process_max_fds")
    assert 0 < time.time() - value(first, "process_start_time_seconds") < 3600
    assert value(first, "assay_home_free_bytes") > 0
    assert (
        value(first, "assay_store_file_bytes", file="database") + value(first, "assay_store_file_bytes", file="log") > 0
    )
    new_run(http)
    assert value(read(http), "process_cpu_seconds_total") >= value(first, "process_cpu_seconds_total") > 0


def test_what_is_on_the_page_is_in_the_table(http: Http) -> None:
    kinds, _ = read_samples(http.request("GET", "/metrics").body.decode())
    table = {metric.name: metric.kind for metric in METRICS}
    assert kinds.items() <= table.items()
    assert table.keys() - kinds.keys() <= {"assay_job_last_done_timestamp_seconds"}, "no sample, and nobody knows why"
    for metric in METRICS:
        assert metric.kind in ("counter", "gauge", "histogram")
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
    with pytest.raises(KeyError):
        Page().add("assay_other", 1)


def test_a_histogram_adds_up_and_labels_are_escaped() -> None:
    histogram, page = Histogram((1, 2.5)), Page()
    for seen in (0.5, 1, 1.5, 2.5, 9):
        histogram.observe(seen)
    page.add_histogram("assay_writer_group_size", histogram)
    page.add("assay_http_requests_total", 1, method="GET", route='a"b\\c\nd', status=200)
    _, samples = read_samples(page.text())
    name = "assay_writer_group_size"
    assert [value(samples, f"{name}_bucket", le=le) for le in ("1", "2.5", "+Inf")] == [2, 4, 5]
    assert (value(samples, f"{name}_sum"), value(samples, f"{name}_count")) == (14.5, 5)
    assert value(samples, REQUESTS, method="GET", route=r"a\"b\\c\nd", status="200") == 1


def test_what_is_logged_to_postgres_is_counted(database_server: Any, tmp_path: Path) -> None:
    """Also what takes the way of one statement, which is for runs that were just logged to."""
    server = Server(tmp_path / "home", ["--store", fresh_database(database_server)]).start()
    try:
        with closing(server.http()) as http:
            id = new_run(http)
            metrics = [{"key": "m", "value": 0.5, "timestamp": 1, "step": step} for step in range(10)]
            for _ in range(12):
                http.mlflow("POST", "runs/log-batch", {"run_id": id, "metrics": metrics})
            http.mlflow("POST", "runs/log-batch", {"run_id": id, "params": [{"key": "a", "value": "1"}]})
            answer = http.request("POST", LOG_BATCH, {"run_id": id, "params": [{"key": "a", "value": "2"}]})
            assert answer.status == 400
            found = read(http)
            assert value(found, "assay_points_total") == 120
            assert value(found, "assay_log_calls_total", outcome="stored") == 13
            assert value(found, "assay_log_calls_total", outcome="refused") == 1
            assert [key for key in found if key[0] == "assay_store_info" and ("engine", "postgresql") in key[1]]
            assert not [key for key in found if key[0] == "assay_store_file_bytes"]
    finally:
        server.stop()
