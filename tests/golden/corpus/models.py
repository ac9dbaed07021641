"""Logged models, and the outputs and inputs of runs that name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from golden.corpus.script import ODD, Step, case, named, on, raw

EXP = {"experiment_id": "${mexp}"}
ODDS = {"experiment_id": "${odds}"}  # for models that stock alone takes, and for names that are drawn
UNKNOWN = "m-" + "0" * 32


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on(
        "POST", "experiments/create", case("for models", {"name": "models"}, capture={"mexp": "experiment_id"})
    )
    yield from on(
        "POST",
        "runs/create",
        case("for models", {**EXP, "run_name": "m", "start_time": 1}, capture={"mrun": "run.info.run_id"}),
        case("for models, deleted", {**EXP, "run_name": "md", "start_time": 1}, capture={"mdel": "run.info.run_id"}),
    )
    yield from on("POST", "runs/delete", case("for models", {"run_id": "${mdel}"}))
    yield from _create()
    yield from _change()
    yield from _lineage()
    yield from _search()
    yield from _delete()


def _create() -> Iterator[Step]:
    def kept(variable: str) -> dict[str, str]:
        return {variable: "model.info.model_id"}

    yield from on(
        "POST",
        "logged-models",
        case("plain", {**EXP, "name": "net"}, capture=kept("m1")),
        case(
            "everything",
            {
                **EXP,
                "name": "forest",
                "model_type": "Agent",
                "source_run_id": "${mrun}",
                "params": [{"key": "depth", "value": "3"}],
                "tags": [{"key": "team", "value": "vision"}, {"key": "é", "value": "ü"}],
            },
            capture=kept("m2"),
        ),
        case("same name", {**EXP, "name": "net"}, capture=kept("m3")),
        case("no name", ODDS, capture=kept("m4")),
        case("empty name", {**ODDS, "name": ""}, capture=kept("m5")),
        case("unicode", {**EXP, "name": "netz 🕸"}, capture=kept("m6")),
        case("long param", {**ODDS, "name": "lp", "params": [{"key": "p", "value": "x" * 6001}]}, capture=kept("m7")),
        case("long tag", {**ODDS, "name": "lt", "tags": [{"key": "p", "value": "x" * 8001}]}, capture=kept("m8")),
        case("param without value", {**EXP, "name": "pv", "params": [{"key": "p"}]}, capture=kept("m9")),
        case("ajax", {**EXP, "name": "ajax"}, base="/ajax-api/2.0/mlflow/", capture=kept("m10")),
        named("name", "name", "a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "  ", "n" * 501, 7, **ODDS),
        case("for oddities", {**ODDS, "name": "o1"}, capture=kept("o1")),
        case("for oddities, second", {**ODDS, "name": "o2"}, capture=kept("o2")),
        case("no experiment", {"name": "x"}),
        named("experiment", "experiment_id", "", "999", "x", 7, name="x"),
        named("source run", "source_run_id", "0" * 32, 7, **ODDS, name="x"),
        case("params of a wrong type", {**EXP, "name": "x", "params": "x"}),
        case("tags of a wrong type", {**EXP, "name": "x", "tags": {"a": "b"}}),
        case(
            "same param twice", {**EXP, "name": "x", "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "1"}]}
        ),
        case("bad param key", {**ODDS, "name": "x", "params": [{"key": "a//b", "value": "1"}]}),
        case("bad tag key", {**ODDS, "name": "x", "tags": [{"key": "a(b", "value": "1"}]}),
        raw("no JSON", "{"),
        raw("text", "{}", "text/plain"),
    )
    yield from on(
        "GET",
        "logged-models/",
        case("plain", tail="${m1}"),
        case("everything", tail="${m2}"),
        case("long tag", tail="${m8}"),
        case("unknown", tail=UNKNOWN),
        case("no model id", tail="nonsense"),
        case("of a run", tail="${mrun}"),
        case("ajax", base="/ajax-api/2.0/mlflow/", tail="${m1}"),
    )


def _change() -> Iterator[Step]:
    ready = {"status": "LOGGED_MODEL_READY"}
    yield from on(
        "PATCH",
        "logged-models/",
        case("ready", {**ready, "model_id": "${m1}"}, tail="${m1}"),
        case("without the id in the body", ready, tail="${o1}"),
        case("failed", {"model_id": "${m3}", "status": "LOGGED_MODEL_UPLOAD_FAILED"}, tail="${m3}"),
        case("back to pending", {"model_id": "${m3}", "status": "LOGGED_MODEL_PENDING"}, tail="${m3}"),
        case("by number", {"model_id": "${m3}", "status": 2}, tail="${m3}"),
        case("by number in text", {"model_id": "${m3}", "status": "2"}, tail="${m3}"),
        case("nonsense", {"model_id": "${o1}", "status": "NONSENSE"}, tail="${o1}"),
        case("status unspecified", {"model_id": "${o1}", "status": "LOGGED_MODEL_STATUS_UNSPECIFIED"}, tail="${o1}"),
        case("no status", {"model_id": "${m3}"}, tail="${m3}"),
        case("unknown", {**ready, "model_id": UNKNOWN}, tail=UNKNOWN),
        case("other id in the body", {**ready, "model_id": "${o1}"}, tail="${o2}"),
    )
    tag = {"tags": [{"key": "stage", "value": "one"}]}
    yield from on(
        "PATCH",
        "logged-models/${m1}/tags",
        case("plain", tag),
        case("other value", {"tags": [{"key": "stage", "value": "two"}, {"key": "b c", "value": ""}]}),
        case("nothing", {}),
        case("empty list", {"tags": []}),
        case("no value", {"tags": [{"key": "nov"}]}),
        case("of a wrong type", {"tags": "x"}),
        raw("text", "{}", "text/plain"),
    )
    yield from on("PATCH", f"logged-models/{UNKNOWN}/tags", case("unknown model", tag))
    yield from on(
        "PATCH",
        "logged-models/${o1}/tags",
        case("long value", {"tags": [{"key": "long", "value": "v" * 8001}]}),
        case("no key", {"tags": [{"value": "v"}]}),
        case("bad key", {"tags": [{"key": "a//b", "value": "v"}]}),
        case("key of 251", {"tags": [{"key": "k" * 251, "value": "v"}]}),
    )
    yield from on(
        "DELETE",
        "logged-models/${m1}/tags/",
        case("plain", tail="stage"),
        case("again", tail="stage"),
        case("with a blank", tail="b%20c"),
        case("never there", tail="nobody"),
        case("with a slash", tail="a/b"),
        case("odd", tail="a%2Fb"),
    )
    yield from on("DELETE", f"logged-models/{UNKNOWN}/tags/", case("unknown model", tail="x"))
    params = {"model_id": "${m1}", "params": [{"key": "lr", "value": "0.1"}]}
    yield from on(
        "POST",
        "logged-models/${m1}/params",
        case("plain", params),
        case("again", params),
        case("other value", {"model_id": "${m1}", "params": [{"key": "lr", "value": "0.2"}]}),
        case("nothing", {"model_id": "${m1}"}),
        case("empty list", {"model_id": "${m1}", "params": []}),
        case(
            "same key twice", {"model_id": "${m1}", "params": [{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]}
        ),
        case("of a wrong type", {"model_id": "${m1}", "params": "x"}),
    )
    yield from on(
        "POST",
        "logged-models/${o1}/params",
        case("long value", {"model_id": "${o1}", "params": [{"key": "long", "value": "v" * 6001}]}),
        case("without the id in the body", {"params": [{"key": "bs", "value": "8"}]}),
        case("bad key", {"model_id": "${o1}", "params": [{"key": "a//b", "value": "v"}]}),
        case("key of 251", {"model_id": "${o1}", "params": [{"key": "k" * 251, "value": "v"}]}),
        case("no key", {"model_id": "${o1}", "params": [{"value": "v"}]}),
    )
    yield from on("POST", f"logged-models/{UNKNOWN}/params", case("unknown model", {**params, "model_id": UNKNOWN}))
    yield from on("GET", "logged-models/", case("after changes", tail="${m1}"))


def _lineage() -> Iterator[Step]:
    run = {"run_id": "${mrun}"}
    yield from on(
        "POST",
        "runs/outputs",
        case("plain", {**run, "models": [{"model_id": "${m1}", "step": 3}]}),
        case("again", {**run, "models": [{"model_id": "${m1}", "step": 3}]}),
        case("without step", {**run, "models": [{"model_id": "${m2}"}]}),
        case("unknown model", {**ODD, "models": [{"model_id": UNKNOWN, "step": 0}]}),
        case("nothing", run),
        case("empty list", {**run, "models": []}),
        case("unknown run", {"run_id": "0" * 32, "models": [{"model_id": "${m1}"}]}),
        case("deleted run", {"run_id": "${mdel}", "models": [{"model_id": "${m1}"}]}),
        case("no run", {"models": [{"model_id": "${m1}"}]}),
        case("step of a wrong type", {**ODD, "models": [{"model_id": "${m3}", "step": "x"}]}),
        case("of a wrong type", {**run, "models": "x"}),
    )
    yield from on("POST", "runs/log-inputs", case("a model", {**run, "models": [{"model_id": "${m1}"}]}))
    yield from on("GET", "runs/get", case("after outputs", run))
    metric = {**run, "key": "acc", "timestamp": 5, "model_id": "${m1}"}
    yield from on(
        "POST",
        "runs/log-metric",
        case("of a model", {**metric, "value": 0.5}),
        case(
            "of a model and a dataset",
            {**metric, "value": 0.7, "dataset_name": "iris", "dataset_digest": "d1", "step": 2},
        ),
        case("of another model", {**metric, "model_id": "${m2}", "value": 0.9}),
        case("of an unknown model", {**metric, **ODD, "key": "lost", "model_id": UNKNOWN, "value": 0.1}),
    )
    yield from on("GET", "runs/get", case("after model metrics", run))
    yield from on("GET", "metrics/get-history", case("of model metrics", {**run, "metric_key": "acc"}))
    yield from on("GET", "logged-models/", case("with metrics", tail="${m1}"), case("with a metric", tail="${m2}"))


FILTERS = (
    "name = 'net'",
    "name != 'net'",
    "name LIKE 'n%'",
    "name ILIKE 'N%'",
    "name IN ('net', 'forest')",
    "name NOT IN ('net')",
    "attributes.name = 'net'",
    "model_id = '${m1}'",
    "attributes.model_id = '${m1}'",
    "model_type = 'Agent'",
    "status = 'READY'",
    "attributes.status = 'LOGGED_MODEL_READY'",
    "source_run_id = '${mrun}'",
    "creation_timestamp > 0",
    "creation_time > 0",
    "last_updated_timestamp < 5",
    "metrics.acc > 0.6",
    "metrics.acc >= 0.5 AND params.lr = '0.1'",
    "params.lr = '0.1'",
    "params.depth LIKE '3%'",
    "tags.team = 'vision'",
    "tags.team != 'vision'",
    "tags.team ILIKE 'VIS%'",
    "tags.team IS NULL",
    "colour = 'x'",
    "name = net",
    "name > 'net'",
    "name = 'a' OR name = 'b'",
    "metrics.acc > 'x'",
    "params.lr > 0.05",
    "name",
    "",
    "experiment_id = '1'",
    "datasets.name = 'iris'",
)


def _search() -> Iterator[Step]:
    ids: dict[str, Any] = {"experiment_ids": ["${mexp}"]}
    page = {**ids, "max_results": 2}
    yield from on(
        "POST",
        "logged-models/search",
        case("plain", ids),
        case("first page", page, capture={"mpage": "next_page_token"}),
        case("second page", {**page, "page_token": "${mpage}"}),
        case("token of another search", {**page, "filter": "name = 'net'", "page_token": "${mpage}"}),
        case("bad token", {**page, "page_token": "garbage"}),
        case("no experiments", {}),
        case("empty experiments", {"experiment_ids": []}),
        case("unknown experiment", {"experiment_ids": ["999"]}),
        case("bad experiment", {"experiment_ids": ["x"]}),
        case("experiments of a wrong type", {"experiment_ids": "x"}),
        named("size", "max_results", 0, -1, 1, "2", "x", **ids),
        [case(f"filter {text}", {**ids, "filter": text}) for text in FILTERS],
        [
            case(f"order {field} {ascending}", {**ids, "order_by": [{"field_name": field, "ascending": ascending}]})
            for field in ("creation_timestamp", "name", "metrics.acc", "last_updated_timestamp")
            for ascending in (True, False)
        ],
        case("order without direction", {**ids, "order_by": [{"field_name": "creation_time"}]}),
        case("order by model id", {**ids, "order_by": [{"field_name": "attributes.name"}]}),
        case("order by nonsense", {**ids, "order_by": [{"field_name": "colour"}]}),
        case("order without field", {**ids, "order_by": [{"ascending": True}]}),
        case("order by a param", {**ids, "order_by": [{"field_name": "params.lr"}]}),
        case("order of a wrong type", {**ids, "order_by": ["name"]}),
        case(
            "order by a dataset's metric",
            {**ids, "order_by": [{"field_name": "metrics.acc", "dataset_name": "iris", "dataset_digest": "d1"}]},
        ),
        case("datasets", {**ids, "filter": "metrics.acc > 0.6", "datasets": [{"dataset_name": "iris"}]}),
        case("other datasets", {**ids, "filter": "metrics.acc > 0.6", "datasets": [{"dataset_name": "x"}]}),
        case("datasets without a metric", {**ids, "datasets": [{"dataset_name": "iris"}]}),
        [
            case(f"dataset {digest} above {bound}", {**ids, "filter": f"metrics.acc > {bound}", "datasets": datasets})
            for digest, bound in (("d1", 0.6), ("d1", 0.8), ("d2", 0.6))
            for datasets in [[{"dataset_name": "iris", "dataset_digest": digest}]]
        ],
        case("dataset d1 without a metric", {**ids, "datasets": [{"dataset_name": "iris", "dataset_digest": "d1"}]}),
        case("two datasets", {**ids, "datasets": [{"dataset_name": n, "dataset_digest": "d1"} for n in ("x", "iris")]}),
        case(
            "order by another dataset's metric",
            {**ids, "order_by": [{"field_name": "metrics.acc", "dataset_name": "x", "ascending": False}]},
        ),
        case("dataset without a name", {**ids, "datasets": [{"dataset_digest": "d1"}]}),
        raw("text", "{}", "text/plain"),
    )


def _delete() -> Iterator[Step]:
    yield from on(
        "DELETE",
        "logged-models/",
        case("plain", tail="${m4}"),
        case("again", tail="${m4}"),
        case("unknown", tail=UNKNOWN),
        case("no model id", tail="nonsense"),
        case("of a run", tail="${mrun}"),
    )
    yield from on(
        "GET",
        "logged-models/",
        case("deleted", tail="${m4}"),
        case("deleted, allowed", {"allow_deleted": "true"}, tail="${m4}"),
    )
    yield from on(
        "PATCH", "logged-models/", case("deleted", {"model_id": "${m4}", "status": "LOGGED_MODEL_READY"}, tail="${m4}")
    )
    yield from on("PATCH", "logged-models/${m4}/tags", case("deleted", {"tags": [{"key": "a", "value": "b"}]}))
