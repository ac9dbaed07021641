"""`assay retention`, and the daily job of a server that is told to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cli.house import assay, log_run, refused, told
from support.server import Server

from assay.core.retention import Policy
from assay.core.scope import HOME as OWNER
from assay.core.scope import Scope
from assay.core.tracking import Lifecycle, Status
from assay.server.compose import open_house
from assay.server.home import Home

MOMENT = "0.0000001"  # days: some milliseconds


def test_it_says_what_would_go_and_then_it_goes(server: Server) -> None:
    """The oldest first; what is tagged `keep` stays; a viewer of nothing may not."""
    with closing(server.http()) as http:
        first, second, third = (log_run(http, "0", name) for name in ("first", "second", "third"))
        http.mlflow("POST", "runs/set-tag", {"run_id": first, "key": "keep", "value": ""})
        size = len("second") * 100_001
        place = ("--home", server.home)
        found = told("retention", "--max-bytes", str(2 * size), *place, "--json")
        assert (found["applied"], found["runs"], [run["uid"] for run in found["first"]]) == (False, 1, [second])
        said = assay("retention", "--days", MOMENT, *place)
        assert "2 runs with" in said.stdout
        assert "Nothing was done" in said.stderr
        assert assay("retention", "--days", MOMENT, "--apply", *place).exit_code != 0  # nobody said yes
        done = told("retention", "--days", MOMENT, "--apply", "--yes", *place, "--json")
        assert (done["applied"], done["runs"], {run["uid"] for run in done["first"]}) == (True, 2, {second, third})
        stages = {
            uid: http.mlflow("GET", "runs/get", {"run_id": uid})["run"]["info"]["lifecycle_stage"]
            for uid in (first, second, third)
        }
        assert stages == {first: "active", second: "deleted", third: "deleted"}
        answer = http.request("POST", "/api/v1/retention", {"days": 1, "apply": True})
        assert (answer.status, answer.json["code"]) == (403, "permission_denied")
    assert "days" in refused("retention", *place)
    assert "nowhere" in refused("retention", "--days", "1", "--workspace", "nowhere", *place)
    assert "retention_days" in assay("settings", *place).stdout


def test_a_server_that_is_told_to_does_so_daily(tmp_path: Path) -> None:
    """In every workspace, once a day; without the settings there is no such job."""
    house = open_house(Home(tmp_path / "home"), keeping=Policy(days=float(MOMENT)))
    try:
        scope = Scope(actor=OWNER)
        run = house.services.runs.create(scope, 0, name="old").run
        house.services.runs.update(scope, run.uid, status=Status.FINISHED)
        assert "retention" in house.recurring.run_due()
        assert house.services.runs.head(scope, run.uid).lifecycle is Lifecycle.DELETED
        house.services.runs.restore(scope, run.uid)
        assert "retention" not in house.recurring.run_due()
    finally:
        house.close()
    house = open_house(Home(tmp_path / "home"))
    try:
        assert ("retention", "done") not in house.recurring.outcomes
    finally:
        house.close()
