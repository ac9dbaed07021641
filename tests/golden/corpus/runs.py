"""Runs: create, read, change, delete."""

from __future__ import annotations

from collections.abc import Iterator

from golden.corpus.script import ODD, Step, case, named, on, raw

RUN = {"run_id": "${run}"}
DELETED = {"run_id": "${deleted}"}
UNKNOWN = {"run_id": "0" * 32}


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on(
        "POST",
        "experiments/create",
        case("for runs", {"name": "runs"}, capture={"exp": "experiment_id"}),
        case("for oddities", {"name": "odds"}, capture={"odds": "experiment_id"}),
    )
    yield from on(
        "POST",
        "runs/create",
        case("for oddities", {"experiment_id": "${odds}", "run_name": "odd"}, capture={"odd": "run.info.run_id"}),
    )
    yield from _create()
    yield from _change()
    yield from _delete()
    yield from _tags()
    yield from _log_model()


def _create() -> Iterator[Step]:
    exp = {"experiment_id": "${exp}"}
    named_tag = [{"key": "mlflow.runName", "value": "by tag"}]
    yield from on(
        "POST",
        "runs/create",
        case("plain", {**exp, "start_time": 1000, "run_name": "first"}, capture={"run": "run.info.run_id"}),
        case("only experiment", exp, capture={"r2": "run.info.run_id"}),
        case("nothing", {}, capture={"r3": "run.info.run_id"}),
        case("name by tag", {**exp, "tags": named_tag}, capture={"r4": "run.info.run_id"}),
        case("name twice, same", {**exp, "run_name": "by tag", "tags": named_tag}, capture={"r5": "run.info.run_id"}),
        case("name twice, other", {**exp, "run_name": "other", "tags": named_tag}),
        case("user", {**exp, "user_id": "anna", "run_name": "u"}, capture={"r6": "run.info.run_id"}),
        case(
            "tags",
            {**exp, "run_name": "t", "tags": [{"key": "a", "value": "1"}, {"key": "b"}, {"key": "ключ", "value": "é"}]},
            capture={"r7": "run.info.run_id"},
        ),
        case("empty name", {**exp, "run_name": ""}, capture={"r8": "run.info.run_id"}),
        case("blank name", {**exp, "run_name": "  "}, capture={"r9": "run.info.run_id"}),
        case("unicode", {**exp, "run_name": "läuft 🏃"}, capture={"r10": "run.info.run_id"}),
        case("time as text", {**exp, "run_name": "t", "start_time": "2000"}, capture={"r11": "run.info.run_id"}),
        case("time of zero", {**exp, "run_name": "t", "start_time": 0}, capture={"r12": "run.info.run_id"}),
        case(
            "parent",
            {**exp, "run_name": "child", "tags": [{"key": "mlflow.parentRunId", "value": "${run}"}]},
            capture={"r13": "run.info.run_id"},
        ),
        case(
            "long tag",
            {**exp, "run_name": "l", "tags": [{"key": "l", "value": "x" * 8001}]},
            capture={"r14": "run.info.run_id"},
        ),
        case(
            "same tag twice", {**exp, "run_name": "l", "tags": [{"key": "l", "value": "1"}, {"key": "l", "value": "2"}]}
        ),
        named("time", "start_time", -1, 2**63, 1.5, "x", True, [1], 10**16, **exp, run_name="t"),
        named("experiment", "experiment_id", "999", "x", "", 7, "-1", None, run_name="e"),
        named("name", "run_name", 7, ["x"], True, **exp),
        named("user", "user_id", 7, "u" * 256, "u" * 257, **exp, run_name="u"),
        case("tag with a bad key", {**exp, "run_name": "t", "tags": [{"key": "a//b", "value": "v"}]}),
        case("tag without key", {**exp, "run_name": "t", "tags": [{"value": "v"}]}),
        case("tag key of 251", {**exp, "run_name": "t", "tags": [{"key": "k" * 251, "value": "v"}]}),
        case("tags of a wrong type", {**exp, "run_name": "t", "tags": {"a": "b"}}),
        raw("no JSON", "nonsense"),
        raw("text", "{}", "text/plain"),
        case("ajax", {**exp, "run_name": "ajax"}, base="/ajax-api/2.0/mlflow/", capture={"r15": "run.info.run_id"}),
    )
    yield from on(
        "GET",
        "runs/get",
        case("plain", RUN),
        case("by run_uuid", {"run_uuid": "${run}"}),
        case("both", {"run_id": "${run}", "run_uuid": "${run}"}),
        case("two that differ", {"run_id": "${run}", "run_uuid": "${r2}"}),
        case("tags", {"run_id": "${r7}"}),
        case("long tag", {"run_id": "${r14}"}),
        case("unknown", UNKNOWN),
        case("missing"),
        case("empty", {"run_id": ""}),
        case("odd", {"run_id": "../x"}),
        case("long", {"run_id": "r" * 300}),
        case("ajax", RUN, base="/ajax-api/2.0/mlflow/"),
    )


