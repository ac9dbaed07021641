"""Every error of the house is in every dialect's table and in the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meta.tree import ROOT

from assay.dialects.mlflow.errors import TABLE
from assay.dialects.native.errors import STATUS
from assay.wire.errors import AssayError


def classes(kind: type[AssayError] = AssayError) -> Iterator[type[AssayError]]:
    """The class and all below it that the house defines."""
    if kind.__module__.startswith("assay."):
        yield kind
    for below in kind.__subclasses__():
        yield from classes(below)


CODES = sorted({kind.code for kind in classes()})


def test_each_class_has_a_code_of_its_own() -> None:
    """No two classes share a code: the SDK rebuilds the class from it."""
    assert len(CODES) > 10
    assert len(CODES) == len(list(classes()))
    assert {kind.code: kind for kind in classes() if kind is not AssayError} == {
        code: kind for code, kind in AssayError.registry.items() if kind.__module__.startswith("assay.")
    }


def test_each_class_says_what_it_means() -> None:
    """Each has a docstring of its own."""
    assert [kind.__name__ for kind in classes() if not kind.__dict__.get("__doc__")] == []


def test_every_code_is_in_every_dialect() -> None:
    """A dialect has an answer to each code, and none to a code that does not exist."""
    assert sorted(TABLE) == CODES
    assert sorted(STATUS) == CODES


def test_statuses_are_errors() -> None:
    """Each code is answered by a status of 400 or more, and MLflow's by one of its upper-case names."""
    assert all(400 <= status < 600 for status in [*STATUS.values(), *(status for status, _ in TABLE.values())])
    assert all(re.fullmatch(r"[A-Z_]+", name) for _, name in TABLE.values())


def test_every_code_is_documented() -> None:
    """The page of errors has a row for each code, with something to do about it."""
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \|", (ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE
    )
    assert sorted(code for code, _, _ in rows) == CODES
    assert all(len(meaning) > 10 and len(remedy) > 10 for _, meaning, remedy in rows)
