"""What people added at a source: comments on its runs, and saved views."""

from __future__ import annotations

from typing import Any

from assay.exchange.experiments import Experiments
from assay.exchange.report import Report
from assay.exchange.source import SourceComment, SourceRun, SourceView
from assay.exchange.target import Target
from assay.wire.errors import AlreadyExists, AssayError, Unavailable


def send_comments(target: Target, run: SourceRun, report: Report) -> None:
    """The run has the source's comments, each once, with who is said to have written it and when."""
    if not run.comments:
        return
    known = [_place(item) for item in target.listed("comments", "comments", run=run.uid) if item["origin"]]
    for comment in run.comments:
        body = _body(comment)
        if _place(body) in known:
            continue
        try:
            target.post(f"runs/{run.uid}/comments", body)
            report.count("comments")
        except AssayError as error:
            if isinstance(error, Unavailable):
                raise
            report.tell(f"comment left out: {error.message[:200]}", f"run {run.key}")


def send_view(target: Target, view: SourceView, experiments: Experiments, report: Report) -> None:
    """The server has the view, unless it has another one of its name, which is told. Raises what refuses it."""
    experiment_id = None if view.experiment is None else experiments.number(view.experiment)
    body = {"kind": view.kind, "name": view.name, "document": dict(view.document), "experiment_id": experiment_id}
    try:
        target.post("views", {name: value for name, value in body.items() if value is not None})
        report.count("views")
    except AlreadyExists:
        query = {"kind": view.kind} | ({} if experiment_id is None else {"experiment_id": experiment_id})
        for head in target.listed("views", "views", **query):
            if (head["name"], head["experiment_id"]) == (view.name, experiment_id):
                found = target.find(f"views/{head['id']}")
                if found is None or found["document"] != view.document:
                    report.tell("view left out: Assay has another one of this name", view.name)


def _body(comment: SourceComment) -> dict[str, Any]:
    said: dict[str, Any] = {
        "text": comment.text,
        "key": comment.key,
        "step": comment.step,
        "origin": {"author": comment.author, "created_us": comment.created_us},
    }
    return {name: value for name, value in said.items() if value is not None}


def _place(item: dict[str, Any]) -> tuple[Any, ...]:
    origin = item["origin"]
    return origin["author"], origin["created_us"], item.get("key"), item.get("step"), item["text"]
