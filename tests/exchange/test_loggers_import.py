"""`assay import wandb` and `assay import tensorboard`: what the source holds is on the server afterwards, once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.house import refused, told
from exchange.loggers import Held, Told, held, run_logger
from support.length import length
from support.server import ASSAY, Http, Server

from assay.exchange.source import Source
from assay.exchange.tensorboard import TensorboardSource
from assay.exchange.wandb import WandbSource

COUNT = length(300, 20_000)
API = "/api/v1/"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both loggers wrote."""
    path = tmp_path_factory.mktemp("logs")
    run_logger("log_wandb.py", path, "whole", str(COUNT))
    run_logger("log_wandb.py", path, "ends")
    run_logger("log_tensorboard.py", path, "logs", str(COUNT))
    return path


FORMS: list[tuple[str, str, Callable[[Path], Source]]] = [
    ("wandb", "wandb", lambda path: WandbSource([path], Told())),
    ("tensorboard", "logs", lambda path: TensorboardSource(path, Told())),
]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Http]:
    """A connection to a server on the home `home`."""
    server = Server(tmp_path / "home").start()
    try:
        with closing(server.http()) as http:
            yield http
    finally:
        server.stop()


form = pytest.mark.parametrize(("command", "folder", "opened"), FORMS, ids=["wandb", "tensorboard"])


def listed(http: Http, path: str, what: str, **query: Any) -> list[Any]:
    """The things of all pages."""
    found: list[Any] = []
    while True:
        answer = http.request("GET", API + path, **query)
        assert answer.status == 200, answer.body
        found += answer.json[what]
        if not answer.json.get("next_page_token"):
            return found
        query["page_token"] = answer.json["next_page_token"]


def points(http: Http, run: str) -> list[tuple[Any, ...]]:
    """Every point of a run, sorted; NaN and the infinities by their names."""
    found: list[tuple[Any, ...]] = []
    for series in listed(http, f"runs/{run}/series", "series"):
        query: dict[str, Any] = {"key": series["key"]}
        if series["context"]:
            query["context"] = json.dumps(series["context"])
        while True:
            answer = http.request("GET", f"{API}runs/{run}/history", **query)
            assert answer.status == 200, answer.body
            page = answer.json
            rows = page["row"] or [None] * len(page["step"])
            context = json.dumps(series["context"])
            for step, time_us, value, row in zip(page["step"], page["time_us"], page["value"], rows, strict=True):
                number = float("nan") if value is None else float(value)
                found.append((series["key"], step, time_us, repr(number), row, context))
            if not page["next_page_token"]:
                break
            query["page_token"] = page["next_page_token"]
    return sorted(found, key=str)


def check(http: Http, one: Held) -> None:
    """The server has this run with everything, and nothing besides."""
    uid = one.run.uid
    answer = http.request("GET", f"{API}runs/{uid}")
    assert answer.status == 200, answer.body
    run = answer.json
    for name in ("name", "status", "start_us", "end_us"):
        assert run[name] == getattr(one.run, name), name
    assert one.run.tags.items() <= run["tags"].items()
    if one.run.config is None:
        assert run["params"] == one.run.params
    else:
        assert run["config"] == one.run.config
    assert (run.get("note") or "") == one.run.note
    expected = sorted(
        ((key, step, when, repr(value), row, json.dumps(where)) for key, step, when, value, row, where in one.points),
        key=str,
    )
    assert points(http, uid) == sorted(set(expected), key=str)
    values = {
        (item["key"], item["step"], item.get("row", -1), json.dumps(item.get("context"))): item
        for item in listed(http, f"runs/{uid}/values", "values")
    }
    wanted = {
        (value.key, value.step, -1 if value.row is None else value.row, json.dumps(value.context)): value
        for value in one.values
    }
    assert values.keys() == wanted.keys()
    for key, value in wanted.items():
        found = values[key]
        assert (found["kind"], found["document"], found["time_us"]) == (value.kind, value.document, value.time_us)
    lines = [tuple(line) for line in listed(http, f"runs/{uid}/console", "lines")]
    assert sorted(lines) == sorted((line.stream, line.time_us, line.text) for line in one.lines)
    files = {item["path"] for item in listed(http, f"runs/{uid}/files", "files", all="true")}
    assert files == set(one.files)
    for path, data in one.files.items():
        assert http.request("GET", f"{API}runs/{uid}/files/{path.replace(' ', '%20')}").body == data


