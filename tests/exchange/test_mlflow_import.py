"""`assay import mlflow`: what MLflow has written is here afterwards, run by run, once, whatever interrupts it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli.house import assay, refused, told
from exchange.mlflow_stores import dump, dump_home, faults, tracking_server, write
from support.length import length
from support.postgres import fresh_database
from support.server import ASSAY, Answer, Server

pytestmark = pytest.mark.timeout(length(1_200, 4 * 3600))  # MLflow takes its time to write and read so much
RUNS, POINTS = length(40, 1_000), length(4_000, 1_120_000)  # one run in ten has none


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A database that MLflow has written, and what its client reads of it."""
    folder = tmp_path_factory.mktemp("history")
    database = folder / "mlflow.db"
    write(f"sqlite:///{database}", folder / "artifacts", RUNS, POINTS)
    return database, dump(f"sqlite:///{database}")


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """A server on the home."""
    server = Server(home).start()
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
    """The answer to one request."""
    with closing(server.http()) as http:
        return http.request(method, f"/api/v1/{path}", body)


def take(source: str | Path, home: Path, *words: str) -> dict[str, Any]:
    """What an import tells; nothing is left out."""
    report: dict[str, Any] = told("import", "mlflow", source, "--home", home, "--json", *words)
    assert report["left_out"] == []
    done: dict[str, Any] = report["done"]
    return done


