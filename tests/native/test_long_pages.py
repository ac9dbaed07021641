"""A page too long for memory comes whole, in both dialects, and says what a read of each run says."""

from __future__ import annotations

import pytest
from native.conftest import Api

from assay.dialects.pages import HELD

TAG, TAGS, RUNS = 7_000, 90, 5  # 3.1 MB


@pytest.fixture
def uids(api: Api) -> list[str]:
    """Runs with long tags and some of all else, newest first."""
    found = [run["id"] for run in api.get("runs", experiment="long")["runs"]] if self_made(api) else []
    for at in range(0 if found else RUNS):
        tags = {f"tag {number}": f'{at} é"\\' + "x" * TAG for number in range(TAGS)}
        uid = api.run(experiment="long", start_us=at, params={"lr": "0.1"}, tags=tags)
        body = {"run_id": uid, "key": "loss", "value": at / 3, "timestamp": 1, "step": 2}
        api.mlflow("POST", "runs/log-metric", body)
        found.insert(0, uid)
    return found


def self_made(api: Api) -> bool:
    """Whether the runs are there."""
    return any(item["name"] == "long" for item in api.get("experiments")["experiments"])


def test_a_native_page(api: Api, uids: list[str]) -> None:
    answer = api.ask("GET", "runs", experiment="long", limit=RUNS - 1)
    assert len(answer.body) == int(answer.headers["content-length"]) > HELD
    assert answer.headers["content-type"] == "application/json"
    assert [run["id"] for run in answer.json["runs"]] == uids[:-1]
    for run in answer.json["runs"]:
        detail = api.get(f"runs/{run['id']}")
        assert run == {key: detail[key] for key in run}
    rest = api.get("runs", experiment="long", limit=RUNS, page_token=answer.json["next_page_token"])
    assert [run["id"] for run in rest["runs"]] == uids[-1:]
    assert rest["next_page_token"] is None
    assert api.request("HEAD", "/api/v1/runs?experiment=long").headers["content-length"].isdigit()


def test_a_page_of_mlflow(api: Api, uids: list[str]) -> None:
    ids = [str(item["id"]) for item in api.get("experiments")["experiments"] if item["name"] == "long"]
    given = {"experiment_ids": ids, "max_results": RUNS - 1}
    answer = api.request("POST", "/api/2.0/mlflow/runs/search", given)
    assert len(answer.body) == int(answer.headers["content-length"]) > HELD
    for run, uid in zip(answer.json["runs"], uids, strict=False):
        assert run == api.mlflow("GET", "runs/get", {"run_id": uid})["run"]
    rest = api.mlflow("POST", "runs/search", given | {"page_token": answer.json["next_page_token"]})
    assert [run["info"]["run_id"] for run in rest["runs"]] == uids[-1:]
    assert api.mlflow("POST", "runs/search", given | {"filter": "params.lr = 'no'"}) == {}
