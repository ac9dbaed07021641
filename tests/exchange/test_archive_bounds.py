"""What a server would refuse is left out and told; all else of the run is kept, and once only."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from exchange.archive_history import UIDS, History, Text
from support.server import Server

from assay.core.console import LINE
from assay.exchange import checks
from assay.exchange.report import Report
from assay.exchange.source import (
    SourceDataset,
    SourceFile,
    SourceLine,
    SourceModel,
    SourcePoints,
    SourceRun,
    SourceValue,
)
from assay.exchange.target import Target
from assay.exchange.transfer import Transfer
from assay.services import experiments, runs


class Odd(History):
    """One run, with something wrong in each part."""

    def runs(self) -> Iterator[SourceRun]:
        """The run."""
        first = next(super().runs())
        yield replace(
            first,
            name="n" * 9_000,
            user="u\0u",
            params={"good": "1", "long": "p" * 6_001, " ": "blank", "k" * 251: "key", "half\ud800": "key"},
            tags={"good": "1", "long": "t" * 8_001, "nul": "a\0b"},
            config={"deep": {"k" * 300: 1}},
            datasets=[SourceDataset("", "d", "local", "x"), SourceDataset("good", "d", "local", "x")],
            models_made=(),
        )

    def points(self, run: SourceRun) -> Iterator[SourcePoints]:
        """Five points, of which one can be kept."""
        yield SourcePoints(
            ["good", " ", "k" * 251],
            array("I", [0, 0, 0, 1, 2]),
            array("q", [1, 2, 3, 4, 5]),
            array("q", [10, -1, 30, 40, 50]),
            array("d", [1.0, 2.0, 3.0, 4.0, 5.0]),
            None,
            [{"long": "c" * 3_000}],
            array("I", [0, 0, 1, 0, 0]),
        )

    def values(self, run: SourceRun) -> Iterator[SourceValue]:
        """Five values, of which one can be kept."""
        yield SourceValue("good", 1, 1, "json", {"a": 1})
        yield SourceValue("nan", 1, 1, "json", {"a": float("nan")})
        yield SourceValue("large", 1, 1, "json", "x" * 600_000)
        yield SourceValue("context", 1, 1, "json", 1, {})
        yield SourceValue("early", 1, -1, "json", 1)

    def lines(self, run: SourceRun) -> Iterator[SourceLine]:
        """A line that is too long."""
        yield SourceLine("stdout", 5, "x" * 65_535 + "☃")
        yield SourceLine("stdout", 6, "good")

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """A path that leads out, and a good one."""
        yield Text("../out.txt", b"out")
        yield Text("good.txt", b"good", 4)

    def models(self) -> Iterator[SourceModel]:
        """None."""
        return iter(())


def test_the_rest_is_kept(server: Server) -> None:
    """Each fault has its reason; an import that is run again neither adds nor misses anything."""
    for again in (False, True):
        report = Transfer(Odd(), Target(server.url), Report()).run()
        done = [report.done[what] for what in ("points", "values", "console", "files")]
        assert done == ([0, 0, 0, 0] if again else [1, 1, 2, 1]), report.lines()
        told = {reason.partition(":")[0]: len(names) for reason, names in report.left.items()}
        assert told["param left out because of its name"] >= 1
        expected = ("param left out", "tag left out", "name shortened", "user shortened", "dataset left out")
        expected += ("config left out", "value left out", "points left out", "file left out")
        assert set(expected) <= told.keys()
        assert "line of console output shortened" in told
        assert "metric left out because of its name" in told
    target = Target(server.url)
    run = target.get(f"runs/{UIDS[0]}")
    assert run["params"] == {"good": "1"}
    assert {key: run["tags"][key] for key in ("good",)} == {"good": "1"}
    assert not {"long", "nul"} & run["tags"].keys()
    assert (len(run["name"]), run["user"]) == (8_000, "uu")
    assert [item["name"] for item in run["datasets"]] == ["good"]
    assert run["status"] == "finished"
    assert run["metrics"]["good"]["last"] == 1.0
    assert [item["key"] for item in target.listed(f"runs/{UIDS[0]}/values", "values")] == ["good"]
    lines = target.get(f"runs/{UIDS[0]}/console")["lines"]
    assert [len(text) for _, _, text in lines] == [65_535, 4]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (checks.KEY_BOUND, runs.KEY_BOUND),
        (checks.PARAM_BOUND, runs.PARAM_BOUND),
        (checks.TAG_BOUND, runs.TAG_BOUND),
        (checks.NAME_BOUND, runs.NAME_BOUND),
        (checks.USER_BOUND, runs.USER_BOUND),
        (checks.EXPERIMENT_TAG_BOUND, experiments.TAG_VALUE_BOUND),
        (checks.LINE_BOUND, LINE),
    ],
)
def test_the_bounds_are_the_servers(mine: int, theirs: int) -> None:
    """What an import leaves out is what a server refuses, and no more."""
    assert mine == theirs


def test_a_home_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """The command ends with what to do, not with a trace."""
    from cli.house import refused

    (tmp_path / "home").write_text("a file")
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "assay-archive.json").write_text('{"format": 1, "id": "x"}')
    assert "cannot be used" in refused("import", "archive", archive, "--home", tmp_path / "home")