def _change() -> Iterator[Step]:
    yield from on(
        "POST",
        "runs/update",
        case("finish", {**RUN, "status": "FINISHED", "end_time": 5000}),
        case("rename", {**RUN, "run_name": "renamed"}),
        case("nothing", RUN),
        named(
            "status", "status", "SCHEDULED", "FAILED", "KILLED", "RUNNING", "NONSENSE", "finished", 3, 99, ["x"], **RUN
        ),
        named("end", "end_time", 6000, "7000", 0, 8000, **RUN, status="FINISHED"),
        named("end", "end_time", -1, 1.5, "x", 2**63, 10**16, **ODD, status="FINISHED"),
        named("name", "run_name", "", "  ", 7, "zurück", **RUN),
        named("name", "run_name", "n" * 8001, **ODD),
        case("both ids", {**RUN, "run_uuid": "${run}", "status": "FINISHED"}),
        case("by run_uuid", {"run_uuid": "${run}", "status": "FINISHED"}),
        case("unknown", {**UNKNOWN, "status": "FINISHED"}),
        case("no id", {"status": "FINISHED"}),
        case("unknown fields", {**RUN, "colour": 1}),
    )
    yield from on("GET", "runs/get", case("after updates", RUN))


def _delete() -> Iterator[Step]:
    yield from on(
        "POST",
        "runs/create",
        case("to be deleted", {"experiment_id": "${exp}", "run_name": "d"}, capture={"deleted": "run.info.run_id"}),
    )
    yield from on(
        "POST",
        "runs/delete",
        case("plain", DELETED),
        case("again", DELETED),
        case("unknown", UNKNOWN),
        case("no id", {}),
        case("empty id", {"run_id": ""}),
        case("id of a wrong type", {"run_id": 7}),
        case("by run_uuid", {"run_uuid": "${deleted}"}),
    )
    yield from on("GET", "runs/get", case("deleted", DELETED))
    yield from on("POST", "runs/update", case("deleted", {**DELETED, "status": "FINISHED"}))
    yield from on("POST", "runs/log-metric", case("deleted", {**DELETED, "key": "a", "value": 1, "timestamp": 1}))
    yield from on("POST", "runs/log-parameter", case("deleted", {**DELETED, "key": "a", "value": "1"}))
    yield from on("POST", "runs/set-tag", case("deleted", {**DELETED, "key": "a", "value": "1"}))
    yield from on("POST", "runs/delete-tag", case("deleted", {**DELETED, "key": "a"}))
    yield from on(
        "POST",
        "runs/log-batch",
        case("deleted", {**DELETED, "tags": [{"key": "a", "value": "1"}]}),
        case("deleted, nothing to log", DELETED),
    )
    yield from on(
        "POST",
        "runs/restore",
        case("plain", DELETED),
        case("again", DELETED),
        case("unknown", UNKNOWN),
        case("no id", {}),
        case("id of a wrong type", {"run_id": ["x"]}),
        case("by run_uuid", {"run_uuid": "${deleted}"}),
    )
    yield from on("GET", "runs/get", case("restored", DELETED))


def _tags() -> Iterator[Step]:
    yield from on(
        "POST",
        "runs/set-tag",
        case("plain", {**RUN, "key": "colour", "value": "red"}),
        case("other value", {**RUN, "key": "colour", "value": "blue"}),
        case("no value", {**RUN, "key": "empty"}),
        case("unicode", {**RUN, "key": "größe", "value": "大"}),
        case("name", {**RUN, "key": "mlflow.runName", "value": "by set-tag"}),
        case("empty name", {**ODD, "key": "mlflow.runName", "value": ""}),
        case("value of 8001", {**RUN, "key": "long", "value": "x" * 8001}),
        case("both ids", {**RUN, "run_uuid": "${run}", "key": "both", "value": "x"}),
        case("unknown", {**UNKNOWN, "key": "a", "value": "x"}),
        case("no id", {"key": "a", "value": "x"}),
        case("no key", {**RUN, "value": "x"}),
        named(
            "key", "key", "", "a//b", "../x", "/x", ".", "a/", "a(b)", "k" * 250, "k" * 251, 7, "a\nb", "x" * 400, **RUN
        ),
        named("value", "value", 7, True, None, ["x"], "", "\x00", "line\nline", **RUN, key="typed"),
        raw("no JSON", "{"),
        raw("text", "{}", "text/plain"),
    )
    yield from on(
        "POST",
        "runs/delete-tag",
        case("plain", {**RUN, "key": "colour"}),
        case("again", {**RUN, "key": "colour"}),
        case("unknown run", {**UNKNOWN, "key": "colour"}),
        case("no key", RUN),
        case("no id", {"key": "colour"}),
        case("name", {**RUN, "key": "mlflow.runName"}),
        case("key of a wrong type", {**RUN, "key": 7}),
    )
    yield from on("GET", "runs/get", case("after tags", RUN))


MODEL = '{"run_id": "x", "artifact_path": "model", "utc_time_created": "2024-01-01 00:00:00.0", "flavors": {"f": {}}}'


def _log_model() -> Iterator[Step]:
    yield from on(
        "POST",
        "runs/log-model",
        case("plain", {**RUN, "model_json": MODEL}),
        case("second", {**RUN, "model_json": MODEL.replace('"model"', '"other"')}),
        case("unknown", {**UNKNOWN, "model_json": MODEL}),
        case("no JSON", {**RUN, "model_json": "{"}),
        case("without flavors", {**RUN, "model_json": MODEL.replace('"flavors"', '"x"')}),
        case("nothing", {**RUN, "model_json": "{}"}),
        case("no model", RUN),
        case("no run", {"model_json": MODEL}),
        case("wrong type", {**RUN, "model_json": {"a": 1}}),
    )
    yield from on("GET", "runs/get", case("after log-model", RUN))
