"""Folders that the real tensorboardX wrote: everything that was logged is in the source, and nothing else."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from exchange.loggers import Held, Told, held, run_logger, same
from support.length import length

from assay.exchange.tensorboard import TensorboardSource
from assay.wire.errors import InvalidInput

STEPS = length(500, 100_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything was logged, beside truth.json."""
    path = tmp_path_factory.mktemp("tensorboard")
    run_logger("log_tensorboard.py", path, "logs", str(STEPS))
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> tuple[dict[str, Held], Told]:
    """What is read of it, by the run's path, and what is said."""
    told = Told()
    return {one.run.key: one for one in held(TensorboardSource(folder / "logs", told))}, told


def test_each_folder_is_a_run(found: tuple[dict[str, Held], Told]) -> None:
    """Called by its path; its experiment is called as the log folder."""
    runs = found[0]
    assert list(runs) == ["again", "train/first", "tuned/trial"]
    assert {(one.run.experiment, one.run.status) for one in runs.values()} == {("logs", "finished")}
    assert all(one.run.name == key for key, one in runs.items())
    assert len({one.run.uid for one in runs.values()}) == 3


def test_every_scalar_is_there(found: tuple[dict[str, Held], Told], folder: Path) -> None:
    """With step and time, in both forms; NaN and the infinities too."""
    run = found[0]["train/first"]
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    points = [(step, value, time_us) for key, step, time_us, value, _, _ in run.points if key == "loss"]
    assert [step for step, _, _ in points] == list(range(STEPS))
    assert same((value for _, value, _ in points), (value for _, value, _ in truth["loss"]))
    assert [time_us for _, _, time_us in points] == [round(when * 1e6) for _, _, when in truth["loss"]]
    assert [step for step, _ in run.series("odd")] == [1, 2, -3]
    assert same((value for _, value in run.series("odd")), [math.nan, math.inf, -math.inf])
    assert run.series("tensor/double") == [(1, 2.5)]
    assert run.series("tensor/float") == [(1, 0.5), (2, 1.5)]
    assert run.series("tensor/zero") == [(2, 0.0)]
    assert run.series("tensor/half") == run.series("tensor/brain") == [(3, 1.5)]
    assert run.series("tensor/int") == [(3, -7.0)]
    assert run.run.start_us == 1_700_000_000_000_000
    assert len(run.points) == STEPS + 3 + 7


def test_texts_histograms_and_media(found: tuple[dict[str, Held], Told], folder: Path) -> None:
    """Each is a value of its kind; images and sounds are files, whole."""
    run = found[0]["train/first"]
    values = {value.key: (value.step, value.kind, value.document) for value in run.values}
    assert [value.row for value in run.values if value.key == "img/one__a"] == [None, 1]
    assert {value.row for value in run.values if value.key != "img/one__a"} == {None}
    assert values["note/text_summary"] == (4, "text", "# *hello* \N{SNOWMAN}")
    assert values["tensor/texts"] == (4, "json", ["a", "b"])
    assert values["raw"][:2] == (6, "histogram")
    assert values["raw"][2] == {
        "edges": [0.0, 1.0, 2.0, 4.0],
        "counts": [1.0, 2.0, 3.0],
        "min": 0.0,
        "max": 4.0,
        "count": 6.0,
        "sum": 12.0,
        "sum_squares": 30.0,
    }
    weights = values["weights"][2]
    assert len(weights["edges"]) == len(weights["counts"]) + 1
    assert sum(weights["counts"]) == weights["count"] == 100
    assert weights["edges"] == sorted(weights["edges"])
    assert (weights["min"], weights["max"]) == (0.0, 99.0)
    assert values["tensor/histogram"] == (6, "histogram", {"edges": [0.0, 1.0, 2.0], "counts": [5.0, 6.0]})
    image = values["img/one__a"]
    assert image[:2] == (5, "image")
    assert (image[2]["width"], image[2]["height"]) == (6, 8)
    images = values["tensor/images"][2]["items"]
    assert [(item["width"], item["height"]) for item in images] == [(3, 2), (3, 2)]
    tone = bytes.fromhex(json.loads((folder / "truth.json").read_text())["tone"])
    assert values["tone"][2]["sample_rate"] == 1000.0
    assert run.files[values["tone"][2]["path"]] == tone
    assert run.files[values["tensor/audio"][2]["path"]] == tone
    assert values["tensor/audio"][1] == "audio"
    named = [image[2]["path"], *(item["path"] for item in images)]
    assert all(run.files[path].startswith(b"\x89PNG") for path in named)
    assert len(run.files) == 6
    assert len({path for path in run.files if path.startswith("media/image/img/one__a/5")}) == 2


