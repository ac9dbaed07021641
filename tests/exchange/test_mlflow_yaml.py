"""The YAML of MLflow's file store is read as PyYAML reads what it wrote, whatever the texts."""

from __future__ import annotations

import json
import random
import subprocess
from contextlib import suppress
from typing import Any

import pytest
from support.flows import CLIENTS

from assay.exchange.mlflow_yaml import load
from assay.wire.errors import InvalidInput

PIECES = [
    *("a", "word", "longer-word" * 9, " ", "  ", "\n", "\n\n", "\t", "'", '"', ":", ": ", "#", " # ", "-", "- ", "? "),
    *("{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "\\", "null", "true", "1", "1.5", "1e3", "~"),
    *("ü", "☃", "漢", "\x07", "\ufeff", "😀", "no", "0x1", "2020-01-01", "="),
]
WRITE = "import json, sys, yaml; print(json.dumps([yaml.dump(x, default_flow_style=False, allow_unicode=True, "
WRITE += "sort_keys=True, Dumper=yaml.SafeDumper) for x in json.load(sys.stdin)]))"


def text(rng: random.Random) -> str:
    """A text that is hard on a parser."""
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(0, 40)))


def value(rng: random.Random, depth: int) -> Any:
    """A value such as a file of MLflow may have."""
    kind = rng.randrange(10)
    if kind < 5 or depth > 2:
        return text(rng)
    if kind == 5:
        return {text(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))}
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return rng.choice([None, True, False, 0, -7, 10**15, 0.5, 1e300, float("inf")])


def documents(count: int) -> list[dict[str, Any]]:
    """So many documents, the same each time."""
    rng = random.Random(7)
    return [{text(rng): value(rng, 0) for _ in range(rng.randrange(1, 6))} for _ in range(count)]


def test_what_pyyaml_wrote_is_read() -> None:
    """Texts of all kinds, over several lines, as keys and values."""
    wanted = documents(2_000)
    command = [str(CLIENTS["mlflow-3"]), "-c", WRITE]
    ran = subprocess.run(command, input=json.dumps(wanted), capture_output=True, text=True, check=True, timeout=100)
    for want, written in zip(wanted, json.loads(ran.stdout), strict=True):
        assert load(written) == want, written


@pytest.mark.parametrize(
    "wrong",
    ["a: 'b", 'a: "b\n c', "a", "a: b\n   c: d\n e: f", "a: &x b", "a: !!python/object b", "- a\nb: c", "a: |\n b"],
)
def test_what_mlflow_does_not_write_is_refused(wrong: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidInput):
        load(wrong)


def test_cut_and_flipped_files_are_read_or_refused() -> None:
    """No damage makes the reader fail in another way, or not end."""
    rng = random.Random(3)
    whole = "artifact_uri: file:///x\ntags: []\nname: 'it''s\n\n  two'\nm:\n  a: \"b\\\n    c\"\n  ? long\n  : 1\n- x\n"
    for _ in range(3_000):
        damaged = list(whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.choice(" :'\"-?\n[]{}&x")
        with suppress(InvalidInput):
            load("".join(damaged))


def test_deep_nesting_is_refused() -> None:
    """The depth has a bound."""
    with pytest.raises(InvalidInput):
        load("\n".join(" " * at + "a:" for at in range(2_000)))
