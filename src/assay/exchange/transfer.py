"""Writes a source to a server, each thing once: what is interrupted goes on where it was, what is unchanged is passed.

Experiments come first, then the runs with all that is theirs, then models, and last what refers to them: links from
runs to models, deletions, versions.
"""

from __future__ import annotations

from typing import Any

from assay.exchange.checks import readable
from assay.exchange.experiments import Experiments
from assay.exchange.ledger import BEGUN, DONE, Ledger, digest, state_of
from assay.exchange.models import send_model
from assay.exchange.remarks import send_view
from assay.exchange.report import Progress, Report
from assay.exchange.runs import RunTransfer
from assay.exchange.source import Source, SourceModel, SourceRun
from assay.exchange.target import Target
from assay.wire.errors import AssayError, Unavailable

VERSION = "model_version"  # the kind of an imported row


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Transfer:
    """An import of one source into one server.

    Args:
        source: Where from.
        target: Where to.
        report: Told what was written and what was left out.
        progress: Told how far it is.
    """

    def __init__(self, source: Source, target: Target, report: Report, progress: Progress = silent) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._progress = progress
        self._digest = digest(source.identity)
        self._runs = Ledger(target, "run", self._digest)
        self._models = Ledger(target, "model", self._digest)
        self._experiments = Experiments(target, report, self._owns)

    def run(self) -> Report:
        """The server has all of the source that it can keep.

        Raises:
            Unavailable: The server went away. Run again, the import goes on.
        """
        with readable():
            self._run()
        return self._report

    def _run(self) -> None:
        for experiment in self._source.experiments():
            try:
                with readable():
                    self._experiments.add(experiment)
            except AssayError as error:
                self._refused("experiment", experiment.name, error)
        open_ends = self._send_runs()
        self._send_models()
        for at, (run, state) in enumerate(open_ends, 1):
            self._progress("links", at, len(open_ends))
            try:
                self._end(run, state)
            except AssayError as error:
                self._refused("end of run", run.key, error)
        self._send_versions()
        self._send_views()
        self._experiments.close()

    def _owns(self, run_uid: str) -> bool:
        """Whether the run was imported from this source."""
        return self._runs.entry(run_uid) is not None

    def _refused(self, what: str, name: str, error: AssayError) -> None:
        if isinstance(error, Unavailable):
            raise error
        self._report.tell(f"{what} left out: {error.message[:200]}", str(name))

    def _send_runs(self) -> list[tuple[SourceRun, str]]:
        """Those that models, or a deletion, have yet to follow, without what is large."""
        transfer = RunTransfer(self._target, self._source, self._digest, self._report)
        open_ends = []
        for at, run in enumerate(self._source.runs(), 1):
            self._progress("runs", at, 0)
            try:
                with readable():
                    state = state_of(run)
                    if self._runs.has(run.uid, state):
                        self._report.count("runs_passed")
                        continue
                    if not self._send_run(transfer, run):
                        continue
                if run.models_used or run.models_made or run.deleted:
                    open_ends.append((_bare(run), state))
                else:
                    self._runs.note(run.uid, DONE, state)
            except AssayError as error:
                self._refused("run", run.key, error)
        return open_ends

    def _send_run(self, transfer: RunTransfer, run: SourceRun) -> bool:
        entry = self._runs.entry(run.uid)
        found = self._target.find(f"runs/{run.uid}")
        if found is not None and entry is None:
            self._report.tell("run left out: Assay has it, but not from this source", run.key)
            return False
        if self._experiments.open(run.experiment):  # which restored its runs, too
            found = self._target.find(f"runs/{run.uid}")
        if found is not None and found["lifecycle"] == "deleted":
            if not run.deleted:
                self._report.tell("run left out: it was imported, and deleted in Assay", run.key)
                return False
            self._target.post(f"runs/{run.uid}/restore", {})
        if entry is None:
            self._runs.note(run.uid, BEGUN, "")
        transfer.send(run, exists=found is not None)
        self._report.count("runs")
        return True

    def _send_models(self) -> None:
        for at, model in enumerate(self._source.models(), 1):
            self._progress("models", at, 0)
            try:
                with readable():
                    state = state_of(model)
                    if not self._models.has(model.uid, state):
                        self._send_model(model, state)
            except AssayError as error:
                self._refused("model", model.uid, error)

    def _send_model(self, model: SourceModel, state: str) -> None:
        entry = self._models.entry(model.uid)
        found = self._target.find(f"models/{model.uid}")
        if found is not None and entry is None:
            self._report.tell("model left out: Assay has it, but not from this source", model.uid)
            return
        self._experiments.open(model.experiment)
        if entry is None:
            self._models.note(model.uid, BEGUN, "")
        send_model(self._target, self._source, model, self._report, self._owns, exists=found is not None)
        self._models.note(model.uid, DONE, state)
        self._report.count("models")

    def _end(self, run: SourceRun, state: str) -> None:
        links: dict[str, Any] = {
            name: [{"id": uid, "step": step} for uid, step in given]
            for name, given in (("models_used", run.models_used), ("models_made", run.models_made))
            if given
        }
        whole = True
        for name, given in links.items():
            try:
                self._target.patch(f"runs/{run.uid}", {name: given})
            except AssayError as error:
                self._refused("link from a run to a model", run.key, error)
                whole = False
        if run.deleted:
            self._target.delete(f"runs/{run.uid}")
        if whole:
            self._runs.note(run.uid, DONE, state)

    def _send_versions(self) -> None:
        known: dict[tuple[str, str], Any] | None = None
        for version in self._source.versions():
            if known is None:
                rows = self._target.listed("imports", "imports", kind=VERSION)
                known = {(row["source"], row["name"]): row["document"] for row in rows}
            source = version.source or self._source.identity
            try:
                with readable():
                    if known.get((source, version.name)) == version.document:
                        continue
                    document = dict(version.document)
                    row = {"kind": VERSION, "source": source, "name": version.name, "document": document}
                    self._target.post("imports", row)
                self._report.count("versions")
            except AssayError as error:
                self._refused("model version", version.name, error)

    def _send_views(self) -> None:
        for view in self._source.views():
            try:
                with readable():
                    send_view(self._target, view, self._experiments, self._report)
            except AssayError as error:
                self._refused("view", view.name, error)


def _bare(run: SourceRun) -> SourceRun:
    return SourceRun(
        run.key,
        run.uid,
        run.experiment,
        run.name,
        run.status,
        deleted=run.deleted,
        models_used=run.models_used,
        models_made=run.models_made,
    )