def test_hparams_are_params(found: tuple[dict[str, Held], Told]) -> None:
    """Whole numbers as such."""
    run = found[0]["tuned/trial"]
    assert run.run.params == {"lr": "0.001", "layers": "3", "optimizer": "adam", "nesterov": "true"}
    assert run.series("score") == [(0, 0.75)]


def test_a_restart_replaces_what_came_after_it(found: tuple[dict[str, Held], Told]) -> None:
    """As TensorBoard shows it."""
    assert found[0]["again"].series("x") == [(0, 0), (1, 1), (2, 2), (3, 13), (4, 14)]


def test_what_cannot_be_kept_is_told(found: tuple[dict[str, Held], Told]) -> None:
    """By reason and name."""
    assert found[1].reasons == {
        "data of the plugin pr_curves": {"train/first curve"},
        "tensors": {"train/first tensor/many"},
        "values that a restart at an earlier step replaced": {"again x"},
    }


def test_a_folder_that_was_moved_or_copied(folder: Path, tmp_path: Path) -> None:
    """Moved as a whole it makes the same runs; a copy of a run beside it is another."""
    first = {run.key: (run.uid, run.points_state) for run in TensorboardSource(folder / "logs", Told()).runs()}
    shutil.copytree(folder / "logs", tmp_path / "logs")
    shutil.copytree(tmp_path / "logs/again", tmp_path / "logs/copy")
    moved = {
        run.key: (run.uid, run.points_state) for run in TensorboardSource(tmp_path / "logs", Told(), "other").runs()
    }
    copy = moved.pop("copy")
    assert moved == first
    assert copy[0] not in {uid for uid, _ in first.values()}


def test_a_file_that_was_cut_or_damaged(folder: Path, tmp_path: Path) -> None:
    """What is whole is read, the rest told; the run keeps its id."""
    shutil.copytree(folder / "logs/again", tmp_path / "logs/again")
    one, two = sorted((tmp_path / "logs/again").iterdir())
    whole = held(TensorboardSource(tmp_path / "logs", Told()))[0]
    two.unlink()
    data = one.read_bytes()
    one.write_bytes(data[:-1])
    told = Told()
    (cut,) = held(TensorboardSource(tmp_path / "logs", told))
    assert cut.run.uid == whole.run.uid
    assert cut.series("x") == [(step, step) for step in range(5)]
    assert set(told.reasons) == {"files that end within a record"}
    one.write_bytes(data[:-8] + bytes(8))
    told = Told()
    (damaged,) = held(TensorboardSource(tmp_path / "logs", told))
    assert damaged.series("x") == [(step, step) for step in range(5)]
    assert set(told.reasons) == {"files with damaged records"}


def test_what_is_no_log_folder(tmp_path: Path) -> None:
    """A path that is wrong is refused; a file without events is no run; links are not followed."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InvalidInput) as caught:
            TensorboardSource(path, Told())
        assert caught.value.field == "LOGDIR"
        assert caught.value.remedy
    (tmp_path / "a").mkdir()
    (tmp_path / "a/events.out.tfevents.1.host").write_bytes(b"")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    told = Told()
    assert held(TensorboardSource(tmp_path, told)) == []
    assert set(told.reasons) == {"links to folders, which are not followed"}


def test_paths_of_tags_are_safe() -> None:
    """No tag leads out of the run's files, and two tags never to one path."""
    from assay.exchange.tensorboard import _safe

    tags = [
        "a",
        "a/b",
        "../a",
        "/a",
        "a//b",
        "a/./b",
        "..",
        "",
        "a:b",
        "a_b",
        "a\0b",
        "a\nb",
        "x" * 500,
        "/".join("abc" * 9),
    ]
    paths = [_safe(tag) for tag in tags]
    assert len(set(paths)) == len(tags)
    for path in paths:
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert all(character.isprintable() for character in path)
        assert len(path) < 900
