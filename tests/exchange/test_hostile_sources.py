"""Sources that somebody else made: they get no login, no files and no runs that are not theirs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from exchange.archive_history import MODEL, UIDS, History
from support.server import Server

from assay.exchange import mlflow_connect, mlflow_http
from assay.exchange.archive_read import ArchiveSource
from assay.exchange.mlflow_folder import FolderSource
from assay.exchange.mlflow_http import TrackingServer
from assay.exchange.mlflow_places import open_mlflow
from assay.exchange.report import Report
from assay.exchange.source import SourceModel, SourceModelPoint, SourceRun
from assay.exchange.target import Target
from assay.exchange.transfer import Transfer
from assay.wire.errors import AssayError, Corrupt, Unavailable

UID = "0123456789abcdef" * 2
Said = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(answer: Callable[[str], Said], seen: list[dict[str, str]]) -> Iterator[str]:
    """A server that answers each path so, and notes the headers that it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append({name.lower(): value for name, value in self.headers.items()})
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(answer: Any) -> Said:
    """A JSON answer."""
    return 200, {}, json.dumps(answer).encode()


def test_a_login_is_told_to_the_named_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracking server that sends us elsewhere does not send our login along."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    mine: list[dict[str, str]] = []
    theirs: list[dict[str, str]] = []
    with (
        answering(lambda path: told({}), theirs) as other,
        answering(lambda path: (302, {"Location": other + path}, b""), mine) as server,
    ):
        TrackingServer(server).get("experiments/search")
    assert mine[0]["authorization"] == "Bearer secret"
    assert [sent.get("authorization") for sent in theirs] == [None]


def mlruns(root: Path, artifact_uri: str = "") -> Path:
    """An mlruns folder with one run; its folder."""
    run = root / "mlruns" / "0" / UID
    run.mkdir(parents=True)
    (run.parent / "meta.yaml").write_text("name: Default\nexperiment_id: '0'\nlifecycle_stage: active\n")
    (run / "meta.yaml").write_text(f"run_id: {UID}\nartifact_uri: {artifact_uri}\nstatus: 3\nlifecycle_stage: active\n")
    return run


def read(root: Path) -> tuple[list[str], dict[str, str], dict[str, str], Report]:
    """Paths of the files, params and tags of the one run, and what was told."""
    report = Report()
    source = open_mlflow(str(root / "mlruns"), None, report.tell)
    assert isinstance(source, FolderSource)
    (run,) = source.runs()
    return [file.path for file in source.files(run)], dict(run.params), dict(run.tags), report


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder of ours that is none of theirs."""
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "key").write_text("secret")
    return folder


@pytest.mark.parametrize(
    "form", ["{run}/../../../secret", "file://{run}/../../../secret", "mlruns/0/{uid}/../../../secret"]
)
def test_a_place_that_climbs_out_of_its_run_is_not_read(form: str, tmp_path: Path, secret: Path) -> None:
    """Dots behind the run's id lead nowhere."""
    run = mlruns(tmp_path, form.format(run=tmp_path / "mlruns" / "0" / UID, uid=UID))
    (run / "artifacts").mkdir()
    files, _, _, _ = read(tmp_path)
    assert files == []


@pytest.mark.parametrize("folder", ["artifacts", "params", "tags", "metrics"])
def test_a_folder_that_is_a_link_is_not_read(folder: str, tmp_path: Path, secret: Path) -> None:
    """A link in place of a run's own folder shows nothing of what it leads to."""
    run = mlruns(tmp_path)
    (run / folder).symlink_to(secret)
    files, params, tags, report = read(tmp_path)
    assert (files, params, tags) == ([], {}, {})
    assert report.left or folder == "metrics"


def test_a_folder_of_files_may_be_a_link_to_another_disk(tmp_path: Path) -> None:
    """Where it leads to the run's own files, they are read."""
    run = mlruns(tmp_path)
    elsewhere = tmp_path / "disk" / UID / "artifacts"
    elsewhere.mkdir(parents=True)
    (elsewhere / "model.bin").write_text("model")
    (run / "artifacts").symlink_to(elsewhere)
    assert read(tmp_path)[0] == ["model.bin"]


class Foreign(History):
    """A source with an experiment that it has deleted, and a model that it says was measured in others' runs."""

    identity = "foreign"

    def __init__(self, *measured_in: str) -> None:
        self.measured_in = measured_in

    def models(self) -> Iterator[SourceModel]:
        """One."""
        points = [SourceModelPoint(uid, "auc", 0.5, 1, 5) for uid in self.measured_in]
        yield SourceModel(MODEL, "one ☃", "tree", None, "ready", points=points)


