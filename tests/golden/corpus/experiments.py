"""Experiments."""

from __future__ import annotations

from collections.abc import Iterator

from golden.corpus.script import Step, case, named, on, raw

LONG = "n" * 500


def steps() -> Iterator[Step]:
    """All cases."""
    yield from _create()
    yield from _read()
    yield from _change()
    yield from _search()


def _create() -> Iterator[Step]:
    yield from on(
        "POST",
        "experiments/create",
        case("plain", {"name": "alpha"}, capture={"alpha": "experiment_id"}),
        case("again", {"name": "alpha"}),
        case(
            "with tags",
            {"name": "beta", "tags": [{"key": "team", "value": "vision"}, {"key": "\u03b1 \u03b2", "value": "ü"}]},
        ),
        case("with a location", {"name": "gamma", "artifact_location": "s3://bucket/prefix"}),
        case("location with a slash at the end", {"name": "gamma2", "artifact_location": "s3://bucket/prefix/"}),
        case("unicode", {"name": "实验 🧪 ünï"}),
        case("500 characters", {"name": LONG}),
        case("501 characters", {"name": LONG + "n"}),
        case("unknown fields", {"name": "delta", "colour": "red", "nested": {"a": [1]}}),
        case("tag without value", {"name": "epsilon", "tags": [{"key": "only"}]}),
        case("empty tags", {"name": "zeta", "tags": []}),
        case("name with a slash", {"name": "a/b: c"}),
        case("no name", {}),
        case("empty name", {"name": ""}),
        case("tag key of 251", {"name": "bad1", "tags": [{"key": "k" * 251, "value": "v"}]}),
        case("tag value of 20001", {"name": "bad2", "tags": [{"key": "k", "value": "v" * 20001}]}),
        case("tag without key", {"name": "bad3", "tags": [{"value": "v"}]}),
        case("tag with a bad key", {"name": "bad4", "tags": [{"key": "a//b", "value": "v"}]}),
        case("tag of a wrong type", {"name": "bad5", "tags": ["x"]}),
        case("tags of a wrong type", {"name": "bad6", "tags": "x"}),
        named("name", "name", 7, None, True, ["a"], {"a": 1}, 1.5),
        named("location", "artifact_location", 7, "http://host/x", "runs:/x", "s3://b/x#y", name="loc1"),
        raw("no JSON", "{"),
        raw("an array", "[]"),
        raw("a number", "3"),
        raw("empty body", b""),
        raw("JSON in a string", '"{\\"name\\": \\"theta\\"}"'),
        raw("no content type", '{"name": "iota"}', None),
        raw("text", '{"name": "iota"}', "text/plain"),
        raw("with charset", '{"name": "kappa"}', "application/json; charset=utf-8"),
        raw("duplicate keys", '{"name": "lambda1", "name": "lambda2"}'),
        raw("not UTF-8", b'{"name": "\xff"}'),
        raw("lone surrogate", '{"name": "a\\ud800"}'),
        case("ajax", {"name": "mu"}, base="/ajax-api/2.0/mlflow/"),
    )


def accepted_by_stock_alone() -> Iterator[Step]:
    """At the very end, because each takes a number that an experiment of another step would have."""
    yield from on(
        "POST",
        "experiments/create",
        case("camelCase", {"name": "eta", "artifactLocation": "s3://camel"}),
        case("location file:///etc", {"name": "loc2", "artifact_location": "file:///etc"}),
        case("blank name", {"name": "   "}),
        case("tag value of a wrong type", {"name": "bad7", "tags": [{"key": "k", "value": 3}]}),
        [
            case(f"location {location}", {"name": f"loc{i}", "artifact_location": location})
            for i, location in enumerate(("s3://b/x;y", "s3://b/x?y=z", "mlflow-artifacts:/../x"), 3)
        ],
    )
    yield from on("GET", "experiments/get-by-name", case("camelCase", {"experiment_name": "eta"}))