@pytest.fixture(scope="module")
def taken(history: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the database was taken over into."""
    home = tmp_path_factory.mktemp("taken") / "home"
    done = take(history[0], home)
    assert done["runs"] == RUNS + 1
    assert done["versions"] == 2
    return home


def test_every_run_is_as_it_was(
    history: tuple[Path, dict[str, Any]], taken: Path, record_property: Callable[[str, object], None]
) -> None:
    """Experiments, runs, histories, files, datasets and models are read as MLflow reads them from its own store."""
    want = history[1]
    points = sum(len(found) for run in want["runs"].values() for found in run["histories"].values())
    record_property("evidence", f"{len(want['runs'])} runs with {points:,} points compared one by one")
    assert len(want["runs"]) == RUNS + 1
    assert len(want["models"]) >= 5
    assert faults(want, dump_home(taken)) == []


def test_an_infinity_is_one_again(history: tuple[Path, dict[str, Any]], taken: Path) -> None:
    """MLflow's database has the largest number instead."""
    with served(taken) as server:
        found = told("runs", "--url", server.url, "--all", "--json")
    values = {run["metrics"][key]["max"] for run in found for key in run["metrics"]}
    assert not any(value is not None and 1e308 < value < float("inf") for value in values)


def test_the_source_is_as_before(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Not a byte of the database changes, nor does a file appear beside it."""
    before = (history[0].read_bytes(), sorted(os.listdir(history[0].parent)))
    take(history[0], tmp_path / "home")
    assert (history[0].read_bytes(), sorted(os.listdir(history[0].parent))) == before


def test_again_is_nothing_new(history: tuple[Path, dict[str, Any]], taken: Path) -> None:
    """What has not changed is passed over, in a moment."""
    begun = time.monotonic()
    assert take(history[0], taken) == {"runs_passed": RUNS + 1}
    assert time.monotonic() - begun < 60


def test_killed_midway_it_goes_on(
    history: tuple[Path, dict[str, Any]], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """kill -9 at random moments, then once more to the end: nothing is missing, and nothing is there twice."""
    rng = random.Random(5)
    home = tmp_path / "home"
    command = [str(ASSAY), "import", "mlflow", str(history[0]), "--home", str(home), "--json"]
    killed = 0
    for _ in range(length(3, 30)):
        (home / "address").unlink(missing_ok=True)  # which tells that the work begins
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (home / "address").exists():
            time.sleep(0.01)
        try:
            process.wait(rng.uniform(0.05, length(2, 40)))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.wait()
    assert killed
    record_property("evidence", f"{killed} imports killed midway, {len(history[1]['runs'])} runs as they were")
    take(history[0], home)
    assert faults(history[1], dump_home(home)) == []


def test_a_run_that_grew_is_brought_up_to_date(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """New points, also at early steps, new tags and new files arrive; the others are passed over."""
    folder = tmp_path / "copy"
    shutil.copytree(history[0].parent, folder)
    database, home = folder / "mlflow.db", tmp_path / "home"
    with sqlite3.connect(database) as connection:
        old, new = str(history[0].parent), str(folder)
        for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))
    take(database, home)
    with sqlite3.connect(database) as connection:
        sql = (
            "SELECT run_uuid, artifact_uri FROM runs WHERE lifecycle_stage = 'active' AND status = 'FINISHED' "
            "AND run_uuid IN (SELECT run_uuid FROM latest_metrics WHERE key = 'loss')"
        )
        uid, uri = connection.execute(f"{sql} ORDER BY run_uuid").fetchone()
        rows = [("loss", 0.5, 1, uid, -50, 0), ("new", 0.0, 2, uid, 9, 1)]
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO latest_metrics VALUES ('new', 0.0, 2, 9, 1, ?)", (uid,))
        connection.execute("INSERT INTO tags VALUES ('later', 'tag', ?)", (uid,))
    connection.close()
    Path(uri).mkdir(parents=True, exist_ok=True)
    (Path(uri) / "later.txt").write_text("later")
    done = take(database, home)
    assert (done["runs"], done["runs_passed"], done["files"]) == (1, RUNS, 1)
    assert faults(dump(f"sqlite:///{database}"), dump_home(home)) == []


def test_what_was_made_here_is_left_alone(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """A run of the same id that was not taken over from this source is told, and not touched."""
    uid = min(history[1]["runs"])
    with served(tmp_path / "home") as server:
        answer = ask(server, "POST", "runs", {"id": uid, "name": "mine", "experiment": "own"})
        assert answer.status == 201, answer.body
        report = told("import", "mlflow", history[0], "--url", server.url, "--json")
        assert report["done"]["runs"] == RUNS
        assert {"reason": "run left out: Assay has it, but not from this source", "count": 1, "names": [uid]} in report[
            "left_out"
        ]
        assert ask(server, "GET", f"runs/{uid}").json["name"] == "mine"


def test_a_run_that_was_deleted_here_stays_so(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """What somebody deleted in Assay does not come back, also when it changes at the source."""
    database = tmp_path / "mlflow.db"
    shutil.copy(history[0], database)
    with served(tmp_path / "home") as server:
        told("import", "mlflow", database, "--url", server.url, "--json")
        uid = next(key for key, item in history[1]["runs"].items() if item["info"][4] == "active" and not item["made"])
        assert ask(server, "DELETE", f"runs/{uid}").status == 200
        with sqlite3.connect(database) as connection:
            connection.execute("INSERT INTO tags VALUES ('later', 'tag', ?)", (uid,))
        connection.close()
        report = told("import", "mlflow", database, "--url", server.url, "--json")
        assert [(item["reason"], item["names"]) for item in report["left_out"]] == [
            ("run left out: it was imported, and deleted in Assay", [uid])
        ]
        assert ask(server, "GET", f"runs/{uid}").json["lifecycle"] == "deleted"


def test_through_a_tracking_server(tmp_path: Path) -> None:
    """MLflow's own server shows the same; files come through it, whether it keeps them or they lie in a folder."""
    database = tmp_path / "mlflow.db"
    with tracking_server(tmp_path, database) as url:
        write(url, tmp_path / "artifacts", length(5, 40), length(100, 4_000), "half")
        want = dump(url)
        take(url, tmp_path / "by-server")
        assert take(url, tmp_path / "by-server") == {"runs_passed": len(want["runs"])}
        take(database, tmp_path / "by-database", "--files", url)
    take(database, tmp_path / "by-folder", "--files", str(tmp_path / "served"))
    for name in ("by-server", "by-database", "by-folder"):
        assert faults(want, dump_home(tmp_path / name)) == []
    report = told("import", "mlflow", database, "--home", tmp_path / "without", "--json")
    assert {item["reason"] for item in report["left_out"]} == {
        "files not fetched from mlflow-artifacts: their place is kept as the tag assay.import.artifacts"
    }


def test_from_an_mlruns_folder(tmp_path: Path) -> None:
    """The file store, where it lies and after it was moved; steps that its own reader loses are kept."""
    folder = tmp_path / "mlruns"
    folder.mkdir()
    write(folder.as_uri(), "-", length(12, 100), length(400, 20_000))
    want = dump(folder.as_uri())
    take(folder, tmp_path / "home")
    assert take(folder, tmp_path / "home").keys() == {"runs_passed"}
    moved = tmp_path / "elsewhere/mlruns"
    moved.parent.mkdir()
    folder.rename(moved)
    take(moved, tmp_path / "other")
    for home in ("home", "other"):
        found = dump_home(tmp_path / home)
        assert found["experiments"].pop("Default") == ["active", {}]
        for uid, run in want["runs"].items():
            if "auc" in run["histories"]:  # its reader takes every step beside a dataset for 0
                steps = [point[0] for point in found["runs"][uid]["histories"]["auc"]]
                assert steps == [0, 1]
                found["runs"][uid]["histories"]["auc"] = run["histories"]["auc"]
        assert faults(want, found) == []


def test_from_postgresql(history: tuple[Path, dict[str, Any]], tmp_path: Path, database_server: Any) -> None:
    """The same tables in PostgreSQL."""
    address = fresh_database(database_server)
    copy_to_postgres(history[0], address)
    take(address, tmp_path / "home")
    assert take(address.replace("postgresql://", "postgresql+psycopg2://"), tmp_path / "home") == {
        "runs_passed": RUNS + 1
    }
    assert faults(history[1], dump_home(tmp_path / "home")) == []


def copy_to_postgres(database: Path, address: str) -> None:
    """The tables of an MLflow database, with the types that MLflow gives them in PostgreSQL."""
    import psycopg

    types = {"FLOAT": "DOUBLE PRECISION", "DATETIME": "TIMESTAMP", "BLOB": "BYTEA"}
    source = sqlite3.connect(database)
    with psycopg.connect(address) as target:
        for (table,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = source.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
            described = ", ".join(f'"{name}" {types.get(kind, kind) or "TEXT"}' for name, kind in columns)
            target.execute(f'CREATE TABLE "{table}" ({described})')
            flags = [kind == "BOOLEAN" for _, kind in columns]
            with target.cursor().copy(f'COPY "{table}" FROM STDIN') as copy:
                for row in source.execute(f'SELECT * FROM "{table}"'):
                    copy.write_row(
                        [bool(v) if flag and v is not None else v for v, flag in zip(row, flags, strict=True)]
                    )
    source.close()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nothing.db", "There is no file"),
        ("text.db", "is no intact SQLite database"),
        ("other.db", "it is no database of MLflow"),
        ("empty", "holds no experiments of MLflow"),
        ("mysql://me@host/db", "mysql databases are not read"),
        ("ftp://host/db", "is no place that MLflow keeps its history at"),
        ("http://127.0.0.1:9", "does not answer"),
        ("postgresql://nobody@127.0.0.1:9/x", "cannot be read"),
    ],
)
def test_what_is_no_history_is_refused(source: str, says: str, tmp_path: Path) -> None:
    """What is wrong is said, and no home is made."""
    (tmp_path / "text.db").write_text("no database " * 100)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    (tmp_path / "empty").mkdir()
    given = source if "://" in source else tmp_path / source
    assert says in refused("import", "mlflow", given, "--home", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_foreign_place_is_not_read(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """A database that names a folder of ours as its run's files gets none of them, nor does a link in one."""
    database, secret = tmp_path / "mlflow.db", tmp_path / "secret"
    shutil.copy(history[0], database)
    secret.mkdir()
    (secret / "key").write_text("secret")
    runs = sorted(key for key, item in history[1]["runs"].items() if item["info"][4] == "active")[:2]
    linked = tmp_path / runs[1] / "artifacts"
    linked.mkdir(parents=True)
    (linked / "key").symlink_to(secret / "key")
    (linked / "folder").symlink_to(secret)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (str(secret), runs[0]))
        connection.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (str(linked), runs[1]))
    connection.close()
    report = told("import", "mlflow", database, "--home", tmp_path / "home", "--json")
    reasons = {item["reason"]: item["count"] for item in report["left_out"]}
    assert reasons == {
        "files not fetched: their folder does not name the run or model": 1,
        "file left out: it is a link or no file": 2,
    }
    found = dump_home(tmp_path / "home")
    assert [found["runs"][uid]["files"] for uid in runs] == [{}, {}]


def test_a_person_reads_what_was_done(history: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Without --json the outcome is a sentence."""
    result = assay("import", "mlflow", history[0], "--home", tmp_path / "home")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Taken over: 4 experiments, {RUNS + 1:,} runs, ")
    again = assay("import", "mlflow", history[0], "--home", tmp_path / "home")
    assert again.stdout == (
        f"Taken over: nothing that was not here before\n{RUNS + 1:,} runs were here before and have not changed\n"
    )
