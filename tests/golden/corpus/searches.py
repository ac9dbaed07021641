"""Searches on runs: the whole grammar, orders, pages; and the datasets that runs used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from golden.corpus.script import ODD, Step, case, named, on, raw

EXP = {"experiment_ids": ["${search}"]}


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on(
        "POST",
        "experiments/create",
        case("for searches", {"name": "search"}, capture={"search": "experiment_id"}),
        case("for searches, second", {"name": "search two"}, capture={"other": "experiment_id"}),
    )
    yield from _runs()
    yield from _inputs()
    yield from on(
        "POST",
        "runs/search",
        [case(f"filter {text}", {**EXP, "filter": text}) for text in FILTERS],
        [case(f"order {order}", {**EXP, "order_by": order}) for order in ORDERS],
    )
    yield from _pages()
    yield from _places()
    yield from _datasets()


def _runs() -> Iterator[Step]:
    for index, (name, acc, depth, colour, status) in enumerate(
        (
            ("one", 0.9, "3", "red", "FINISHED"),
            ("two", 0.5, "30", "Red", "FAILED"),
            ("three", "NaN", "x", "blue%", "KILLED"),
            ("four", None, None, None, "RUNNING"),
        )
    ):
        uid = f"s{index}"
        tags = [{"key": "i", "value": str(index)}, *([{"key": "colour", "value": colour}] if colour else [])]
        yield from on(
            "POST",
            "runs/create",
            case(
                f"for searches {name}",
                {
                    "experiment_id": "${search}",
                    "run_name": name,
                    "start_time": 100 - index,
                    "user_id": name[0],
                    "tags": tags,
                },
                capture={uid: "run.info.run_id"},
            ),
        )
        run = {"run_id": f"${{{uid}}}"}
        if acc is not None:
            batch: dict[str, Any] = {
                **run,
                "metrics": [
                    {"key": "acc", "value": acc, "timestamp": 1},
                    {"key": "val/acc top-1", "value": index, "timestamp": 1},
                ],
                "params": [{"key": "depth", "value": depth}, {"key": "a b.c", "value": "it's"}],
            }
            yield from on("POST", "runs/log-batch", case(f"for searches {name}", batch))
        if status != "RUNNING":
            yield from on(
                "POST",
                "runs/update",
                case(f"for searches {name}", {**run, "status": status, "end_time": 200 + index}),
            )
    yield from on(
        "POST",
        "runs/create",
        case(
            "for searches, elsewhere",
            {"experiment_id": "${other}", "run_name": "five", "start_time": 50},
            capture={"s4": "run.info.run_id"},
        ),
        case(
            "for searches, deleted",
            {"experiment_id": "${search}", "run_name": "six", "start_time": 5},
            capture={"s5": "run.info.run_id"},
        ),
    )
    yield from on("POST", "runs/delete", case("for searches", {"run_id": "${s5}"}))


FILTERS = (
    "metrics.acc > 0.6",
    "metrics.acc >= 0.5",
    "metric.acc < 0.6",
    "metrics.acc != 0.9",
    "metrics.acc = 0.9",
    "metrics.acc == 0.9",
    "metrics.acc <> 0.9",
    "metrics.acc > -1e3",
    "metrics.acc > .5",
    "metrics.acc > +0.5",
    "metrics.acc > '0.5'",
    "metrics.acc > abc",
    "metrics.acc = NaN",
    "metrics.acc LIKE '0%'",
    "metrics.acc IN (0.9)",
    "metrics.acc IS NULL",
    "metrics.`val/acc top-1` >= 1",
    'metrics."val/acc top-1" >= 1',
    "metrics.val/acc > 1",
    "metrics.nobody > 1",
    "metrics. > 1",
    "metrics > 1",
    "params.depth = '3'",
    'params.depth = "3"',
    "param.depth != '3'",
    "parameter.depth LIKE '3%'",
    "parameters.depth ILIKE 'X'",
    "params.depth LIKE 'X'",
    "params.depth = 3",
    "params.depth > '3'",
    'params.`a b.c` = "it\'s"',
    "params.depth IS NULL",
    "params.depth IS NOT NULL",
    "params.depth is not null AND metrics.acc > 0.6",
    "params.depth IN ('3', '30')",
    "tags.colour = 'red'",
    "tags.colour LIKE 'red'",
    "tags.colour ILIKE 'red'",
    "tag.colour != 'red'",
    "tags.colour LIKE 'blue\\%'",
    "tags.colour LIKE '%lue%'",
    "tags.colour LIKE 'r_d'",
    "tags.colour IS NULL",
    "tags.colour IS NOT NULL",
    "tags.colour NOT LIKE 'r%'",
    "tags.mlflow.runName = 'one'",
    "tags.`mlflow.runName` = 'one'",
    "attributes.status = 'FINISHED'",
    "attribute.status = 'finished'",
    "attr.status != 'FINISHED'",
    "run.status = 'KILLED'",
    "status = 'RUNNING'",
    "status LIKE 'F%'",
    "status IN ('FINISHED', 'FAILED')",
    "status = 'NONSENSE'",
    "status = FINISHED",
    "run_name = 'one'",
    "attributes.run_name LIKE 't%'",
    "attributes.`run name` = 'one'",
    "attributes.\"Run name\" = 'one'",
    "run_name ILIKE 'TW%'",
    "run_name IN ('one', 'two')",
    "run_id = '${s0}'",
    "run_id IN ('${s0}', '${s1}')",
    "run_id NOT IN ('${s0}', '${s1}')",
    "attributes.run_id IN ('${s0}')",
    "run_id IN ()",
    "run_id IN '${s0}'",
    "run_id IN ('${s0}', 3)",
    "run_id LIKE '%'",
    "user_id = 'o'",
    "user_id != 'o'",
    "artifact_uri LIKE '%artifacts'",
    "artifact_uri = 'x'",
    "artifact_uri = 'mlflow-artifacts:/${search}/${s0}/artifacts'",
    "attributes.artifact_uri IN ('mlflow-artifacts:/${search}/${s1}/artifacts', 'x')",
    "artifact_uri NOT IN ('mlflow-artifacts:/${search}/${s0}/artifacts')",
    "artifact_uri != 'mlflow-artifacts:/${search}/${s0}/artifacts'",
    "artifact_uri ILIKE '%ARTIFACTS'",
    "artifact_uri > 'x'",
    "artifact_uri = 1",
    "start_time > 98",
    "attributes.start_time = 100",
    "start_time >= '98'",
    "start_time LIKE '1'",
    "attributes.created > 98",
    "end_time > 200",
    "end_time < 500 AND status = 'FAILED'",
    "start_time > 1.5",
    "attributes.colour = 'x'",
    "attributes.experiment_id = '1'",
    "lifecycle_stage = 'active'",
    "datasets.name = 'iris'",
    "dataset.digest = 'd1'",
    "datasets.context = 'train'",
    "datasets.name LIKE 'ir%'",
    "datasets.name ILIKE 'IR%'",
    "datasets.name IN ('iris', 'x')",
    "datasets.name NOT IN ('iris')",
    "datasets.name != 'iris'",
    "datasets.colour = 'x'",
    "datasets.name > 'x'",
    "metrics.acc > 0.1 AND params.depth = '3'",
    "metrics.acc > 0.1 and params.depth = '3' and tags.colour = 'red'",
    "metrics.acc > 0.1 AND metrics.acc < 0.6",
    "metrics.acc > 0.1 OR metrics.acc < 0.6",
    "(metrics.acc > 0.1)",
    "(metrics.acc > 0.1) AND (params.depth = '3')",
    "NOT metrics.acc > 0.1",
    "metrics.acc > 0.1 AND",
    "AND metrics.acc > 0.1",
    "metrics.acc > 0.1 metrics.acc < 1",
    "metrics.acc > 0.1;",
    "metrics.acc > 0.1; DROP TABLE runs",
    "metrics.acc > 0.1 -- comment",
    "metrics.acc BETWEEN 0 AND 1",
    "0.1 < metrics.acc",
    "'red' = tags.colour",
    "tags.colour = tags.i",
    "metrics.acc >",
    "metrics.acc",
    "> 1",
    "colour.red = 'x'",
    "tags.colour = 'red",
    "tags.colour = red'",
    "tags.colour = ''",
    "tags.`colour = 'red'",
    "tags.'colour' = 'red'",
    "  tags.colour  =  'red'  ",
    "\ttags.colour\n=\n'red'",
    "TAGS.colour = 'red'",
    "tags.COLOUR = 'red'",
    "tags.größe = 'x'",
    "tags.colour = '日本'",
    "tags.colour = 'a''b'",
    "tags.i = 1",
    "'",
    "*",
    "1 = 1",
    "",
    "   ",
)
ORDERS = (
    ["metrics.acc"],
    ["metrics.acc DESC"],
    ["metrics.acc asc"],
    ["metrics.`val/acc top-1` DESC"],
    ['metrics."val/acc top-1" desc'],
    ["params.depth"],
    ["params.depth DESC"],
    ["tags.colour", "start_time"],
    ["tags.i DESC"],
    ["attributes.start_time"],
    ["attribute.start_time DESC"],
    ["start_time ASC"],
    ["end_time"],
    ["end_time DESC"],
    ["status"],
    ["run_name"],
    ["attributes.`Run name` DESC"],
    ["created DESC"],
    ["user_id DESC"],
    ["metrics.nobody"],
    ["metrics.acc UPWARDS"],
    ["metrics.acc DESC DESC"],
    ["colour"],
    ["attributes.colour"],
    ["metrics.acc", "metrics.acc DESC"],
    [""],
    ["metrics."],
    ["datasets.name"],
    ["1"],
    ["metrics.acc, tags.i"],
)


def _pages() -> Iterator[Step]:
    page = {**EXP, "max_results": 2}
    yield from on(
        "POST",
        "runs/search",
        case("plain", EXP),
        case("no experiments", {}),
        case("empty experiments", {"experiment_ids": []}),
        case("two experiments", {"experiment_ids": ["${search}", "${other}"]}),
        named("order of one", "order_by", ["run_id"], ["artifact_uri"], experiment_ids=["${other}"]),
        case("same experiment twice", {"experiment_ids": ["${other}", "${other}"]}),
        case("unknown experiment", {"experiment_ids": ["999"]}),
        case("bad experiment", {"experiment_ids": ["x"]}),
        case("experiments as numbers", {"experiment_ids": [1]}),
        case("experiments as text", {"experiment_ids": "${search}"}),
        case("first page", page, capture={"spage": "next_page_token"}),
        case("second page", {**page, "page_token": "${spage}"}),
        case("exactly all", {**EXP, "max_results": 4}),
        case("ordered page", {**page, "order_by": ["metrics.acc DESC"]}, capture={"opage": "next_page_token"}),
        case("ordered second page", {**page, "order_by": ["metrics.acc DESC"], "page_token": "${opage}"}),
        case("empty token", {**page, "page_token": ""}),
        named("token", "page_token", "garbage", "ü", "eyJvZmZzZXQiOiAtMX0=", "e30=", 7, **page),
        named("size", "max_results", 0, -1, 1, 50000, 50001, "2", "x", 1.5, True, 2**63, **EXP),
        named("view", "run_view_type", "ALL", "DELETED_ONLY", "ACTIVE_ONLY", "NONSENSE", 2, **EXP),
        named("filter", "filter", 7, ["x"], None, **EXP),
        named("order_by", "order_by", "metrics.acc", [7], {}, None, **EXP),
        raw("no JSON", "{"),
        raw("text", "{}", "text/plain"),
        case("ajax", page, base="/ajax-api/2.0/mlflow/"),
    )


def _places() -> Iterator[Step]:
    """Runs of experiments that keep their files elsewhere, one with a slash at the end of its place."""
    for id in ("3", "4"):
        given = {"experiment_id": id, "run_name": id, "start_time": 1}
        yield from on("POST", "runs/create", case(f"elsewhere {id}", given, capture={f"in{id}": "run.info.run_id"}))
    three = {"experiment_ids": ["${other}", "3", "4"]}
    yield from on(
        "POST",
        "runs/search",
        case("artifact_uri elsewhere", {**three, "filter": "artifact_uri = 's3://bucket/prefix/${in3}/artifacts'"}),
        case("artifact_uri with a slash", {**three, "filter": "artifact_uri = 's3://bucket/prefix/${in4}/artifacts'"}),
        case("artifact_uri of all", {**three, "filter": "artifact_uri LIKE 's3://bucket/%'", "order_by": ["run_name"]}),
        named("order of two", "order_by", ["artifact_uri"], ["artifact_uri DESC"], experiment_ids=["${other}", "3"]),
    )


def _dataset(name: str, digest: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "digest": digest, "source_type": "local", "source": "{}", **given}


def _inputs() -> Iterator[Step]:
    run = {"run_id": "${s0}"}
    context = [{"key": "mlflow.data.context", "value": "train"}]

    def one(dataset: object, tags: object = None, run: dict[str, str] = run) -> dict[str, Any]:
        return {**run, "datasets": [{"dataset": dataset, **({} if tags is None else {"tags": tags})}]}

    full = _dataset("iris", "d1", schema="{}", profile="{}")
    yield from on(
        "POST",
        "runs/log-inputs",
        case("plain", one(full, context)),
        case("again", one(full, context)),
        case("without tags", {"run_id": "${s1}", "datasets": [{"dataset": _dataset("wine", "d2")}]}),
        case("the same in another run", {"run_id": "${s2}", "datasets": [{"dataset": full, "tags": context}]}),
        case("other experiment", {"run_id": "${s4}", "datasets": [{"dataset": full, "tags": context}]}),
        case("nothing", run),
        case("empty list", {**run, "datasets": []}),
        case("unknown run", {**one(full), "run_id": "0" * 32}),
        case("no run", {"datasets": [{"dataset": full}]}),
        case("deleted run", {**one(full), "run_id": "${s5}"}),
        case("no dataset", {**ODD, "datasets": [{"tags": context}]}),
        case("no name", one({k: v for k, v in full.items() if k != "name"}, run=ODD)),
        case("no digest", one({k: v for k, v in full.items() if k != "digest"}, run=ODD)),
        case("no source", one({k: v for k, v in full.items() if k != "source"}, run=ODD)),
        case("no source type", one({k: v for k, v in full.items() if k != "source_type"}, run=ODD)),
        case("name of 501", one(_dataset("n" * 501, "d"))),
        case("digest of 37", one(_dataset("n", "d" * 37))),
        case("source of 65536", one(_dataset("n", "d3", source="s" * 65536))),
        case("tag value of 501", one(_dataset("n", "d4"), [{"key": "k", "value": "v" * 501}])),
        case("tag key of 256", one(_dataset("n", "d5"), [{"key": "k" * 256, "value": "v"}])),
        case("datasets of a wrong type", {**ODD, "datasets": "x"}),
        case("dataset of a wrong type", {**ODD, "datasets": [7]}),
        case("unknown model", {**ODD, "models": [{"model_id": "m-" + "0" * 32}]}),
    )
    yield from on("GET", "runs/get", case("after log-inputs", run))


def _datasets() -> Iterator[Step]:
    ajax = {"base": "/ajax-api/2.0/mlflow/"}
    yield from on(
        "POST",
        "experiments/search-datasets",
        case("plain", EXP, **ajax),
        case("two experiments", {"experiment_ids": ["${search}", "${other}"]}, **ajax),
        case("without datasets", {"experiment_ids": ["0"]}, **ajax),
        case("unknown experiment", {"experiment_ids": ["999"]}, **ajax),
        case("bad experiment", {"experiment_ids": ["x"]}, **ajax),
        case("no experiments", {}, **ajax),
        case("21 experiments", {"experiment_ids": [str(i) for i in range(21)]}, **ajax),
        case("of a wrong type", {"experiment_ids": "${search}"}, **ajax),
        case("not under api", EXP),
    )
