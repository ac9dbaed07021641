"""One user's script, run by the unchanged official client: with MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE set.

`words`: what to do, then what is needed for it.
"""

import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def work(name):
    """Tracks a run with a file, and finds it; `name` is the same in both workspaces."""
    mlflow.set_experiment(name)
    with mlflow.start_run(run_name=name) as run:
        mlflow.log_params({"lr": 0.1})
        mlflow.log_metrics({"loss": 0.5}, step=1)
        Path("a.txt").write_text(name)
        mlflow.log_artifact("a.txt")
    found = mlflow.search_runs(experiment_names=[name])
    assert list(found["run_id"]) == [run.info.run_id], found
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == name
    Path("run_id").write_text(run.info.run_id)


def spaces(*names):
    """These are the workspaces that the user may know of."""
    assert sorted(item.name for item in mlflow.list_workspaces()) == sorted(names)
    for name in names:
        assert mlflow.get_workspace(name).name == name


def refused(run_id, status, *words):
    """Reading the run, and writing to it, is refused with this status and these words."""
    client = MlflowClient()
    for act in (
        lambda: client.get_run(run_id),
        lambda: client.log_metric(run_id, "stolen", 1.0),
        lambda: client.list_artifacts(run_id),
        lambda: client.set_tag(run_id, "a", "b"),
    ):
        try:
            act()
        except MlflowException as error:
            assert str(error.get_http_status_code()) == status, error
            assert all(word in str(error) for word in words), error
        else:
            raise AssertionError("nothing was refused")


def unknown(run_id, *words):
    """Who is not known learns nothing; newer clients ask about the server first, and tell the answer in words."""
    try:
        MlflowClient().get_run(run_id)
    except MlflowException as error:
        assert all(word in str(error) for word in ("401", "UNAUTHENTICATED", *words)), error
    else:
        raise AssertionError("nothing was refused")


def foreign(run_id, mine, theirs):
    """The run of another workspace is not there, in neither of the two; and only the own one is."""
    spaces(mine)
    refused(run_id, "404", run_id)
    mlflow.set_workspace(theirs)
    refused(run_id, "404", f"Workspace '{theirs}' not found", "MLFLOW_WORKSPACE")


def only_reads(run_id, *words):
    """Reading is fine, writing is refused."""
    client = MlflowClient()
    assert client.get_run(run_id).data.metrics == {"loss": 0.5}
    try:
        client.log_metric(run_id, "mine", 1.0)
    except MlflowException as error:
        assert error.get_http_status_code() == 403, error
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError("a viewer wrote")


PARTS = {"work": work, "foreign": foreign, "refused": refused, "only_reads": only_reads, "unknown": unknown}
PARTS[sys.argv[1]](*sys.argv[2:])
print("ok")
