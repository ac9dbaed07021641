"""Logs with the real wandb, run by its own Python: `whole ROWS` and `ends` log, `read` tells what the logs hold.

What was logged is in truth.json, what the logs hold in records.json. A log is whole only when who wrote it has ended.
"""

import json
import math
import random
import sys
import wave
from glob import glob
from pathlib import Path

import numpy as np
import wandb


def whole(count: int) -> list[dict]:
    """A run with something of everything."""
    run = wandb.init(
        project="digits",
        entity="acme",
        id="whole1",
        name="first try",
        group="grid",
        job_type="train",
        notes="Two\nlines.",
        tags=["baseline", "v 2"],
        config={"lr": 0.1, "net": {"layers": [64, 32], "act": "relu"}, "flag": True, "none": None, "bad": math.inf},
    )
    draw = random.Random(1)
    rows: list[dict] = []
    for number in range(count):
        row = {"loss": draw.gauss(0, 1), "epoch": number // 10, "nest": {"a": number, "b": {"c": draw.random()}}}
        if number % 10 == 3:
            row |= {"loss": math.nan, "up": math.inf, "down": -math.inf, "flag": True, "word": "so", "none": None}
        run.log(row)
        rows.append(row)
    run.log({"late": 1.5, "list": [1, "two"], "huge": 10**18}, step=count + 100)
    with wave.open("tone.wav", "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(1_000)
        tone.writeframes(bytes(200))
    run.log(
        {
            "image": wandb.Image(np.zeros((8, 6, 3), dtype=np.uint8), caption="black"),
            "images": [wandb.Image(np.full((4, 4, 3), 9 * at, dtype=np.uint8)) for at in range(2)],
            "histogram": wandb.Histogram([0.0, 0.5, 1.0, 1.0]),
            "table": wandb.Table(columns=["x", "y"], data=[[1, "a"], [2, "b"]]),
            "page": wandb.Html("<b>bold</b>"),
            "tone": wandb.Audio("tone.wav"),
        }
    )
    print("line one")
    print("line two", file=sys.stderr)
    print("\r 10 %\r 90 %\r100 %")
    print("\x1b[1mbold\x1b[0m")
    Path("saved.txt").write_text("saved")
    run.save("saved.txt")
    run.config.update({"added": 5})
    run.summary["best"] = 0.25
    run.summary["deep"] = {"word": "yes"}
    artifact = wandb.Artifact("numbers", "dataset")
    artifact.add_file("saved.txt")
    run.log_artifact(artifact)
    run.alert("title", "text")
    run.define_metric("loss", summary="min")
    run.finish()
    return rows


def ended(id: str, code: int, begin: int = 0, **more: str) -> None:
    """A short run that ended with this exit code."""
    run = wandb.init(project="ends", id=id, config={f"from{begin}": begin}, **more)
    for number in range(3):
        run.log({"x": begin + number})
    print(f"run {id} from {begin}")
    run.summary[f"end{begin}"] = code
    run.finish(exit_code=code)


def read(path: str) -> list[dict]:
    """Every row of history of the log, decoded with W&B's own generated code."""
    import zlib

    from wandb.proto import wandb_internal_pb2

    data, at, pending, rows = Path(path).read_bytes(), 7, b"", []
    while at + 7 <= len(data):
        if 32_768 - at % 32_768 < 7:
            at += 32_768 - at % 32_768
            continue
        crc, length, kind = int.from_bytes(data[at : at + 4], "little"), data[at + 4] + 256 * data[at + 5], data[at + 6]
        body = data[at + 7 : at + 7 + length]
        assert zlib.crc32(body, zlib.crc32(bytes([kind]))) == crc
        pending += body
        at += 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record.FromString(pending)
            pending = b""
            if record.WhichOneof("record_type") == "history":
                items = [[list(item.nested_key) or [item.key], item.value_json] for item in record.history.item]
                rows.append({"step": record.history.step.num, "items": items})
    return rows


if __name__ == "__main__":
    case = sys.argv[1]
    if case == "whole":
        Path("truth.json").write_text(json.dumps(whole(int(sys.argv[2]))))
    elif case == "read":
        logs = sorted(glob("wandb/offline-run-*/run-*.wandb"))
        Path("records.json").write_text(json.dumps([row for path in logs for row in read(path)]))
    else:
        ended("good", 0)
        ended("bad", 3, name="named")
        ended("ctrl-c", 255)
        ended("again", 1)
        ended("again", 0, begin=10)
