"""The runs that are searched: 10 params, 10 metrics and 5 tags each, the same on every server, made by their numbers.

They come in blocks of 1,000. Which values a key has is what the searches are about: `optimizer` has three, `arch` a
thousand, `note` one for each run; every other run has `maybe_a` and `late_a`, the rest `maybe_b` and `late_b`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 1_000
FIRST_MS = 1_700_000_000_000
NAME_TAG = "mlflow.runName"
OPTIMIZERS, SCHEDULES = ("adam", "sgd", "rmsprop"), ("cosine", "linear", "constant", "step")
BATCHES, STAGES = ("16", "32", "64", "128", "256"), ("draft", "trial", "review", "done")
PARAMS = ("optimizer", "batch_size", "arch", "note", "lr", "depth", "dropout", "seed", "schedule", "maybe_a", "maybe_b")
METRICS = (
    *("accuracy", "loss", "f1", "auc", "val_loss", "epoch_s", "grad_norm", "tokens", "memory_mb"),
    *("late_a", "late_b"),
)
TAGS = (NAME_TAG, "team", "stage", "host", "data")


@dataclass(frozen=True)
class Run:
    """One run, as every server shows it."""

    number: int
    uid: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]

    @property
    def name(self) -> str:
        """Its name, which is a tag too."""
        return self.tags[NAME_TAG]

    @property
    def start_ms(self) -> int:
        """A second after the one before."""
        return FIRST_MS + 1_000 * self.number

    @property
    def end_ms(self) -> int:
        """An hour later."""
        return self.start_ms + 3_600_000


def uid_of(number: int) -> str:
    """32 hex digits, which rise with the number: rows are written in the order of their keys."""
    return f"{number:08x}{hashlib.blake2b(str(number).encode(), digest_size=12).hexdigest()}"


def block(first: int) -> list[Run]:
    """The runs from this number on, which begins a block."""
    rng = np.random.default_rng([7, first])
    numbers = {name: rng.integers(0, high, BLOCK).tolist() for name, high in _CHOICES.items()}
    values = rng.random((BLOCK, len(METRICS) - 1)).tolist()
    made = []
    for at in range(BLOCK):
        number = first + at
        own, kind = uid_of(number), "ab"[number % 2]
        pick = {name: column[at] for name, column in numbers.items()}
        params = {
            "optimizer": OPTIMIZERS[pick["optimizer"]],
            "batch_size": BATCHES[pick["batch_size"]],
            "arch": f"arch-{pick['arch']:04d}",
            "note": f"note {own[8:24]}",
            "lr": repr((pick["lr"] + 1) / 10_000),
            "depth": str(pick["depth"] + 1),
            "dropout": repr(pick["dropout"] / 100),
            "seed": str(pick["seed"]),
            "schedule": SCHEDULES[pick["schedule"]],
            f"maybe_{kind}": "yes",
        }
        tags = {
            NAME_TAG: f"run-{number}",
            "team": f"team-{pick['team']:02d}",
            "stage": STAGES[pick["stage"]],
            "host": f"node-{pick['host']:03d}",
            "data": f"v{pick['data']}",
        }
        made.append(Run(number, own, params, dict(zip((*METRICS[:9], f"late_{kind}"), values[at], strict=True)), tags))
    return made


_CHOICES = {
    "optimizer": 3,
    "batch_size": 5,
    "arch": 1_000,
    "lr": 100,
    "depth": 50,
    "dropout": 60,
    "seed": 10_000,
    "schedule": 4,
    "team": 20,
    "stage": 4,
    "host": 200,
    "data": 10,
}


def runs(first: int, end: int) -> Iterator[Run]:
    """The runs of these numbers; both are multiples of a block."""
    for at in range(first, end, BLOCK):
        yield from block(at)


def one(number: int) -> Run:
    """The run of this number."""
    return block(number - number % BLOCK)[number % BLOCK]