def _read() -> Iterator[Step]:
    yield from on(
        "GET",
        "experiments/get",
        case("plain", {"experiment_id": "${alpha}"}),
        case("default", {"experiment_id": "0"}),
        case("ajax", {"experiment_id": "${alpha}"}, base="/ajax-api/2.0/mlflow/"),
        case("ids follow each other", {"experiment_id": "2"}),
        case("location", {"experiment_id": "3"}),
        case("location with a slash at the end", {"experiment_id": "4"}),
        case("missing"),
        named("id", "experiment_id", "", "999", "abc", "-1", "1.0", "9" * 30, " 1", "0x1", "\u0661"),
        case("twice", [("experiment_id", "1"), ("experiment_id", "2")]),
    )
    yield from on(
        "GET",
        "experiments/get-by-name",
        case("plain", {"experiment_name": "alpha"}),
        case("default", {"experiment_name": "Default"}),
        case("unicode", {"experiment_name": "实验 🧪 ünï"}),
        case("other case", {"experiment_name": "ALPHA"}),
        case("location", {"experiment_name": "gamma"}),
        case("unknown", {"experiment_name": "nobody"}),
        case("tag without value", {"experiment_name": "epsilon"}),
        case("missing"),
        case("empty", {"experiment_name": ""}),
    )


def _change() -> Iterator[Step]:
    unknown = {"experiment_id": "999"}
    yield from on(
        "POST",
        "experiments/set-experiment-tag",
        case("plain", {"experiment_id": "${alpha}", "key": "note", "value": "one"}),
        case("other value", {"experiment_id": "${alpha}", "key": "note", "value": "two"}),
        case("empty value", {"experiment_id": "${alpha}", "key": "empty", "value": ""}),
        case("no value", {"experiment_id": "${alpha}", "key": "absent"}),
        case("unicode", {"experiment_id": "${alpha}", "key": "sprache", "value": "日本語"}),
        case("unknown", {**unknown, "key": "note", "value": "x"}),
        case("no id", {"key": "note", "value": "x"}),
        case("no key", {"experiment_id": "${alpha}", "value": "x"}),
        case("bad id", {"experiment_id": "x", "key": "note", "value": "x"}),
        case("id as a number", {"experiment_id": 1, "key": "note", "value": "x"}),
        case("value of 20000", {"experiment_id": "${alpha}", "key": "long", "value": "v" * 20000}),
        case("value of 20001", {"experiment_id": "${alpha}", "key": "long", "value": "v" * 20001}),
        named("key", "key", "", "k" * 251, "a//b", "../x", "/x", "a b", "a(b)", 7, experiment_id="${alpha}", value="v"),
        named("value", "value", 7, ["x"], {"a": 1}, True, experiment_id="${alpha}", key="typed"),
    )
    yield from on(
        "POST",
        "experiments/delete-experiment-tag",
        case("plain", {"experiment_id": "${alpha}", "key": "long"}),
        case("again", {"experiment_id": "${alpha}", "key": "long"}),
        case("unknown experiment", {**unknown, "key": "note"}),
        case("no key", {"experiment_id": "${alpha}"}),
        case("no id", {"key": "note"}),
        case("key of a wrong type", {"experiment_id": "${alpha}", "key": 7}),
    )
    yield from on("GET", "experiments/get", case("with tags", {"experiment_id": "${alpha}"}))
    yield from on(
        "POST",
        "experiments/update",
        case("rename", {"experiment_id": "${alpha}", "new_name": "alpha prime"}),
        case("same name", {"experiment_id": "${alpha}", "new_name": "alpha prime"}),
        case("taken", {"experiment_id": "${alpha}", "new_name": "beta"}),
        case("no new name", {"experiment_id": "${alpha}"}),
        case("empty name", {"experiment_id": "${alpha}", "new_name": ""}),
        case("blank name", {"experiment_id": "${alpha}", "new_name": "  "}),
        case("501 characters", {"experiment_id": "${alpha}", "new_name": LONG + "n"}),
        case("unknown", {**unknown, "new_name": "x"}),
        case("no id", {"new_name": "x"}),
        case("name of a wrong type", {"experiment_id": "${alpha}", "new_name": 7}),
        case("back", {"experiment_id": "${alpha}", "new_name": "alpha"}),
    )
    yield from on(
        "POST",
        "experiments/create",
        case("to be deleted", {"name": "doomed"}, capture={"doomed": "experiment_id"}),
    )
    yield from on(
        "POST",
        "runs/create",
        case("in the doomed one", {"experiment_id": "${doomed}"}, capture={"doomed_run": "run.info.run_id"}),
    )
    yield from on(
        "POST",
        "experiments/delete",
        case("plain", {"experiment_id": "${doomed}"}),
        case("again", {"experiment_id": "${doomed}"}),
        case("unknown", unknown),
        case("no id", {}),
        case("bad id", {"experiment_id": "x"}),
        case("id of a wrong type", {"experiment_id": ["1"]}),
    )
    yield from on("GET", "experiments/get", case("deleted", {"experiment_id": "${doomed}"}))
    yield from on("GET", "experiments/get-by-name", case("deleted", {"experiment_name": "doomed"}))
    yield from on("GET", "runs/get", case("of a deleted experiment", {"run_id": "${doomed_run}"}))
    yield from on("POST", "experiments/create", case("name of a deleted one", {"name": "doomed"}))
    yield from on("POST", "runs/create", case("in a deleted experiment", {"experiment_id": "${doomed}"}))
    yield from on("POST", "experiments/update", case("deleted", {"experiment_id": "${doomed}", "new_name": "x"}))
    yield from on("POST", "experiments/set-experiment-tag", case("deleted", {"experiment_id": "${doomed}", "key": "k"}))
    yield from on(
        "POST", "experiments/delete-experiment-tag", case("deleted", {"experiment_id": "${doomed}", "key": "k"})
    )
    yield from on(
        "POST",
        "experiments/restore",
        case("plain", {"experiment_id": "${doomed}"}),
        case("again", {"experiment_id": "${doomed}"}),
        case("unknown", unknown),
        case("no id", {}),
        case("bad id", {"experiment_id": "x"}),
        case("empty id", {"experiment_id": ""}),
    )
    yield from on("GET", "runs/get", case("of a restored experiment", {"run_id": "${doomed_run}"}))
    yield from on("POST", "experiments/delete", case("for good", {"experiment_id": "${doomed}"}))


