"""The plain pages: what a person sees before the browser UI is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.server import Http, Server

EVIL = "<script>alert(1)</script>\"'"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A connection to a server."""
    server = Server(tmp_path_factory.mktemp("pages") / "home").start()
    with closing(server.http()) as connection:
        yield connection
    server.stop()


def begun(http: Http, name: str, start_time: int = 1_700_000_000_000) -> str:
    """The id of a new run."""
    given = {"experiment_id": "0", "run_name": name, "start_time": start_time}
    return str(http.mlflow("POST", "runs/create", given)["run"]["info"]["run_id"])


def page(http: Http, path: str, status: int = 200) -> str:
    """The page's HTML."""
    answer = http.request("GET", path)
    assert answer.status == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.body.decode()


def test_a_run_has_a_page_that_the_front_page_leads_to(http: Http, tmp_path: Path) -> None:
    uid = begun(http, "first try")
    http.mlflow("POST", "runs/log-parameter", {"run_id": uid, "key": "lr", "value": "0.10"})
    given = {"run_id": uid, "key": "auc", "value": 0.75, "timestamp": 1, "step": 3}
    http.mlflow("POST", "runs/log-metric", given)
    http.mlflow("POST", "runs/set-tag", {"run_id": uid, "key": "mlflow.note.content", "value": "see *this*"})
    assert f'<a href="/runs/{uid}">first try</a>' in page(http, "/")
    shown = page(http, f"/runs/{uid}")
    assert "<td>lr</td><td>0.10</td>" in shown
    assert "<td>auc</td><td>0.75</td><td>0.75</td><td>0.75</td><td>3</td>" in shown
    assert "<pre>see *this*</pre>" in shown
    assert 'http-equiv="refresh"' in shown
    http.mlflow("POST", "runs/update", {"run_id": uid, "status": "FINISHED", "end_time": 2})
    assert 'http-equiv="refresh"' not in page(http, f"/runs/{uid}")


def test_nothing_that_was_logged_becomes_part_of_a_page(http: Http) -> None:
    uid = begun(http, EVIL)
    http.mlflow("POST", "runs/set-tag", {"run_id": uid, "key": "evil", "value": EVIL})
    for path in ("/", f"/runs/{uid}", f"/runs/{EVIL.replace('/', '')}"):
        assert "<script" not in page(http, path, 404 if "script" in path else 200)


def test_odd_times_and_unknown_runs_have_pages_too(http: Http) -> None:
    uid = begun(http, "odd", 9_223_372_036_854_775)
    assert "us after 1970" in page(http, f"/runs/{uid}")
    assert "No such run" in page(http, f"/runs/{'0' * 32}", 404)
