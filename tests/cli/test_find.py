"""Finding runs from the terminal: forms, columns, pages, and what is said when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from arro3.io import read_parquet
from cli.house import assay, fill, log_run, refused, told
from support.server import ASSAY, Server

from assay.sdk.http import get
from assay.wire.errors import InvalidInput


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server with something of everything."""
    server = Server(tmp_path_factory.mktemp("find") / "home").start()
    try:
        with closing(server.http()) as http:
            experiment_id = fill(http)
            log_run(http, experiment_id, "rate 0.3", points=3)  # a tie by name
        yield server.url
    finally:
        server.stop()


def test_several_orders_break_ties(url: str) -> None:
    """The second order decides where the first does not."""
    found = told("runs", "--url", url, "-o", "name DESC", "-o", "metrics.loss ASC", "--json")
    assert [run["name"] for run in found] == ["within", "rate 0.3", "rate 0.3", "rate 0.1"]
    losses = [run["metrics"]["loss"]["last"] for run in found][1:3]
    assert losses == sorted(losses)
    other = told("runs", "--url", url, "-o", "name DESC", "-o", "metrics.loss DESC", "--json")
    assert [run["metrics"]["loss"]["last"] for run in other][1:3] == losses[::-1]


def test_a_cut_page_is_told(url: str) -> None:
    """What is on standard output stays what was asked for; standard error says that more match."""
    result = assay("runs", "--url", url, "-n", "3", "--json")
    assert len(json.loads(result.stdout)) == 3
    assert result.stderr == "3 runs, and more match. For the rest: --all, or up to --limit 10000\n"
    for words in (("--all",), ("-n", "4"), ("-n", "10000")):
        result = assay("runs", "--url", url, *words, "--json")
        assert (len(json.loads(result.stdout)), result.stderr) == (4, "")


def test_now_is_one_moment_on_all_pages(url: str) -> None:
    """A token is good for the filter that it was given for, and `now` goes on meanwhile."""
    seen: list[str] = []
    token: str | None = None
    while True:
        found = get(url, "runs", filter="created > now - 1d", limit=1, page_token=token)
        seen += [run["id"] for run in found["runs"]]
        token = found["next_page_token"]
        if token is None:
            break
    assert len(set(seen)) == len(seen) == 4
    for forged in ("x", "1", "-1.x", "9" * 30 + ".x", "1."):
        with pytest.raises(InvalidInput):
            get(url, "runs", filter="created > now - 1d", limit=1, page_token=forged)


def test_csv_and_parquet(url: str, tmp_path: Path) -> None:
    """Chosen columns or all; CSV as a person reads numbers, Parquet with whole values and real types."""
    words = ("runs", "name = 'rate 0.1'", "--url", url)
    result = assay(*words, "--format", "csv", "-c", "name,metrics.loss,params.lr,metrics.none,tags.team")
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        ["name", "metrics.loss", "params.lr", "metrics.none", "tags.team"],
        ["rate 0.1", "0.05", "0.10", "", "risk"],
    ]
    assert assay(*words, "--format", "parquet", "-O", tmp_path / "runs.parquet").exit_code == 0
    table = read_parquet(tmp_path / "runs.parquet").read_all()
    row = {name: table.column(name)[0].as_py() for name in table.column_names}
    assert row["metrics.loss"] == 1 / 20
    assert row["params.lr"] == "0.10"
    assert row["start"].timestamp() == 0.001
    assert assay(*words, "--format", "csv", "-O", tmp_path / "runs.csv").exit_code == 0
    assert (tmp_path / "runs.csv").read_text().startswith("id,experiment_id,name,")


def test_a_table_fits_its_terminal(url: str) -> None:
    """No line is longer than the terminal is wide, and ids are short."""
    result = assay("runs", "--url", url, "--format", "table", COLUMNS="60")
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 60
    assert lines[0].split()[:4] == ["id", "name", "status", "start"]


def test_show(url: str) -> None:
    """A run with all that it owns, by the beginning of its id too."""
    child = told("runs", "name = 'within'", "--url", url, "--json")[0]
    run = told("show", child["id"][:10], "--url", url)
    assert run["id"] == child["id"]
    assert [item["name"] for item in run["parents"]] == ["rate 0.1"]
    assert [item["path"] for item in run["files"]] == ["notes.txt", "plots/a.bin"]
    assert [item["name"] for item in run["datasets"]] == ["train"]
    assert {"last", "min", "max", "step"} <= run["metrics"]["loss"].keys()


def test_the_likely_mistakes_are_answered(url: str) -> None:
    """Each says what to do; a filter's fault is pointed at."""
    assert "start one with: assay up" in refused("runs", "--url", "http://127.0.0.1:9")
    said = refused("runs", "metrics.loss < < 1", "--url", url)
    assert "\n  metrics.loss < < 1\n                 ^\n" in said
    said = refused("runs", "--url", url, "-o", "name", "-o", "metrics.loss DOWN")
    assert "\n  metrics.loss DOWN\n               ^\n" in said
    assert "the server has: " in refused("runs", "--url", url, "-e", "frod")
    assert "metrics.KEY" in refused("runs", "--url", url, "-c", "nam", "--format", "csv")
    assert "assay runs --columns" in refused("show", "abcdef", "--url", url)
    error = json.loads(assay("show", "abcdef", "--url", url, "--json").stderr)["error"]
    assert (error["code"], error["field"]) == ("not_found", "RUN_ID")


def test_completion(url: str) -> None:
    """Each shell gets something to evaluate, and the command completes as its shell asks."""
    for shell in ("bash", "zsh", "fish"):
        assert "_ASSAY_COMPLETE" in assay("completion", shell).stdout
    env = {"_ASSAY_COMPLETE": "bash_complete", "COMP_WORDS": "assay re", "COMP_CWORD": "1"}
    ran = subprocess.run([str(ASSAY)], env=env, capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["plain,restore", "plain,retention"]