@form
def test_all_of_it_is_there_once(
    command: str, folder: str, opened: Callable[[Path], Source], logs: Path, tmp_path: Path
) -> None:
    """Without a server that runs; and again with one, from elsewhere, where nothing is new."""
    home = tmp_path / "home"
    runs = held(opened(logs / folder))
    report = told("import", command, logs / folder, "--home", home, "--json")
    assert report["done"]["runs"] == len(runs) >= 3
    assert report["done"]["points"] == sum(len(one.points) for one in runs)
    server = Server(home).start()
    try:
        with closing(server.http()) as http:
            for one in runs:
                check(http, one)
            shutil.copytree(logs / folder, tmp_path / folder, symlinks=True)
            again = told("import", command, tmp_path / folder, "--home", home, "--json")["done"]
            http.close()  # the server did, if that took long
            assert not {"points", "values", "console", "experiments"} & again.keys()
            for one in runs:
                check(http, one)
    finally:
        server.stop()


@form
def test_killed_and_run_again(
    command: str, folder: str, opened: Callable[[Path], Source], logs: Path, tmp_path: Path, serving: Http
) -> None:
    """At any moment: nothing is doubled, nothing missing."""
    killed = 0
    for number in range(length(4, 20)):
        process = subprocess.Popen(
            [str(ASSAY), "import", command, str(logs / folder), "--home", str(tmp_path / "home"), "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.3 + 0.2 * number)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    told("import", command, logs / folder, "--home", tmp_path / "home", "--json")
    serving.close()  # the server did, if that took long
    for one in held(opened(logs / folder)):
        check(serving, one)


@form
def test_a_log_that_grows(
    command: str, folder: str, opened: Callable[[Path], Source], logs: Path, tmp_path: Path, serving: Http
) -> None:
    """What was logged since the last import is added, and how the run ended is known."""
    copy = tmp_path / folder
    pattern = "offline-run-*-whole1" if command == "wandb" else "train"
    source = next((logs / folder).glob(pattern))
    shutil.copytree(source, copy / source.name)
    (log,) = copy.rglob("run-*.wandb" if command == "wandb" else "*tfevents*")
    data = log.read_bytes()
    for part in (len(data) // 3, len(data) // 2, len(data)):
        log.write_bytes(data[:part])
        (one,) = held(opened(copy))
        report = told("import", command, copy, "--home", tmp_path / "home", "--json")
        assert report["done"]["runs"] == 1
        serving.close()  # the server did, if the import took long
        found = set(points(serving, one.run.uid))
        assert found >= {
            (key, step, at, repr(value), row, json.dumps(of)) for key, step, at, value, row, of in one.points
        }
    check(serving, one)


def test_a_run_that_somebody_else_made(logs: Path, tmp_path: Path, serving: Http) -> None:
    """It is not touched, and told."""
    (one,) = (run for run in WandbSource([logs / "wandb"], Told()).runs() if run.name == "good")
    body = {"id": one.uid, "experiment": "mine", "name": "mine"}
    assert serving.request("POST", f"{API}runs", body).status in (200, 201)
    path = next((logs / "wandb").glob("offline-run-*-good"))
    report = told("import", "wandb", path, "--home", tmp_path / "home", "--json")
    assert [item["count"] for item in report["left_out"] if item["reason"].startswith("run left out")] == [1]
    assert serving.request("GET", f"{API}runs/{one.uid}").json["name"] == "mine"
    assert points(serving, one.uid) == []


def test_what_is_refused(tmp_path: Path) -> None:
    """A path without logs, in words that help."""
    (tmp_path / "empty").mkdir()
    home = tmp_path / "home"
    assert "holds no run of W&B" in refused("import", "wandb", tmp_path / "empty", "--home", home)
    assert "does not exist" in refused("import", "wandb", tmp_path / "none", "--home", home)
    assert "holds no event files" in refused("import", "tensorboard", tmp_path / "empty", "--home", home)
    assert "is no folder" in refused("import", "tensorboard", tmp_path / "none", "--home", home)
    assert not home.exists()
