"""What an MLflow user does every day; runs with clients of 2.22 and 3."""

import math
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{call} was not refused")


def worker(args):
    run_id, rank = args
    MlflowClient().log_batch(run_id, metrics=[Metric(f"rank{rank}", i, i, i) for i in range(50)])


def wide():
    """Single calls, and more params and tags than the client sends at once."""
    client = MlflowClient()
    params = {f"p{number}": str(number) for number in range(250)}
    tags = {f"t{number}": f"value {number}" for number in range(250)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ü report.txt")
        file.write_text("one file")
        with mlflow.start_run(experiment_id=client.create_experiment("wide")) as run:
            mlflow.set_tag("single", "é 1")
            mlflow.log_params(params)
            mlflow.set_tags(tags)
            mlflow.log_artifact(file)
            mlflow.log_artifact(str(file), "below/it")
    run_id = run.info.run_id
    stored = client.get_run(run_id).data
    assert stored.tags["single"] == "é 1"
    assert stored.params == params
    assert {key: value for key, value in stored.tags.items() if key[0] == "t"} == tags
    for path in ("ü report.txt", "below/it/ü report.txt"):
        assert Path(client.download_artifacts(run_id, path)).read_text() == "one file", path
        got = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path)
        assert Path(got).read_text() == "one file", path