FILTERS = (
    "name = 'alpha'",
    "name != 'alpha'",
    "name LIKE 'al%'",
    "name ILIKE 'AL%'",
    "name LIKE 'AL%'",
    "attribute.name = 'alpha'",
    'attributes.name = "alpha"',
    "tags.team = 'vision'",
    "tags.team != 'vision'",
    "tags.`\u03b1 \u03b2` = 'ü'",
    "tags.team LIKE 'vis%' AND name = 'beta'",
    "tags.nobody = 'x'",
    "creation_time > 0",
    "creation_time > '0'",
    "last_update_time < 5",
    "name = alpha",
    "name = 'a' OR name = 'b'",
    "name",
    "colour = 'red'",
    "name > 'a'",
    "creation_time LIKE '1'",
    "metrics.acc > 1",
    "params.a = 'b'",
    "name IN ('alpha', 'beta')",
    "tags.team IS NULL",
    "tags.team IS NOT NULL",
    "AND",
    "name = 'unclosed",
    "name == 'alpha'",
    "experiment_id = '1'",
    "name = ''",
    "  name   =   'alpha'  ",
)


def _search() -> Iterator[Step]:
    few = {"max_results": 3}
    yield from on(
        "POST",
        "experiments/search",
        case("all", {"max_results": 1000}),
        case("first page", few, capture={"page": "next_page_token"}),
        case("second page", {**few, "page_token": "${page}"}),
        case("bad token", {**few, "page_token": "garbage"}),
        case("empty token", {**few, "page_token": ""}),
        case("no size", {}),
        named("size", "max_results", 0, -1, 50000, 50001, "5", "x", 1.5, True, 2**63),
        named("view", "view_type", "ALL", "DELETED_ONLY", "ACTIVE_ONLY", "NONSENSE", 3, 2, 9, max_results=2),
        [case(f"filter {text}", {"max_results": 100, "filter": text}) for text in FILTERS],
        case("filter of a wrong type", {"max_results": 1, "filter": 7}),
        [
            case(f"order {text}", {"max_results": 100, "order_by": text})
            for text in (
                ["name"],
                ["name DESC"],
                ["name asc"],
                ["experiment_id DESC"],
                ["experiment_id ASC"],
                ["last_update_time DESC"],
                ["creation_time ASC"],
                ["name", "name"],
                ["name UPWARDS"],
                ["colour"],
                ["tags.team"],
                ["metrics.x"],
                [""],
                "name",
                [7],
                ["attribute.name DESC"],
            )
        ],
    )
    yield from on(
        "GET",
        "experiments/search",
        case("all", {"max_results": "2"}),
        case("one order", [("max_results", "2"), ("order_by", "name")]),
        case("two orders", [("max_results", "2"), ("order_by", "name DESC"), ("order_by", "experiment_id")]),
        case("no size"),
        case("filter", {"max_results": "5", "filter": "name = 'alpha'"}),
        case("view", {"max_results": "5", "view_type": "DELETED_ONLY"}),
        case("view as a number", {"max_results": "5", "view_type": "2"}),
        case("bad size", {"max_results": "x"}),
        case("ajax", {"max_results": "1"}, base="/ajax-api/2.0/mlflow/"),
    )
