"""`assay export` and `assay import archive`: what goes out comes back the same, and other tools can read it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from arro3.io import read_parquet
from cli.house import refused, told
from exchange.archive_history import MODEL, STATUSES, UIDS, History
from support.postgres import fresh_database
from support.server import Server

from assay.exchange.archive_layout import read_lines
from assay.exchange.archive_read import ArchiveSource
from assay.exchange.archive_write import Export
from assay.exchange.report import Report
from assay.exchange.target import Target
from assay.exchange.transfer import Transfer
from assay.wire.errors import AssayError

NEW = ("created_us", "updated_us", "experiment_id", "id")  # of what is made anew


@contextmanager
def served(home: Path, *options: str) -> Iterator[Server]:
    """A server on the home."""
    server = Server(home, options).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something of everything."""
    home = tmp_path_factory.mktemp("filled") / "home"
    with served(home) as server:
        report = Transfer(History(), Target(server.url), Report()).run()
        assert report.left == {}
        again = Transfer(History(), Target(server.url), Report()).run()
        new = {name: again.done[name] for name in ("points", "values", "console", "versions", "experiments")}
        assert not any(new.values()), "what the server has was sent again"
    return home


@pytest.fixture(scope="module")
def archive(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, exported without a server."""
    folder = tmp_path_factory.mktemp("archive") / "all"
    done = told("export", folder, "--home", filled, "--json")
    assert done["left_out"] == []
    assert done["done"]["runs"] == len(UIDS)
    return folder


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    found: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for batch in read_parquet(file):
            columns = {name: batch[name].to_pylist() for name in batch.schema.names}
            found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


def comparable(value: Any) -> Any:
    """NaN equals NaN, and what a server makes anew is left out."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in NEW[:3]}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def content(folder: Path) -> dict[str, Any]:
    """All that an archive holds, in a form that two of them can be compared in."""
    told: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name == "assay-archive.json":
            continue
        if path.suffix == ".parquet":
            rows = comparable(table(path))
            told[name] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
        elif path.suffix == ".jsonl" and "files" not in name:
            lines = [comparable(line) for line in read_lines(path)]
            if name == "experiments.jsonl":
                lines = [{key: value for key, value in line.items() if key != "id"} for line in lines]
            told[name] = lines if name.startswith("console") else sorted(lines, key=json.dumps)
        else:
            told[name] = path.read_bytes()
    return told


def test_what_was_logged_is_in_it(archive: Path) -> None:
    """Each part holds what the source has, to the last digit."""
    source = History()
    runs = {run["id"]: run for run in read_lines(archive / "runs.jsonl")}
    assert [runs[uid]["status"] for uid in UIDS] == list(STATUSES)
    assert [runs[uid]["lifecycle"] for uid in UIDS] == ["active", "deleted", "active", "active", "deleted", "active"]
    first = runs[UIDS[0]]
    model = {"depth": 3, "names": ["a", "b"], "x": None}
    assert first["config"] == {"model": model, "rate": 0.5, "seed": {"of": 7}}
    assert [runs[uid]["defaulted"] for uid in UIDS] == [["model.x", "seed.of"] if at != 3 else [] for at in range(6)]
    assert (first["note"], first["groups"], first["models_made_at"]) == ("# A note", ["sweep 1", "sweep 2"], {MODEL: 7})
    assert first["datasets"][0]["schema"] == '{"a": "long"}'
    want = []
    for run in source.runs():
        if run.uid != UIDS[0]:
            continue
        for piece in source.points(run):
            for at, value in enumerate(piece.values):
                context = 0 if piece.context is None else piece.context[at]
                want.append(
                    {
                        "run": run.uid,
                        "key": piece.keys[piece.key[at]],
                        "context": json.dumps(piece.contexts[context - 1], sort_keys=True, ensure_ascii=False)
                        if context
                        else None,
                        "step": piece.steps[at],
                        "time_us": piece.times_us[at],
                        "value": value,
                        "row": None if piece.rows is None else piece.rows[at],
                    }
                )
    key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
    found = [comparable(row) for row in table(archive / f"points/{UIDS[0]}.parquet")]
    assert sorted(found, key=key) == sorted((comparable(row) for row in want), key=key)
    lines = list(read_lines(archive / f"console/{UIDS[0]}.jsonl"))
    run = next(source.runs())
    assert lines == [[line.stream, line.time_us, line.text] for line in source.lines(run)]
    values = {item["key"]: item for item in read_lines(archive / f"values/{UIDS[0]}.jsonl")}
    assert values["table"]["document"] == {"columns": ["a"], "rows": [[1.5], [None]]}
    assert (values["table"]["row"], values["table"]["context"]) == (3, {"split": "test"})
    assert (archive / f"files/{UIDS[0]}/deep/er/Ünicode ☃.txt").read_bytes() == UIDS[0].encode() * 1_000
    assert (archive / f"files/{UIDS[0]}/empty").read_bytes() == b""
    assert (archive / f"model-files/{MODEL}/MLmodel").read_bytes() == b"flavor: none\n"


def test_its_tables_say_the_same(archive: Path) -> None:
    """Runs, params and tags are tables, too."""
    assert {row["id"] for row in table(archive / "runs.parquet")} == set(UIDS)
    params = {(row["run"], row["key"]): row["value"] for row in table(archive / "params.parquet")}
    assert params[UIDS[0], "lr"] == "0.10"
    tags = {(row["run"], row["key"]): row["value"] for row in table(archive / "tags.parquet")}
    assert tags[UIDS[5], "ünï"] == "☃" * 100


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_it_comes_back_the_same(archive: Path, tmp_path: Path, request: pytest.FixtureRequest, engine: str) -> None:
    """Into an empty home, of either engine: an export of that holds the same. Once more adds nothing."""
    options: list[str] = []
    if engine == "postgresql":
        options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
    words = ("--home", tmp_path / "home", *options, "--json")
    report = told("import", "archive", archive, *words)
    assert report["left_out"] == []
    assert told("import", "archive", archive, *words) == {"done": {"runs_passed": len(UIDS)}, "left_out": []}
    moved = tmp_path / "moved"
    shutil.copytree(archive, moved)
    assert told("import", "archive", moved, *words)["done"] == {"runs_passed": len(UIDS)}
    told("export", tmp_path / "second", *words)
    first, second = content(archive), content(tmp_path / "second")
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == set()


def test_an_older_archive_tells_no_defaults(archive: Path, tmp_path: Path, server: Server) -> None:
    """Whose params were all set."""
    folder = tmp_path / "older"
    shutil.copytree(archive, folder)
    lines = list(read_lines(folder / "runs.jsonl"))
    for line in lines:
        del line["defaulted"]
    (folder / "runs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = Transfer(ArchiveSource(folder, lambda reason, name: None), Target(server.url), Report()).run()
    assert report.left == {}
    found = {run["id"]: run for run in Target(server.url).listed("runs", "runs", view="all")}
    assert all(found[line["id"]]["params"] == line["params"] for line in lines)
    assert not any(run["defaulted"] for run in found.values())


def test_a_part_is_exported(filled: Path, tmp_path: Path) -> None:
    """A filter and an experiment choose runs; a running server answers."""
    with served(filled) as server:
        done = told("export", tmp_path / "a", "--url", server.url, "--filter", "status = 'failed'", "--json")["done"]
        assert (done["runs"], done["experiments"]) == (1, 1)
        done = told("export", tmp_path / "b", "--url", server.url, "--experiment", "old", "--json")["done"]
        assert (done["runs"], done["experiments"]) == (1, 1)
        assert "models" not in done
        assert "no experiment" in refused("export", tmp_path / "c", "--url", server.url, "-e", "none").lower()
        assert not (tmp_path / "c/assay-archive.json").exists()


def test_a_part_holds_no_versions_of_other_runs(filled: Path, tmp_path: Path) -> None:
    """Versions of registered models are those that were made in the runs that are exported."""
    home = tmp_path / "home"
    shutil.copytree(filled, home)
    with served(home) as server:
        target = Target(server.url)
        (uid,) = (run["id"] for run in target.listed("runs", "runs", experiment=["old"]))
        for id in UIDS:
            row = {"kind": "model_version", "source": "s", "name": f"of/{id}", "document": {"run_id": id}}
            target.post("imports", row)
        for words, expected in ((("-e", "old"), [f"of/{uid}"]), (("-f", "metrics.none > 5"), [])):
            folder = tmp_path / words[0]
            told("export", folder, "--url", server.url, *words, "--json")
            assert [row["name"] for row in read_lines(folder / "versions.jsonl")] == expected


def test_lines_of_another_form_are_told(archive: Path, tmp_path: Path, server: Server) -> None:
    """Whatever stands in a field, there is a report or an error with a code."""
    folder, target = tmp_path / "copy", Target(server.url)
    shutil.copytree(archive, folder)
    for name in ("experiments", "runs", "models", "versions", "views", f"values/{UIDS[0]}", f"console/{UIDS[0]}"):
        file = folder / f"{name}.jsonl"
        sound = file.read_text()
        first = json.loads(sound.splitlines()[0])
        for key in first if isinstance(first, dict) else range(len(first)):
            for odd in (None, 7, "x", [1], {"a": 1}, 10**30):
                changed = {**first, key: odd} if isinstance(first, dict) else [*first[:key], odd, *first[key + 1 :]]
                file.write_text(json.dumps(changed) + "\n")
                with suppress(AssayError):
                    Transfer(ArchiveSource(folder, lambda reason, name: None), target, Report()).run()
        file.write_text(sound)


class Busy(Target):
    """A server where an experiment with a run is made while runs are listed."""

    def listed(self, path: str, what: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The things of all pages."""
        if path == "runs":
            self.post("runs", {"experiment": "new"})
        return super().listed(path, what, **query)


def test_what_is_made_meanwhile_is_in_it(server: Server, tmp_path: Path) -> None:
    """A run in an experiment that is new comes with its experiment."""
    Export(Busy(server.url), tmp_path / "all", Report(), lambda *_: None).run((), "")
    assert [run["experiment"] for run in read_lines(tmp_path / "all/runs.jsonl")] == ["new"]
    assert "new" in {item["name"] for item in read_lines(tmp_path / "all/experiments.jsonl")}


def test_a_full_folder_is_refused(filled: Path, tmp_path: Path) -> None:
    """Nothing is mixed with what is there."""
    (tmp_path / "mine.txt").write_text("mine")
    assert "is not empty" in refused("export", tmp_path, "--home", filled)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_broken_off_is_refused(archive: Path, tmp_path: Path) -> None:
    """Without its manifest, or with one of a later format, an archive is none."""
    assert "holds no whole archive" in refused("import", "archive", tmp_path, "--home", tmp_path / "home")
    (tmp_path / "assay-archive.json").write_text('{"format": 2, "id": "x"}')
    assert "has format 2" in refused("import", "archive", tmp_path, "--home", tmp_path / "home")
    (tmp_path / "assay-archive.json").write_text("[]")
    assert "cannot be read" in refused("import", "archive", tmp_path, "--home", tmp_path / "home")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("runs.jsonl", b'{"id": "../../../etc/passwd"}\n'),
        ("runs.jsonl", b"{\n"),
        ("experiments.jsonl", b"[]\n"),
        ("models.jsonl", b'{"id": "m-/x"}\n'),
        (f"points/{UIDS[0]}.parquet", b"PAR1 no"),
        (f"values/{UIDS[0]}.jsonl", b"{}\n"),
        (f"console/{UIDS[0]}.jsonl", b"1\n"),
    ],
)
def test_damage_is_told(archive: Path, tmp_path: Path, name: str, damage: bytes) -> None:
    """A damaged file is named, by a refusal or in the report; no path leads out of the archive."""
    folder = tmp_path / "copy"
    shutil.copytree(archive, folder)
    (folder / name).write_bytes(damage)
    from cli.house import assay

    result = assay("import", "archive", folder, "--home", tmp_path / "home")
    assert name.rsplit("/", 1)[-1] in result.stderr or "is no id" in result.stderr
    assert "Traceback" not in result.stderr
