"""`assay demo`: a server on a fresh home, real runs by the unchanged mlflow client and the SDK, a leaderboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from assay.cli.options import json_option
from assay.cli.root import cli
from assay.cli.tables import cell, show_table, title, value_of
from assay.sdk import http
from assay.wire.errors import InvalidInput, Unavailable

TRAINING = Path(__file__).with_name("demo_training.py")
PACKAGE = Path(__file__).parents[2]  # the folder that holds the package


@cli.command()
@click.option("--python", default=sys.executable, help="A Python that has mlflow and scikit-learn. [this one]")
@click.option("--home", type=click.Path(path_type=Path), help="Keep the demo there. [a temporary folder]")
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="0: any free port.")
@click.option("--once", is_flag=True, help="End after the leaderboard instead of serving on.")
@json_option("The leaderboard as one line of JSON on standard output, all else on standard error.")
def demo(python: str, home: Path | None, port: int, *, once: bool, as_json: bool) -> None:
    """Train about twenty models and show them."""
    with tempfile.TemporaryDirectory(prefix="assay-demo-") as folder:
        root = home or Path(folder) / "home"
        if subprocess.run([python, "-c", "import mlflow, sklearn"], capture_output=True, check=False).returncode:
            raise InvalidInput(
                f"{python} has no mlflow or no scikit-learn, which the demo trains with",
                field="--python",
                remedy="pip install mlflow scikit-learn, or name a Python that has them; in a clone: make demo",
            )
        server = subprocess.Popen(
            [sys.executable, "-m", "assay", "up", "--port", str(port), "--home", str(root)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            address = _address(server)
            click.echo(f"Server: {address}", err=as_json)
            clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "ASSAY_"))}
            env = clean | {"MLFLOW_TRACKING_URI": address, "MLFLOW_DISABLE_TELEMETRY": "true"}
            env |= {"ASSAY_URL": address, "ASSAY_HOME": str(root)}
            training = [python, str(TRAINING), str(PACKAGE)]
            if subprocess.run(training, env=env, stdout=2 if as_json else None, check=False).returncode:
                raise click.ClickException("the training script failed; its output is above")
            _leaderboard(address, as_json=as_json)
            if not once:
                click.echo(f"\nLook around: {address}   or: {sys.argv[0]} runs --url {address}", err=as_json)
                ends = ", then all of this is gone." if home is None else "."
                click.echo(f"Serving until Ctrl-C{ends}", err=as_json)
                server.wait()
            elif home is not None:
                click.echo(f"\nLook around: assay up --home {home}", err=as_json)
        except KeyboardInterrupt:
            click.echo("", err=as_json)
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    line = server.stdout.readline()
    if " at http" not in line:
        raise Unavailable(f"The server did not start: {line.strip()}", remedy="run: assay up")
    return line.rsplit(" ", 1)[1].strip()


def _leaderboard(address: str, *, as_json: bool) -> None:
    """Prints the runs, the best first, with what tells them apart: several have the same name."""
    found = http.get(address, "runs", order_by="metrics.test_accuracy DESC", limit=50)["runs"]
    ranked = [run for run in found if "test_accuracy" in run["metrics"]]
    if as_json:
        click.echo(json.dumps({"url": address, "leaderboard": [_entry(run) for run in ranked]}))
        return
    columns = ("params.model", "tags.dataset", "params", "metrics.test_accuracy", "metrics.train_loss")
    click.echo("\nLeaderboard")
    show_table([title(name) for name in columns], [[_text(run, name) for name in columns] for run in ranked])


def _given(run: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in run["params"].items() if key != "model"}


def _text(run: dict[str, Any], name: str) -> str:
    return " ".join(f"{key}={value}" for key, value in _given(run).items()) if name == "params" else cell(run, name)


def _entry(run: dict[str, Any]) -> dict[str, Any]:
    measured = {key: value_of(run, f"metrics.{key}") for key in ("test_accuracy", "train_loss")}
    own = {"id": run["id"], "model": run["params"].get("model"), "dataset": run["tags"].get("dataset")}
    return {**own, "params": _given(run), **measured}
