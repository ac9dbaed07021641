"""What the SDK logs, the mlflow client reads, and the other way round: the same numbers, texts, files and states."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.flows import run_flow
from support.server import Server

from assay.sdk import http
from assay.sdk.reading.runs import runs

SCRIPT = """
import assay, math
from pathlib import Path
Path("a.txt").write_text("content")
config = {"lr": "0.10", "f": 0.1, "deep": {"a": 1, "b": [1, 2]}, "flag": True, "none": None}
run = assay.init("ours", "by assay", config, {"team": "risk"}, note="a note", capture=())
for step, value in enumerate([0.5, math.nan, math.inf, -math.inf, 1e-300]):
    run.log({"loss": value}, step=step)
run.log_file("a.txt", "out/a.txt")
run.use_dataset("a.txt", context="train")
run.finish("failed")
print(run.id)
"""
VALUES = ["0.5", "nan", "1.7976931348623157e+308", "-1.7976931348623157e+308", "1e-300"]


@pytest.mark.parametrize("client", ["mlflow-3", "mlflow-2"])
def test_both_ways(client: str, server: Server, tmp_path: Path) -> None:
    env = {**os.environ, "ASSAY_URL": server.url, "ASSAY_HOME": str(tmp_path / "sdk")}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    uid = ran.stdout.strip()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    run_flow(client, "../mlflow_side.py", server.url, folder, uid, str(tmp_path / "told.json"))
    told = json.loads((tmp_path / "told.json").read_text())

    read = told["read"]
    native = http.get(server.url, f"runs/{uid}")
    assert (read["name"], read["status"], native["status"]) == ("by assay", "FAILED", "failed")
    assert read["params"] == native["params"]
    assert read["params"] == {
        "lr": "0.10", "f": "0.1", "deep.a": "1", "deep.b": "[1, 2]", "flag": "true", "none": "null",
    }  # fmt: skip
    assert read["tags"]["team"] == "risk"
    assert read["tags"]["mlflow.note.content"] == native["note"] == "a note"
    assert [(step, value) for step, _, value in read["points"]["loss"]] == list(enumerate(VALUES))
    (ours,) = runs(f"id = '{uid}'", url=server.url)
    assert [(step, str(value)) for step, value in ours.history("loss")] == [
        (0, "0.5"), (1, "nan"), (2, "inf"), (3, "-inf"), (4, "1e-300"),
    ]  # fmt: skip
    assert [at // 1_000 for at in ours.history("loss").times_us] == [at for _, at, _ in read["points"]["loss"]]
    assert read["files"] == ["out/a.txt"]
    assert read["text"] == "content"
    assert read["datasets"] == ["a.txt"] == [item["name"] for item in native["datasets"]]

    (theirs,) = runs(experiment="theirs", url=server.url)
    detail = theirs.detail()
    assert (theirs.id, theirs.name, theirs.status) == (told["made"], "by mlflow", "finished")
    assert theirs.params == {"lr": "0.10", "deep": "{'a': 1}", "flag": "True"}
    assert (theirs.tags["team"], detail["note"]) == ("risk", "a note")
    history = theirs.history("loss")
    assert [(step, str(value)) for step, value in history] == [
        (0, "0.5"), (1, "nan"), (2, "inf"), (3, "-inf"), (4, "1e-300"),
    ]  # fmt: skip
    assert list(history.times_us) == [(1_700_000_000_000 + step) * 1_000 for step in range(5)]
    assert [file.path for file in theirs.files] == ["out/b.txt"]
    assert (theirs.download("out/b.txt", tmp_path / "down")).read_text() == "content"
    assert [(item["name"], item["tags"]) for item in detail["datasets"]] == [("set", {"mlflow.data.context": "train"})]
