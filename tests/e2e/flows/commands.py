"""The `mlflow` command's experiments, runs and artifacts subcommands; runs with clients of 2.22 and 3."""

import json
import re
import subprocess
import sys
from pathlib import Path

import mlflow
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import cli

NEW = not mlflow.__version__.startswith("2.")


def run(*words):
    """What the command prints; in this process, because each start of the command takes seconds."""
    told = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert told.exit_code == 0, (words, told.output)
    return told.output


def refused(*words):
    told = CliRunner().invoke(cli, list(words))
    assert told.exit_code != 0, words
    return str(told.exception) + told.output


def main():
    client = MlflowClient()
    made = run("experiments", "create", "-n", "by command")
    experiment_id = re.search(r"id (\S+)", made)[1]
    assert "already exists" in refused("experiments", "create", "-n", "by command")
    run("experiments", "rename", "-x", experiment_id, "--new-name", "renamed")
    assert "renamed" in run("experiments", "search")
    run("experiments", "delete", "-x", experiment_id)
    assert "renamed" not in run("experiments", "search")
    assert "renamed" in run("experiments", "search", "--view", "deleted_only")
    run("experiments", "restore", "-x", experiment_id)
    if NEW:
        assert (
            json.loads(run("experiments", "get", "-n", "renamed", "--output", "json"))["experiment_id"] == experiment_id
        )
        made = run("runs", "create", "--experiment-id", experiment_id, "--run-name", "by hand", "-t", "env=prod")
        made_id = re.search(r"[0-9a-f]{32}", made)[0]
        assert client.get_run(made_id).data.tags["env"] == "prod"
        assert client.get_run(made_id).info.status == "FINISHED"

    with mlflow.start_run(experiment_id=experiment_id, run_name="listed") as active:
        mlflow.log_param("lr", 0.1)
        mlflow.log_metric("loss", 0.5)
    run_id = active.info.run_id
    assert run_id in run("runs", "list", "--experiment-id", experiment_id)
    described = json.loads(run("runs", "describe", "--run-id", run_id))
    assert described["data"]["params"] == {"lr": "0.1"} and described["info"]["run_name"] == "listed"
    run("runs", "delete", "--run-id", run_id)
    assert run_id not in run("runs", "list", "--experiment-id", experiment_id)
    assert run_id in run("runs", "list", "--experiment-id", experiment_id, "--view", "deleted_only")
    run("runs", "restore", "--run-id", run_id)
    assert "not found" in refused("runs", "describe", "--run-id", "0" * 32)

    Path("one.txt").write_text("one")
    Path("folder/deep").mkdir(parents=True)
    Path("folder/deep/two.txt").write_text("two")
    run("artifacts", "log-artifact", "--local-file", "one.txt", "--run-id", run_id, "--artifact-path", "sub")
    run("artifacts", "log-artifacts", "--local-dir", "folder", "--run-id", run_id)
    listed = json.loads(run("artifacts", "list", "--run-id", run_id))
    assert {item["path"]: item["is_dir"] for item in listed} == {"sub": True, "deep": True}
    listed = json.loads(run("artifacts", "list", "--run-id", run_id, "--artifact-path", "sub"))
    assert [(item["path"], int(item["file_size"])) for item in listed] == [("sub/one.txt", 3)]
    run("artifacts", "download", "--run-id", run_id, "--artifact-path", "deep", "-d", "got")
    assert Path("got/deep/two.txt").read_text() == "two"
    uri = f"runs:/{run_id}/sub/one.txt"
    run("artifacts", "download", "--artifact-uri", uri, "-d", "again")
    assert Path("again/one.txt").read_text() == "one"

    run("experiments", "csv", "-x", experiment_id, "-o", "runs.csv")
    assert run_id in Path("runs.csv").read_text()
    real = subprocess.run(
        [sys.executable, "-m", "mlflow", "experiments", "search"], capture_output=True, text=True, check=True
    )
    assert "renamed" in real.stdout
    print("ok")


if __name__ == "__main__":
    main()
