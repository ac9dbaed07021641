"""Logs with any damage: nothing is raised but a coded error, and nothing hangs, whatever the checksums say."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from exchange.loggers import Told, held, run_logger
from exchange.test_records import log_of, read_log, read_tf, tf_of
from support.length import length

from assay.exchange.source import Source
from assay.exchange.tensorboard import TensorboardSource
from assay.exchange.wandb import WandbSource

CASES = length(150, 2_000)
PATIENCE_S = 20.0
Damage = Callable[[random.Random, bytes], bytes]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both loggers wrote."""
    path = tmp_path_factory.mktemp("logs")
    run_logger("log_wandb.py", path, "whole", "20")
    run_logger("log_tensorboard.py", path, "logs", "20")
    return path


def flipped(draw: random.Random, data: bytes) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 3, 30))):
        changed[draw.randrange(len(changed))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
    return bytes(changed)


def cut(draw: random.Random, data: bytes) -> bytes:
    """The end is missing, or something in between."""
    begin = draw.randrange(len(data))
    return data[:begin] + (data[draw.randrange(begin, len(data)) :] if draw.random() < 0.5 else b"")


def spliced(draw: random.Random, data: bytes) -> bytes:
    """A part comes twice, or from elsewhere."""
    begin, at = draw.randrange(len(data)), draw.randrange(len(data))
    return data[:at] + data[begin : begin + draw.randrange(1, 200)] + data[at:]


@pytest.mark.parametrize("sealed", [False, True], ids=["file", "record"])
@pytest.mark.parametrize("form", ["wandb", "tensorboard"])
def test_damage_is_told(form: str, sealed: bool, logs: Path, tmp_path: Path) -> None:
    """In the file, where checksums find it, and in records whose checksums are right."""
    draw = random.Random(f"{form} {sealed}")
    copy = tmp_path / "copy"
    if form == "wandb":
        shutil.copytree(next((logs / "wandb").glob("offline-run-*-whole1")), copy)
        (log,), read, write = copy.glob("run-*.wandb"), read_log, log_of
    else:
        shutil.copytree(logs / "logs/train/first", copy)
        (log,), read, write = copy.glob("*tfevents*"), read_tf, tf_of
    data = log.read_bytes()
    records = read(data)[0]
    assert len(records) > 30
    troubled = 0
    for _ in range(CASES):
        damage: Damage = draw.choice((flipped, cut, spliced))
        if sealed:
            changed = list(records)
            for at in draw.sample(range(len(records)), k=draw.choice((1, 1, 5))):
                changed[at] = damage(draw, changed[at])
            log.write_bytes(write(changed))
        else:
            log.write_bytes(damage(draw, data))
        os.utime(log, (1e9, 1e9))
        told = Told()
        source: Source = WandbSource([copy], told) if form == "wandb" else TensorboardSource(copy, told)
        begun = time.monotonic()
        found = held(source)
        assert time.monotonic() - begun < PATIENCE_S
        assert len(found) <= 1
        troubled += "records that cannot be read" in told.reasons if sealed else bool(told.reasons)
    assert troubled > CASES / 10
