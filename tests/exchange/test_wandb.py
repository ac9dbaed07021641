"""Folders that the real wandb wrote offline: everything that was logged is in the source, and nothing else."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from exchange.loggers import Held, Told, held, run_logger, same
from support.length import length

from assay.exchange.pieces import plain
from assay.exchange.wandb import SUMMARY, WandbSource
from assay.exchange.wandb_records import leaves, short, value_kind
from assay.wire.errors import InvalidInput

ROWS = length(300, 20_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one run logged something of everything."""
    path = tmp_path_factory.mktemp("whole")
    run_logger("log_wandb.py", path, "whole", str(ROWS))
    return path


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs ended in different ways."""
    path = tmp_path_factory.mktemp("ends")
    run_logger("log_wandb.py", path, "ends")
    return path


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Held, Told]:
    """What is read, and what is said of it."""
    told = Told()
    (found,) = held(WandbSource([folder / "wandb"], told))
    return found, told


def test_what_a_run_is(whole: tuple[Held, Told]) -> None:
    """Names, texts, config and times."""
    run = whole[0].run
    assert (run.key, run.experiment, run.name, run.status) == ("digits/whole1", "digits", "first try", "finished")
    assert (run.note, list(run.groups)) == ("Two\nlines.", ["grid"])
    assert {"baseline": "", "v 2": "", "wandb.entity": "acme", "wandb.job_type": "train"}.items() <= run.tags.items()
    assert run.config == {
        "lr": 0.1,
        "net": {"layers": [64, 32], "act": "relu"},
        "flag": True,
        "none": None,
        "bad": "Infinity",
        "added": 5,
    }
    assert run.start_us is not None
    assert run.end_us is not None
    assert 0 < run.end_us - run.start_us < 300e6


def test_every_number_is_there(whole: tuple[Held, Told], folder: Path) -> None:
    """As the script logged them, in order, with row and step; NaN and the infinities too."""
    found, rows = whole[0], json.loads((folder / "truth.json").read_text())
    for key, get in (
        ("loss", lambda row: row["loss"]),
        ("epoch", lambda row: row["epoch"]),
        ("nest.a", lambda row: row["nest"]["a"]),
        ("nest.b.c", lambda row: row["nest"]["b"]["c"]),
    ):
        series = found.series(key)
        assert [step for step, _ in series] == list(range(ROWS))
        assert same((value for _, value in series), map(get, rows))
    assert found.series("up") == [(step, math.inf) for step in range(3, ROWS, 10)]
    assert found.series("down") == [(step, -math.inf) for step in range(3, ROWS, 10)]
    assert found.series("late") == [(ROWS + 100, 1.5)]
    assert [point[4] for point in found.points if point[0] == "epoch" and point[5] is None] == list(range(ROWS))
    times = [point[2] for point in found.points if point[0] == "epoch" and point[5] is None]
    assert found.run.start_us is not None
    assert found.run.end_us is not None
    assert found.run.start_us <= times[0] <= times[-1] <= found.run.end_us
    assert times == sorted(times)


def test_it_is_what_the_generated_code_reads(whole: tuple[Held, Told], folder: Path) -> None:
    """Each item of each record, as decoded by wandb itself, is a point, a value, or the step and time of its row."""
    run_logger("log_wandb.py", folder, "read")
    records = json.loads((folder / "records.json").read_text())
    points = {(p[4], p[0]): (p[1], repr(p[3])) for p in whole[0].points if p[4] is not None}
    values = {(value.row, value.key): value.document for value in whole[0].values if value.context is None}
    count = 0
    for row, record in enumerate(records):
        document: dict[str, Any] = {}
        for path, text in record["items"]:
            inner = document
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = json.loads(text)
        assert document.pop("_step") == record["step"]
        document.pop("_timestamp")
        for key, value in leaves(document):
            count += 1
            if value_kind(value) is None:
                assert points[row, key] == (record["step"], repr(float(value)))
            else:
                assert values[row, key] == plain(value)
    assert count == len(points) + len(values) > 4 * ROWS


def test_other_values_and_media(whole: tuple[Held, Told]) -> None:
    """What is no number is a value of its kind; what it names is among the files."""
    found = whole[0]
    own = [value for value in found.values if value.context is None]
    kinds = {value.key: value.kind for value in own}
    assert kinds == {
        "flag": "bool",
        "word": "text",
        "none": "null",
        "list": "json",
        "image": "image",
        "images": "image",
        "histogram": "histogram",
        "table": "table",
        "page": "html",
        "tone": "audio",
    }
    assert len([value for value in own if value.key == "word"]) == len(range(3, ROWS, 10))
    by_key = {value.key: value.document for value in own}
    assert by_key["list"] == [1, "two"]
    assert by_key["image"]["caption"] == "black"
    assert found.files[by_key["image"]["path"]].startswith(b"\x89PNG")
    assert all(found.files[name].startswith(b"\x89PNG") for name in by_key["images"]["filenames"])
    assert sum(by_key["histogram"]["values"]) == 4
    assert json.loads(found.files[by_key["table"]["path"]]) == {"columns": ["x", "y"], "data": [[1, "a"], [2, "b"]]}
    assert b"<b>bold</b>" in found.files[by_key["page"]["path"]]
    assert found.files[by_key["tone"]["path"]].startswith(b"RIFF")
    assert found.files["saved.txt"] == b"saved"
    assert "requirements.txt" in found.files


def test_summary_console_and_system(whole: tuple[Held, Told]) -> None:
    """The summary has a context of its own; the console is lines; system metrics have names of their own."""
    found, told = whole
    assert found.series("best", SUMMARY) == [(ROWS + 100, 0.25)]
    assert found.series("late", SUMMARY) == [(ROWS + 100, 1.5)]
    summary = {value.key: value.document for value in found.values if value.context == SUMMARY}
    assert summary["deep.word"] == "yes"
    assert summary["image"]["_type"] == "image-file"
    assert not {"_step", "_timestamp", "_wandb.runtime"} & {point[0] for point in found.points}
    lines = [(line.stream, line.text) for line in found.lines if not line.text.startswith("wandb:")]
    assert lines == [("stdout", "line one"), ("stderr", "line two"), ("stdout", "100 %"), ("stdout", "bold")]
    assert all(line.time_us for line in found.lines)
    system = {point[0] for point in found.points if point[0].startswith("system/")}
    assert "system/proc.memory.rssMB" in system
    assert set(told.reasons) == {
        "artifacts, which are not imported yet",
        "alerts",
        "definitions of metrics (define_metric)",
    }
    assert told.reasons["artifacts, which are not imported yet"] == {"dataset numbers"}


def test_how_runs_ended(ends: Path) -> None:
    """Exit codes are states; a run of two folders is one, in the order of its folders."""
    found = {one.run.name: one for one in held(WandbSource([ends], Told()))}
    states = {name: one.run.status for name, one in found.items()}
    assert states == {"good": "finished", "named": "failed", "ctrl-c": "interrupted", "again": "finished"}
    again = found["again"]
    assert again.series("x") == [(0, 0), (1, 1), (2, 2), (0, 10), (1, 11), (2, 12)]
    assert [point[4] for point in again.points if point[0] == "x" and point[5] is None] == list(range(6))
    assert again.run.config == {"from0": 0, "from10": 10}
    assert again.series("end0", SUMMARY)[-1:] == [(2, 1)]
    assert again.series("end10", SUMMARY) == [(2, 0)]
    assert again.series("x", SUMMARY) == [(2, 2), (2, 12)]
    assert [line.text for line in again.lines] == ["run again from 0", "run again from 10"]
    assert all(one.run.experiment == "ends" for one in found.values())


def test_the_same_run_from_another_place(ends: Path, tmp_path: Path) -> None:
    """It has the same id and state wherever its folder lies, and however it is named to the import."""
    everything = {one.key: one for one in WandbSource([ends], Told()).runs()}
    shutil.copytree(ends / "wandb", tmp_path / "moved", symlinks=True)
    moved = {one.key: one for one in WandbSource([tmp_path / "moved"], Told()).runs()}
    assert {key: (run.uid, run.points_state) for key, run in moved.items()} == {
        key: (run.uid, run.points_state) for key, run in everything.items()
    }
    folders = sorted((ends / "wandb").glob("offline-run-*-again*"))
    assert len(folders) == 2
    for path in (*folders, folders[1] / "run-again.wandb", ends / "wandb/latest-run"):
        (run,) = WandbSource([path, path], Told()).runs()
        assert (run.uid, run.points_state) == (everything["ends/again"].uid, everything["ends/again"].points_state)


def test_a_log_that_was_cut(ends: Path, tmp_path: Path) -> None:
    """It is read up to its last whole record; while it may still grow, its summary waits."""
    (path,) = (ends / "wandb").glob("offline-run-*-good")
    shutil.copytree(path, tmp_path / path.name)
    log = tmp_path / path.name / "run-good.wandb"
    data = log.read_bytes()
    (all_of_it,) = held(WandbSource([tmp_path], Told()))
    log.write_bytes(data[:-1])
    told = Told()
    (found,) = held(WandbSource([tmp_path], told))
    assert (found.run.uid, found.run.status) == (all_of_it.run.uid, "interrupted")
    assert found.series("x") == [(0, 0), (1, 1), (2, 2)]
    assert [point for point in found.points if point[5]] == []
    assert set(told.reasons) == {
        "files that end within a record",
        "runs whose log has no end: killed, or still running",
        "summaries of runs that may still be running",
    }
    os.utime(log, (1_000_000_000, 1_000_000_000))
    (old,) = held(WandbSource([tmp_path], Told()))
    assert old.series("x", SUMMARY) == [(2, 2)]
    assert old.run.points_state != found.run.points_state
    log.write_bytes(data[:40])
    told = Told()
    assert held(WandbSource([tmp_path], told)) == []
    assert "logs of W&B that do not say whose they are" in told.reasons


def test_files_that_are_gone_or_elsewhere(folder: Path, tmp_path: Path) -> None:
    """A value is kept without its file, which is told; links are followed no farther than the folder above wandb."""
    (path,) = (folder / "wandb").glob("offline-run-*")
    copy = tmp_path / "work/wandb" / path.name
    shutil.copytree(path, copy, symlinks=True)
    assert (copy / "files/saved.txt").is_symlink()
    shutil.rmtree(copy / "files/media/images")
    (copy / "files/ring").symlink_to("ring")
    (copy / "files/within").symlink_to(tmp_path / "work/own.txt")
    (tmp_path / "work/own.txt").write_text("own")
    os.mkfifo(copy / "files/pipe")
    os.mkfifo(copy / "run-pipe.wandb")
    told = Told()
    (found,) = held(WandbSource([tmp_path], told))
    assert [value.kind for value in found.values if value.key == "image"] == ["image", "image"]
    assert len(told.reasons["files that a value names, and that are not there"]) == 3
    out = told.reasons["links that lead out of the folder above wandb: --follow-links reads them"]
    assert {Path(name).name for name in out} == {"saved.txt", "ring"}
    assert {Path(name).name for name in told.reasons["files that are gone, or no files"]} == {"pipe"}
    assert "saved.txt" not in found.files
    assert found.files["within"] == b"own"
    (followed,) = held(WandbSource([tmp_path], Told(), follow=True))
    assert followed.files["saved.txt"] == b"saved"
    assert followed.run.files_state != found.run.files_state


def test_what_is_no_log(tmp_path: Path) -> None:
    """A path that is wrong is refused; a file that is no log is told."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InvalidInput) as caught:
            WandbSource([path], Told())
        assert caught.value.field == "PATH"
        assert caught.value.remedy
    (tmp_path / "run-a.wandb").write_bytes(b"something else")
    told = Told()
    assert held(WandbSource([tmp_path], told)) == []
    assert "files that do not begin as W&B's logs do" in told.reasons


def test_an_item_that_ends_where_its_text_should_begin_is_no_short_one() -> None:
    """A property test over damaged files once found it, where a walk over all lengths finds it each time."""
    whole = b"\x12\x04loss\x82\x01\x030.5"
    assert short(whole) == (b"loss", b"0.5")
    assert [short(whole[:length]) for length in range(len(whole))] == [None] * len(whole)
