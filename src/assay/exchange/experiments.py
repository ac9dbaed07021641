"""The experiments of a source on the server: made where they are missing, open while something is written to them."""

from __future__ import annotations

from collections.abc import Callable

from assay.exchange.checks import EXPERIMENT_TAG_BOUND, sound_texts
from assay.exchange.report import Report
from assay.exchange.source import SourceExperiment
from assay.exchange.target import Target
from assay.wire.errors import RuleViolation


class Experiments:
    """What is known of the server's experiments.

    An experiment that is deleted at the source and on the server is restored when something has yet to be written to
    it, and deleted again by `close`. One that is deleted on the server only stays deleted, and one that is deleted at
    the source only stays if it holds runs of others.

    Args:
        target: The server.
        report: Told what could not be kept.
        owns: Whether the run of this id was imported from this source.
    """

    def __init__(self, target: Target, report: Report, owns: Callable[[str], bool]) -> None:
        self._target = target
        self._owns = owns
        self._report = report
        self._known = {item["name"]: item for item in target.listed("experiments", "experiments", view="all")}
        self._deleted: set[str] = set()  # names, at the source, as the next
        self._archived: set[str] = set()
        self._brought: set[str] = set()  # made or restored by this import

    def add(self, experiment: SourceExperiment) -> None:
        """The server has this experiment with these tags."""
        name = experiment.name
        if experiment.deleted:
            self._deleted.add(name)
        tags = sound_texts(experiment.tags, EXPERIMENT_TAG_BOUND, "tag", f"experiment {name}", self._report.tell)
        known = self._known.get(name)
        if known is None:
            self._known[name] = self._target.post("experiments", {"name": name, "tags": tags})
            self._brought.add(name)
            if experiment.archived:
                self._archived.add(name)
            self._report.count("experiments")
        elif known["lifecycle"] != "deleted" and any(known["tags"].get(key) != tags[key] for key in tags):
            self._target.patch(f"experiments/{known['id']}", {"tags": tags})

    def open(self, name: str) -> bool:
        """Something can be written to the experiment now; whether it had to be restored, and its runs with it.

        Raises:
            RuleViolation: It was deleted on the server, and is not at the source.
        """
        known = self._known.get(name)
        if known is None:
            self.add(SourceExperiment(name))
        elif known["lifecycle"] == "deleted":
            if name not in self._deleted:
                raise RuleViolation(
                    f"The experiment {name} is deleted in Assay", field="experiment", remedy="restore it"
                )
            self._known[name] = self._target.patch(f"experiments/{known['id']}", {"lifecycle": "active"})
            self._brought.add(name)
            return True
        return False

    def number(self, name: str) -> int:
        """The experiment's number on the server; it is made where it is missing."""
        if name not in self._known:
            self.add(SourceExperiment(name))
        return int(self._known[name]["id"])

    def close(self) -> None:
        """What is deleted at the source is deleted on the server, and what was made archived is so."""
        for lifecycle, names in (("archived", self._archived - self._deleted), ("deleted", self._deleted)):
            for name in sorted(names & self._known.keys()):
                known = self._known[name]
                if known["lifecycle"] == lifecycle:
                    continue
                if name not in self._brought and self._holds_others(name):
                    self._report.tell("experiment not deleted: it holds runs that are not of this source", name)
                else:
                    self._known[name] = self._target.patch(f"experiments/{known['id']}", {"lifecycle": lifecycle})

    def _holds_others(self, name: str) -> bool:
        runs = self._target.listed("runs", "runs", experiment=[name])
        return not all(self._owns(run["id"]) for run in runs)