def test_an_experiment_with_runs_of_our_own_is_not_deleted(server: Server) -> None:
    """It has the name of one that was deleted at the source."""
    target = Target(server.url)
    target.post("runs", {"id": UID, "experiment": "gone"})
    report = Transfer(Foreign(), target, Report()).run()
    run = target.get(f"runs/{UID}")
    assert run["lifecycle"] == "active"
    assert target.get(f"experiments/{run['experiment_id']}")["lifecycle"] == "active"
    assert "experiment not deleted: it holds runs that are not of this source" in report.left


def test_points_of_models_go_to_the_sources_own_runs(server: Server) -> None:
    """A run of ours that a source names gets no metrics, nor is anything done to it by a name that is a path."""
    target = Target(server.url)
    target.post("runs", {"id": UID, "experiment": "own"})
    report = Transfer(Foreign(UID, f"{UID}/stop#", f"{UID}/stop?", UIDS[0]), target, Report()).run()
    assert target.get(f"runs/{UID}/state") == {"status": "running", "stop": False}
    assert target.get(f"runs/{UID}/series")["series"] == []
    assert [item["context"]["run"] for item in target.get(f"models/{MODEL}")["metrics"]] == [UIDS[0]]
    assert report.done["model_points"] == 1
    reason = "points of a model left out: they are of a run that was not imported from this source"
    assert len(report.left[reason]) == 3


@pytest.mark.parametrize("password", ["secret", "se%zzcret"])
def test_a_password_is_no_part_of_what_a_database_is_called(password: str) -> None:
    """Neither the name that is kept with imported rows nor an error says it."""
    database = mlflow_connect.named(f"postgresql://me:{password}@/db?host=/tmp/none&password={password}&port=5433")
    assert database == "postgresql://:5432/db?host=%2Ftmp%2Fnone&port=5433"
    for address in (
        f"postgresql:///db?host=/nowhere&user=me&password={password}",
        f"postgresql://me:{password}@127.0.0.1:9/x",
        f"postgresql://me:{password}@127.0.0.1:nine/x",
        f"http://me:{password}@:80/",
        f"http://me:{password}@host:eighty/",
        f"ftp://me:{password}@host/",
    ):
        with pytest.raises(AssayError) as raised:
            open_mlflow(address, None, lambda reason, name: None)
        assert "cret" not in str(raised.value)


def test_a_place_with_a_password_is_kept_without_it(tmp_path: Path) -> None:
    """The tag that says where files lie that could not be fetched tells no login."""
    mlruns(tmp_path, "ftp://me:secret@host/artifacts/1")
    _, _, tags, _ = read(tmp_path)
    assert tags["assay.import.artifacts"] == "ftp://host/artifacts/1"


@pytest.mark.parametrize("name", ["assay-archive.json", "runs.jsonl", f"values/{UID}.jsonl", f"points/{UID}.parquet"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
@pytest.mark.timeout(60)
def test_a_file_of_an_archive_that_is_none(name: str, kind: str, tmp_path: Path) -> None:
    """A pipe or a device in place of a file is told, and not waited for."""
    folder = tmp_path / "archive"
    for part in ("values", "points"):
        (folder / part).mkdir(parents=True)
    (folder / "assay-archive.json").write_text('{"format": 1, "id": "x"}')
    (folder / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")

    def read_all() -> list[Any]:
        source, run = ArchiveSource(folder, lambda reason, name: None), SourceRun(UID, UID, "one", "r", "finished")
        return [*source.runs(), *source.values(run), *source.points(run)]

    with pytest.raises(Corrupt, match="is no file"):
        read_all()


def test_a_tracking_server_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that lead to themselves, folders within themselves, and answers that grow for ever are refused."""
    monkeypatch.setattr(mlflow_http, "ANSWER_BOUND", 10_000)
    answers: dict[str, Any] = {
        "search": {"experiments": [], "next_page_token": "x"},
        "list": {"files": [{"path": "a", "is_dir": True}]},
        "large": {"x": "x" * 20_000},
        "odd": {"experiments": 7},
    }
    seen: list[dict[str, str]] = []
    with answering(lambda path: told(next(answers[key] for key in answers if key in path)), seen) as url:
        server = TrackingServer(url)
        for ask in (
            lambda: list(server.searched("search", "experiments", {})),
            lambda: list(server.listed("search", "experiments")),
            lambda: list(server.walk("artifacts/list", "path")),
            lambda: list(server.list_files("list")),
            lambda: server.get("large"),
            lambda: list(server.searched("odd", "experiments", {})),
        ):
            with pytest.raises(Unavailable):
                ask()