def main():
    client = MlflowClient()
    wide()
    # There is no registry of models, and the client is told so rather than that the call failed
    refused("ENDPOINT_NOT_FOUND", client.search_registered_models)
    experiment = mlflow.set_experiment("daily")
    assert mlflow.set_experiment("daily").experiment_id == experiment.experiment_id
    assert client.get_experiment("0").name == "Default"
    assert "already exists" in refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "daily")

    with mlflow.start_run(run_name="first", tags={"team": "risk"}) as run:
        mlflow.log_param("lr", 0.10)
        mlflow.log_params({"depth": 3, "name": "x" * 300})
        mlflow.log_metric("loss", 1.0, step=0)
        mlflow.log_metric("loss", math.nan, step=1)
        mlflow.log_metric("loss", math.inf, step=2)
        mlflow.log_metrics({"loss": 0.5, "acc": 0.9}, step=3)
        mlflow.set_tags({"a": "1", "b": "2"})
        client.delete_tag(run.info.run_id, "b")
        message = refused("INVALID_PARAMETER_VALUE", mlflow.log_param, "lr", 0.2)
        assert "Changing param values is not allowed" in message
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"k": [1, 2]}, "notes/d.json")
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        mlflow.log_figure(figure, "plots/f.png")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "img.png")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), key="digits", step=3)
        mlflow.log_table({"q": ["a"], "n": [1]}, "table.json")
        mlflow.log_table({"q": ["b"], "n": [2]}, "table.json")  # the second call reads, appends, and writes
        mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="train"), context="training")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "w.bin").write_bytes(os.urandom(3_000_000))
            Path(folder, "sub").mkdir()
            Path(folder, "sub", "ü x.txt").write_text("deep")
            mlflow.log_artifacts(folder, "data")
            sent = Path(folder, "w.bin").read_bytes()
    run_id = run.info.run_id
    stored = client.get_run(run_id)
    assert stored.info.status == "FINISHED" and stored.info.run_name == "first"
    assert stored.data.params == {"lr": "0.1", "depth": "3", "name": "x" * 300}
    assert stored.data.metrics == {"loss": 0.5, "acc": 0.9}
    assert stored.data.tags["team"] == "risk" and "b" not in stored.data.tags
    assert stored.inputs.dataset_inputs[0].dataset.name == "train"
    history = client.get_metric_history(run_id, "loss")
    assert [m.step for m in history] == [0, 1, 2, 3], history
    assert math.isnan(history[1].value) and history[2].value == sys.float_info.max
    assert client.get_metric_history(run_id, "nothing") == []
    assert {f.path for f in client.list_artifacts(run_id)} == {
        "notes",
        "plots",
        "img.png",
        "table.json",
        "data",
        "images",
    }
    digits = {f.path.rsplit(".", 1)[1] for f in client.list_artifacts(run_id, "images")}
    assert digits == {"png", "webp"} and stored.data.tags["mlflow.loggedImages"] == "True"
    assert [(f.path, f.is_dir) for f in client.list_artifacts(run_id, "data")] == [
        ("data/sub", True),
        ("data/w.bin", False),
    ]
    assert Path(client.download_artifacts(run_id, "data/w.bin")).read_bytes() == sent
    assert Path(client.download_artifacts(run_id, "data/sub/ü x.txt")).read_text() == "deep"
    assert mlflow.artifacts.load_text(f"{stored.info.artifact_uri}/notes/hello.txt") == "hello"
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["n"]) == [1, 2]

    with mlflow.start_run(run_id=run_id):  # resumed
        mlflow.log_metric("loss", 0.25, step=4)
    assert client.get_run(run_id).data.metrics["loss"] == 0.25

    with mlflow.start_run(run_name="parent") as parent:
        for number in range(3):
            with mlflow.start_run(run_name=f"child{number}", nested=True):
                mlflow.log_metric("score", number)
                mlflow.log_param("model", "xgb" if number else "mlp")
    children = mlflow.search_runs(
        experiment_names=["daily"],
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}' and metrics.score >= 1",
        order_by=["metrics.score DESC"],
    )
    assert list(children["metrics.score"]) == [2.0, 1.0], children
    assert len(mlflow.search_runs(experiment_names=["daily"], filter_string="params.model LIKE 'x%'")) == 2
    assert len(mlflow.search_runs(experiment_names=["daily"], filter_string="status = 'FINISHED'")) == 5
    assert len(mlflow.search_runs(experiment_names=["daily"], filter_string="dataset.name = 'train'")) == 1
    refused(
        "INVALID_PARAMETER_VALUE", client.search_runs, [experiment.experiment_id], "metrics.a > 1 OR params.b = 'c'"
    )

    with mlflow.start_run(run_name="big") as big:
        now = 1_700_000_000_000
        client.log_batch(
            big.info.run_id,
            metrics=[Metric("m", i / 7, now + i, i) for i in range(1_000)],
        )
        mlflow.log_metrics({f"k{i}": i for i in range(2_500)})
        client.log_batch(big.info.run_id, params=[Param("p", "1")], tags=[RunTag("t", "2")])
        for i in range(500):
            mlflow.log_metric("async", i, step=i, synchronous=False)
        mlflow.flush_async_logging()
    assert len(client.get_metric_history(big.info.run_id, "m")) == 1_000
    assert len(client.get_metric_history(big.info.run_id, "async")) == 500
    assert len(client.get_run(big.info.run_id).data.metrics) == 2_502

    run = client.create_run(experiment.experiment_id)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(worker, [(run.info.run_id, rank) for rank in range(4)])
    assert client.get_run(run.info.run_id).data.metrics == {f"rank{rank}": 49.0 for rank in range(4)}
    client.set_terminated(run.info.run_id, "KILLED")
    assert client.get_run(run.info.run_id).info.status == "KILLED"
    client.update_run(run.info.run_id, name="renamed")
    assert client.get_run(run.info.run_id).data.tags["mlflow.runName"] == "renamed"

    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert "must be in the 'active' state" in refused("INVALID_PARAMETER_VALUE", client.log_metric, run_id, "x", 1)
    found = client.search_runs([experiment.experiment_id], run_view_type=ViewType.DELETED_ONLY)
    assert [r.info.run_id for r in found] == [run_id]
    client.restore_run(run_id)
    client.log_metric(run_id, "x", 1)

    pages = client.search_runs([experiment.experiment_id], max_results=2)
    seen = [r.info.run_id for r in pages]
    while pages.token:
        pages = client.search_runs([experiment.experiment_id], max_results=2, page_token=pages.token)
        seen += [r.info.run_id for r in pages]
    assert len(seen) == len(set(seen)) == 7

    client.set_experiment_tag(experiment.experiment_id, "owner", "me")
    assert client.get_experiment(experiment.experiment_id).tags["owner"] == "me"
    client.rename_experiment(experiment.experiment_id, "weekly")
    client.delete_experiment(experiment.experiment_id)
    assert client.get_experiment_by_name("weekly").lifecycle_stage == "deleted"
    refused("INVALID_PARAMETER_VALUE", client.create_run, experiment.experiment_id)
    client.restore_experiment(experiment.experiment_id)
    assert client.search_experiments(filter_string="name LIKE 'week%'", order_by=["name ASC"])[0].name == "weekly"
    refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "4711")
    print("ok")


if __name__ == "__main__":
    main()
