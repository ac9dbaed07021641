"""What a run keeps besides numbers, as a server has it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sdk.training import run_of, sync, train, values
from support.server import Http

from assay.sdk.sync import left_runs


def listed(http: Http, uid: str, what: str, **query: Any) -> Any:
    """The first page of what a run has."""
    answer = http.request("GET", f"/api/v1/runs/{uid}/{what}", **query)
    assert answer.status == 200, answer.body
    return answer.json


def test_words_about_a_run_arrive(home: Path, http: Http, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    script = f"""
run = assay.init("churn", "first", tags={{"team": "risk", "old": 1}}, group="tries", note="see *this*")
run.tag(stage="final", old=None)
run.tag({{"mixed case": True}})
run.log({{"loss": 1.0}}, step=4)
run.log({{"prompt": "why?", "loss": 0.5}}, step=5)
run.summary["best"] = 0.25
run.summary |= {{"verdict": "good", "at": {{"step": 5}}}}
run.use_dataset({str(tmp_path / "train.csv")!r}, context="train")
run.use_dataset(name="raw", digest="abc", source="s3://bucket/raw")
print(run.id)
run.finish()
"""
    (uid,), err = train(home, script)
    assert err == ""
    run = run_of(http, uid)
    assert run["tags"]["stage"] == "final"
    assert run["tags"]["mixed case"] == "True"
    assert "old" not in run["tags"]
    assert (run["note"], run["groups"]) == ("see *this*", ["tries"])
    assert run["summary"] == {"best": 0.25, "verdict": "good", "at": {"step": 5}}
    assert values(http, uid) == [1.0, 0.5]
    (prompt,) = [item for item in listed(http, uid, "values", key="prompt")["values"] if not item.get("context")]
    assert (prompt["kind"], prompt["step"]) == ("text", 5)
    assert "why?" in str(prompt["document"])
    datasets = {item["name"]: item for item in run["datasets"]}
    assert datasets["train.csv"]["source"] == str(tmp_path / "train.csv")
    assert datasets["raw"]["digest"] == "abc"


def test_files_are_kept_as_they_were_logged(home: Path, http: Http, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"first" * 1_000)
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep/b ä.txt").write_text("b")
    script = f"""
from pathlib import Path
run = assay.init()
run.log_file({str(tmp_path / "model.bin")!r}, "models/model.bin")
Path({str(tmp_path / "model.bin")!r}).write_bytes(b"changed")
run.log_files({str(folder)!r}, into="out")
run.log_files([{str(folder / "a.txt")!r}])
run.log_file("missing.txt")
run.log_file({str(folder / "a.txt")!r}, "../escape")
print(run.id)
run.finish()
"""
    for mode in ("offline", "online"):
        (tmp_path / "model.bin").write_bytes(b"first" * 1_000)
        (uid,), err = train(home, script, ASSAY_MODE=mode)
        assert "missing.txt" in err
        if mode == "offline":  # what the server refuses, it says to whoever sends
            assert sync(home)["left"] == 0
        else:
            assert "path" in err.splitlines()[-1]
        found = {item["path"]: item["size"] for item in listed(http, uid, "files", all="true")["files"]}
        assert found == {"models/model.bin": 5_000, "out/a.txt": 1, "out/deep/b ä.txt": 1, "a.txt": 1}
        body = http.request("GET", f"/api/v1/runs/{uid}/files/models/model.bin").body
        assert body == b"first" * 1_000
        assert left_runs(home) == []


def test_media_are_kept_with_their_steps(home: Path, http: Http) -> None:
    script = """
import numpy as np
run = assay.init()
for step in range(3):
    run.log({"loss": 1 / (step + 1)})
    run.log_image("sample/digits", np.full((4, 6), step * 40, np.uint8), caption=f"step {step}")
    run.log_table("confusion", [[1, 2], [3, 4]], columns=["a", "b"])
    run.log_histogram("weights", [0.0, 0.5, 1.0], bins=2)
    run.log_audio("tone", np.zeros(8), 8_000)
    run.log_text("answer", "x" * step + "!", step=10 + step)
run.log_image("bad", object())
run.log_text("", "no key")
print(run.id)
run.finish()
"""
    (uid,), err = train(home, script)
    assert len(err.splitlines()) == 2, err
    found = listed(http, uid, "values")["values"]
    by_key: dict[str, list[Any]] = {}
    for item in found:
        by_key.setdefault(item["key"], []).append(item)
    assert {key: [item["step"] for item in items] for key, items in by_key.items()} == {
        "sample/digits": [0, 1, 2],
        "confusion": [0, 1, 2],
        "weights": [0, 1, 2],
        "tone": [0, 1, 2],
        "answer": [10, 11, 12],
    }
    assert by_key["weights"][0]["document"]["counts"] == [1, 2]
    assert by_key["answer"][2]["document"]["text"] == "xx!"
    image = by_key["sample/digits"][1]["document"]
    assert (image["width"], image["height"], image["caption"]) == (6, 4, "step 1")
    body = http.request("GET", f"/api/v1/runs/{uid}/files/{image['path']}").body
    assert body.startswith(b"\x89PNG")
    table = by_key["confusion"][0]["document"]
    content = http.request("GET", f"/api/v1/runs/{uid}/files/{table['path']}").json
    assert content == {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}
    assert image["path"].startswith("media/sample/digits/1-")
