"""What a client asks about the server itself, routes under other prefixes, and what is no route."""

from __future__ import annotations

from collections.abc import Iterator

from golden.corpus.script import Case, Step, case, on


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on(
        "GET",
        "server-info",
        case("plain"),
        case("v3", base="/api/3.0/mlflow/"),
        case("v3 ajax", base="/ajax-api/3.0/mlflow/"),
        case("ajax", base="/ajax-api/2.0/mlflow/"),
        case("with fields", {"a": "b"}, base="/api/3.0/mlflow/"),
        case("accept", headers={"Accept": "text/html"}, base="/api/3.0/mlflow/"),
    )
    yield from on(
        "GET",
        "/version",
        case("plain"),
        case("with fields", {"a": "b"}),
        case("accept", headers={"Accept": "application/json"}),
        case("slash at the end", tail="/"),
        case("as a client asks", headers={"Accept-Encoding": "gzip, deflate", "X-MLflow-Client-Version": "3.17.2"}),
        case("user agent", headers={"User-Agent": "mlflow-python-client/3.17.2"}),
    )
    yield from on("POST", "/version", case("another method", {}))
    yield from on(
        "GET",
        "/health",
        case("plain"),
        case("with fields", {"a": "b"}),
        case("accept", headers={"Accept": "application/json"}),
        case("as a client asks", headers={"Accept-Encoding": "gzip, deflate", "X-MLflow-Client-Version": "3.17.2"}),
        case("user agent", headers={"User-Agent": "kube-probe/1.31"}),
    )
    yield from on("POST", "/health", case("another method", {}))
    yield from on(
        "GET",
        "experiments/get",
        Case("under 3.0", {"experiment_id": "0"}, base="/api/3.0/mlflow/"),
        Case("under ajax 3.0", {"experiment_id": "0"}, base="/ajax-api/3.0/mlflow/"),
        case("workspace default", {"experiment_id": "0"}, headers={"X-MLFLOW-WORKSPACE": "default"}),
        case("workspace unknown", {"experiment_id": "0"}, headers={"X-MLFLOW-WORKSPACE": "nowhere"}),
        case("slash at the end", {"experiment_id": "0"}, tail="/"),
    )
    yield from on("POST", "experiments/get", case("another method", {"experiment_id": "0"}))
    yield from on("GET", "runs/create", case("another method"))
    yield from on("PUT", "runs/create", case("another method", {}))
    yield from on("DELETE", "runs/delete", case("another method", {}))
    yield from on("GET", "nonsense", case("no route"), case("no route, v3", base="/api/3.0/mlflow/"))
    yield from on("POST", "nonsense", case("no route", {}))
    yield from on("GET", "/api/2.0/", case("nothing"))
    yield from on("POST", "/api/3.0/mlflow/traces", case("not kept", {}))
    yield from on("POST", "/api/2.0mlflow/experiments/search-datasets", case("the route with the lost slash", {}))
