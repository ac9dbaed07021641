"""A program that logs one of everything with the SDK, as a person would; for the tests of the browser UI.

python logs_everything.py NAME LEARNING_RATE
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import assay

HERE = Path(__file__).parent
STEPS = 60

PAGE = """<!doctype html><title>Report</title><h1 id=head>Report</h1><script>
document.getElementById("head").textContent = "Drawn by its own script"</script>"""
PDF = b"""%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def picture(step: int, size: int = 48) -> list[list[list[int]]]:
    """A picture that changes from step to step."""
    return [[[x * 5 % 256, y * 5 % 256, (step * 40) % 256] for x in range(size)] for y in range(size)]


def main(name: str, rate: float) -> None:
    """One run."""
    config = {
        "lr": rate,
        "seed": 7,
        "model": {"kind": "resnet", "layers": [64, 128], "dropout": {"rate": 0.1, "kind": "spatial"}},
        "data": {"batch": 32, "augment": True},
    }
    run = assay.init("vision", name, config=config, tags={"stage": "trial", "team": "vision"}, group="sweep of rates")
    run.note(
        f"# {name}\n\nThe learning rate is **{rate}**. Next:\n\n- try `cosine`\n- [more data](https://example.org/)"
    )
    run.use_dataset(name="cifar-small", source="data/cifar.csv", digest="5f0c2a91", context="train")
    run.tag({"mlflow.source.git.commit": "0c5f3a9d2b7e4c1f8a6b", "mlflow.source.name": "train.py --lr 0.1"})
    for step in range(STEPS):
        loss = math.exp(-rate * step) + 0.02 * math.sin(step)
        run.log({"train": {"loss": loss, "accuracy": 1 - loss / 2}, "val": {"loss": loss * 1.1}}, step=step)
        print(f"step {step}: loss {loss:.4f}", flush=True)
        if step % 20 == 19:
            run.log_image("samples", picture(step), step=step, caption=f"after {step} steps")
            run.log_histogram("weights", [math.sin(n * rate) * (n % 7) for n in range(500)], bins=24, step=step)
            run.log_text("answers", f"After {step} steps the model says: {'yes' if step > 30 else 'no'}", step=step)
            rows = [[f"image {n}", n % 3, (n + step) % 3, round(1 / (n + 1), 3)] for n in range(8)]
            run.log_table("predictions", rows, columns=["image", "label", "guess", "score"], step=step)
    tone = [0.3 * math.sin(n / 8) for n in range(2_000)]
    run.log_audio("tone", tone, sample_rate=8_000, step=STEPS - 1)
    print("a warning", file=sys.stderr, flush=True)
    for _ in range(3):
        print("waiting for the last batch", flush=True)
    for path, data in files(rate).items():
        run.log_file(data, path)
    run.summary["best"] = 0.97
    run.finish()


def files(rate: float) -> dict[str, Path]:
    """Files of several kinds, by the path that they get."""
    folder = Path("made")
    folder.mkdir(exist_ok=True)
    schedule = "cosine" if rate < 0.1 else "flat"
    made: dict[str, bytes] = {
        "config/train.yaml": f"lr: {rate}\nseed: 7\nepochs: 3\nschedule: {schedule}\n".encode(),
        "metrics.json": json.dumps({"loss": rate, "classes": {"cat": 0.9, "dog": 0.8}}).encode(),
        "scores.csv": f"id,score,label\na,{rate},cat\nb,0.5,dog\nc,0.25,cat\n".encode(),
        "README.md": f"# Model of rate {rate}\n\n| class | recall |\n|---|---|\n| cat | 0.9 |\n".encode(),
        "report.html": PAGE.encode(),
        "paper.pdf": PDF,
        "plots/curve.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60">'
        b'<rect width="120" height="60" fill="#eee"/><path d="M5 55 60 20 115 5" stroke="#25c" fill="none"/></svg>',
        "weights.bin": bytes(range(256)),
    }
    found = {}
    for number, (path, data) in enumerate(made.items()):
        place = folder / f"{number}{Path(path).suffix}"
        place.write_bytes(data)
        found[path] = place
    return found


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
