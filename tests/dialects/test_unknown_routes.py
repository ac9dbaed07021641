"""What is not served is told as what is no route: clients read 404 without JSON as ENDPOINT_NOT_FOUND."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.server import API, Http, Server

V3 = "/api/3.0/mlflow/"
NOT_SERVED = [
    API + "registered-models/create",
    API + "registered-models/search",
    API + "model-versions/search",
    V3 + "traces/search",
    V3 + "traces",
    "/v1/traces",
]


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A connection to a server that all tests of this file share."""
    server = Server(tmp_path_factory.mktemp("unknown") / "home").start()
    http = server.http()
    yield http
    http.close()
    server.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", NOT_SERVED)
def test_a_route_that_is_not_served_is_no_route(http: Http, method: str, path: str) -> None:
    """The answer is that to nonsense, with a body that no client can take for an error of MLflow's form."""
    body = {"name": "m"} if method == "POST" else None
    answer = http.request(method, path, body)
    nonsense = http.request(method, API + "nonsense", body)
    assert answer.status == 404, answer
    assert (answer.status, answer.body) == (nonsense.status, nonsense.body)
    assert not answer.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match="Expecting value"):
        _ = answer.json
