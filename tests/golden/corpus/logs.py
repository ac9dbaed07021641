"""What runs log: points, params, tags, one by one and in batches; and the histories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from golden.corpus.script import ODD, Case, Step, case, named, on, raw

RUN = {"run_id": "${log}"}
UNKNOWN = {"run_id": "0" * 32}
POINT = {**RUN, "key": "m", "value": 1.0, "timestamp": 10}
KEYS = (
    "",
    ".",
    "..",
    "a//b",
    "../x",
    "/x",
    "a/",
    "a/./b",
    "a(b)",
    "a b",
    "a:b",
    "ü",
    "k" * 250,
    "k" * 251,
    7,
    None,
    ["x"],
)
NUMBERS = (
    0,
    -1.5,
    1e308,
    1e-320,
    "1.5",
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "inf",
    "x",
    "",
    True,
    None,
    [1],
    {"a": 1},
)


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on("POST", "experiments/create", case("for logs", {"name": "logs"}, capture={"logs": "experiment_id"}))
    yield from on(
        "POST",
        "runs/create",
        case("for logs", {"experiment_id": "${logs}", "run_name": "logs"}, capture={"log": "run.info.run_id"}),
        case("for logs, second", {"experiment_id": "${logs}", "run_name": "two"}, capture={"log2": "run.info.run_id"}),
        case("for logs, bare", {"experiment_id": "${logs}", "run_name": "bare"}, capture={"bare": "run.info.run_id"}),
    )
    yield from _metric()
    yield from _param()
    yield from _batch()
    yield from _history()
    yield from _bulk()


def _metric() -> Iterator[Step]:
    plain = {**RUN, "value": 1.0, "timestamp": 10}
    yield from on(
        "POST",
        "runs/log-metric",
        case("plain", POINT),
        case("again", POINT),
        case("with a step", {**POINT, "step": 5, "value": 2}),
        case("negative step", {**POINT, "step": -3}),
        case("run_uuid", {"run_uuid": "${log}", "key": "m", "value": 1.0, "timestamp": 10}),
        case("both ids", {**POINT, "run_uuid": "${log}"}),
        case("unknown", {**POINT, **UNKNOWN}),
        case("no id", {"key": "m", "value": 1, "timestamp": 1}),
        case("no value", {**RUN, "key": "m", "timestamp": 1}),
        case("no timestamp", {**RUN, "key": "m", "value": 1}),
        case("no key", plain),
        case("unknown fields", {**POINT, "colour": "red"}),
        named("key", "key", *KEYS, **plain),
        [
            case(f"value {value!r}", {**_run(value), "key": f"v{i}", "timestamp": 1, "value": value})
            for i, value in enumerate(NUMBERS)
        ],
        [
            case(f"timestamp {value!r}", {**_run(value), "key": f"t{i}", "value": 1, "timestamp": value})
            for i, value in enumerate((0, "7", -1, 1.0, 1.5, 2**53, 2**64, 2**63, "x", "", None, True))
        ],
        [
            case(f"step {value!r}", {**_run(value), "key": f"s{i}", "value": 1, "timestamp": 1, "step": value})
            for i, value in enumerate((0, "7", -(2**63), 2**63 - 1, 2**63, 1.0, 1.5, "x", None, True))
        ],
        case("timestamp of int64's end", {**ODD, "key": "end", "value": 1, "timestamp": 2**63 - 1}),
        case(
            "dataset without model",
            {**RUN, "key": "ds", "value": 1, "timestamp": 1, "dataset_name": "d", "dataset_digest": "x"},
        ),
        raw("NaN as a number", '{"run_id": "${odd}", "key": "nan", "value": NaN, "timestamp": 1}'),
        raw("Infinity as a number", '{"run_id": "${odd}", "key": "inf", "value": -Infinity, "timestamp": 1}'),
        raw("1e999", '{"run_id": "${odd}", "key": "e999", "value": 1e999, "timestamp": 1}'),
        raw("no JSON", "{"),
        raw("text", json.dumps(POINT), "text/plain"),
        case("ajax", {**POINT, "step": 6}, base="/ajax-api/2.0/mlflow/"),
    )


def _param() -> Iterator[Step]:
    yield from on(
        "POST",
        "runs/log-parameter",
        case("plain", {**RUN, "key": "p", "value": "1"}),
        case("again", {**RUN, "key": "p", "value": "1"}),
        case("other value", {**RUN, "key": "p", "value": "2"}),
        case("no value", {**RUN, "key": "none"}),
        case("empty value", {**RUN, "key": "empty", "value": ""}),
        case("unicode", {**RUN, "key": "uni", "value": "日本 🎌"}),
        case("quotes", {**RUN, "key": "q", "value": 'it\'s "x"'}),
        case("quotes, other", {**RUN, "key": "q", "value": "o'ther"}),
        case("6000", {**RUN, "key": "long", "value": "x" * 6000}),
        case("6001", {**RUN, "key": "longer", "value": "y" * 6001}),
        case("6001 again", {**RUN, "key": "longer", "value": "y" * 6001}),
        case("run_uuid", {"run_uuid": "${log}", "key": "p", "value": "1"}),
        case("unknown", {**UNKNOWN, "key": "p", "value": "1"}),
        case("no id", {"key": "p", "value": "1"}),
        case("no key", {**RUN, "value": "1"}),
        named("key", "key", *KEYS, **RUN, value="v"),
        [
            case(f"value {v!r}", {**RUN, "key": f"pv{i}", "value": v})
            for i, v in enumerate((7, 1.5, True, None, [], {}, "a\nb"))
        ],
        raw("no JSON", "{"),
        raw("text", "{}", "text/plain"),
    )


def _run(value: object, good: dict[str, str] = RUN) -> dict[str, str]:
    """The run to log to: another for values that stock alone keeps."""
    return ODD if isinstance(value, (bool, list, dict)) or value in (1.5, 2**63, 2**64, "x", "nan") else good


def _metrics(count: int, **given: Any) -> list[dict[str, Any]]:
    return [{"key": f"b{i}", "value": i, "timestamp": 1, "step": i, **given} for i in range(count)]


def _pairs(count: int, letter: str) -> list[dict[str, Any]]:
    return [{"key": f"{letter}{i}", "value": str(i)} for i in range(count)]


def _batch() -> Iterator[Step]:
    two = {"run_id": "${log2}"}
    yield from on(
        "POST",
        "runs/log-batch",
        case("everything", {**two, "metrics": _metrics(3), "params": _pairs(3, "p"), "tags": _pairs(3, "t")}),
        case("again", {**two, "metrics": _metrics(3), "params": _pairs(3, "p"), "tags": _pairs(3, "t")}),
        case("nothing", two),
        case("empty lists", {**two, "metrics": [], "params": [], "tags": []}),
        case("param changed", {**two, "params": [{"key": "p1", "value": "other"}]}),
        case("two params changed", {**two, "params": [{"key": "p1", "value": "x"}, {"key": "p2", "value": "y"}]}),
        case("same param twice", {**two, "params": [{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]}),
        case("same param twice, other", {**two, "params": [{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]}),
        case("same tag twice", {**two, "tags": [{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]}),
        case("name", {**two, "tags": [{"key": "mlflow.runName", "value": "by batch"}]}),
        case("values left out", {**two, "params": [{"key": "nov"}], "tags": [{"key": "nov"}]}),
        case(
            "long values",
            {**two, "params": [{"key": "lv", "value": "x" * 6001}], "tags": [{"key": "lv", "value": "x" * 8001}]},
        ),
        case("1000 metrics", {**two, "metrics": _metrics(1000, key="many")}),
        case("1001 metrics", {**two, "metrics": _metrics(1001)}),
        case("100 params", {**two, "params": _pairs(100, "x")}),
        case("101 params", {**two, "params": _pairs(101, "x")}),
        case("101 tags", {**two, "tags": _pairs(101, "x")}),
        case("1001 in all", {**two, "metrics": _metrics(901), "params": _pairs(50, "y"), "tags": _pairs(50, "y")}),
        case("unknown", {**UNKNOWN, "metrics": _metrics(1)}),
        case("no id", {"metrics": _metrics(1)}),
        case("run_uuid", {"run_uuid": "${log2}", "metrics": _metrics(1)}),
        case("metric without value", {**two, "metrics": [{"key": "a", "timestamp": 1}]}),
        case("metric without timestamp", {**two, "metrics": [{"key": "a", "value": 1}]}),
        case("metric without key", {**two, "metrics": [{"value": 1, "timestamp": 1}]}),
        case("second metric without timestamp", {**two, "metrics": [*_metrics(1), {"key": "a", "value": 1}]}),
        case("param without key", {**two, "params": [{"value": "x"}]}),
        case("tag without key", {**two, "tags": [{"value": "x"}]}),
        [case(f"metric key {_s(k)}", {**two, "metrics": [{"key": k, "value": 1, "timestamp": 1}]}) for k in KEYS],
        [
            case(f"param key {_s(k)}", {**two, "params": [{"key": k, "value": "1"}]})
            for k in ("a//b", "k" * 251, "a(b)", 7)
        ],
        [case(f"tag key {_s(k)}", {**two, "tags": [{"key": k, "value": "1"}]}) for k in ("a//b", "k" * 251, "a(b)", 7)],
        [
            case(f"metric value {v!r}", {**_run(v, two), "metrics": [{"key": f"bv{i}", "value": v, "timestamp": 1}]})
            for i, v in enumerate(NUMBERS)
        ],
        [
            case(
                f"metric timestamp {v!r}", {**_run(v, two), "metrics": [{"key": f"bt{i}", "value": 1, "timestamp": v}]}
            )
            for i, v in enumerate(("7", -1, 1.5, 2**63, "x", True))
        ],
        [
            case(
                f"metric step {v!r}",
                {**_run(v, two), "metrics": [{"key": f"bs{i}", "value": 1, "timestamp": 1, "step": v}]},
            )
            for i, v in enumerate(("7", -1, 1.5, 2**63, "x", True, None))
        ],
        [
            case(f"{name} of a wrong type {v!r}", {**two, name: v})
            for name in ("metrics", "params", "tags")
            for v in ("x", {"a": 1}, [7], None, [None])
        ],
        raw("no JSON", "{"),
        raw("an array", "[]"),
        raw("text", "{}", "text/plain"),
        case("ajax", {**two, "tags": [{"key": "ajax", "value": "1"}]}, base="/ajax-api/2.0/mlflow/"),
    )
    yield from on("GET", "runs/get", case("after logs", RUN), case("after batches", two))


def _s(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:10]}…{len(text)}"


def _history() -> Iterator[Step]:
    points = [(3.0, 5, 5), (2.0, 5, 5), (9.0, 4, 5), (1.0, 1, 1), ("NaN", 2, 2), (4.0, 3, -1), (4.0, 3, 0)]
    yield from on(
        "POST",
        "runs/log-batch",
        case(
            "for histories",
            {**RUN, "metrics": [{"key": "h", "value": v, "timestamp": t, "step": s} for v, t, s in points]},
        ),
    )
    h = {**RUN, "metric_key": "h"}
    yield from on(
        "GET",
        "metrics/get-history",
        case("plain", h),
        case("first page", {**h, "max_results": 3}, capture={"hpage": "next_page_token"}),
        case("second page", {**h, "max_results": 3, "page_token": "${hpage}"}, capture={"hpage2": "next_page_token"}),
        case("last page", {**h, "max_results": 3, "page_token": "${hpage2}"}),
        case("exactly all", {**h, "max_results": 7}),
        case("steps at the ends", {**RUN, "metric_key": "s2"}),
        case("infinity", {**RUN, "metric_key": "v6"}),
        [case(f"of odd numbers {key}", {**ODD, "metric_key": key}) for key in ("nan", "inf", "e999", "v8", "bv8")],
        case("bad token", {**h, "max_results": 3, "page_token": "garbage"}),
        case("bad token without size", {**h, "page_token": "garbage"}),
        named("size", "max_results", 0, -1, "x", "1.5", 10**6, **h),
        case("by run_uuid", {"run_uuid": "${log}", "metric_key": "h"}),
        case("both ids", {**h, "run_uuid": "${log}"}),
        case("unknown metric", {**RUN, "metric_key": "nobody"}),
        case("unknown run", {**UNKNOWN, "metric_key": "h"}),
        case("no key", RUN),
        case("no run", {"metric_key": "h"}),
        case("empty key", {**RUN, "metric_key": ""}),
        case("ajax", h, base="/ajax-api/2.0/mlflow/"),
    )
    yield from on("GET", "runs/get", case("after the history", RUN))


AJAX = "/ajax-api/2.0/mlflow/"


def _bulk() -> Iterator[Step]:
    def both(name: str, *pairs: tuple[str, object], **given: Any) -> Case:
        return Case(name, [("run_id", "${log}"), ("run_id", "${log2}"), *pairs], base=AJAX, **given)

    yield from on(
        "POST",
        "runs/log-batch",
        case("bulk, one", {**RUN, "metrics": [{"key": "c", "value": i, "timestamp": i, "step": i} for i in range(10)]}),
        case("bulk, two", {"run_id": "${log2}", "metrics": [{"key": "c", "value": -1, "timestamp": 1, "step": 1}]}),
    )
    yield from on(
        "GET",
        "metrics/get-history-bulk",
        both("plain", ("metric_key", "c"), ("max_results", 100), by_run=True),
        Case("one run", [("run_id", "${log2}"), ("metric_key", "c")], base=AJAX),
        Case("a page of one run", [("run_id", "${log}"), ("metric_key", "c"), ("max_results", 4)], base=AJAX),
        both("unknown metric", ("metric_key", "nobody")),
        Case("unknown run", [("run_id", "0" * 32), ("metric_key", "c")], base=AJAX),
        both("no key"),
        Case("no run", [("metric_key", "c")], base=AJAX),
        Case("101 runs", [*(("run_id", f"{i}") for i in range(101)), ("metric_key", "c")], base=AJAX),
        both("size 0", ("metric_key", "c"), ("max_results", 0)),
        both("size x", ("metric_key", "c"), ("max_results", "x")),
        Case("NaN", [("run_id", "${log}"), ("metric_key", "h")], base=AJAX),
        Case("not under api", [("run_id", "${log}"), ("metric_key", "h")]),
    )

    def interval(name: str, *pairs: tuple[str, object], **given: Any) -> Case:
        return Case(name, [("run_ids", "${log}"), ("run_ids", "${log2}"), *pairs], **given)

    yield from on(
        "GET",
        "metrics/get-history-bulk-interval",
        interval("plain", ("metric_key", "c")),
        interval("sampled", ("metric_key", "c"), ("max_results", 3)),
        interval("one point", ("metric_key", "c"), ("max_results", 1)),
        interval("half", ("metric_key", "c"), ("max_results", 5)),
        interval("range", ("metric_key", "c"), ("start_step", 2), ("end_step", 6)),
        interval("range, sampled", ("metric_key", "c"), ("start_step", 2), ("end_step", 8), ("max_results", 2)),
        interval("start only", ("metric_key", "c"), ("start_step", 2)),
        interval("end only", ("metric_key", "c"), ("end_step", 2)),
        interval("end before start", ("metric_key", "c"), ("start_step", 5), ("end_step", 2)),
        interval("unknown metric", ("metric_key", "nobody")),
        interval("no key"),
        Case("one run", [("run_ids", "${log2}"), ("metric_key", "c")]),
        Case("unknown run", [("run_ids", "0" * 32), ("metric_key", "c")]),
        Case("no run", [("metric_key", "c")]),
        Case("101 runs", [*(("run_ids", f"{i}") for i in range(101)), ("metric_key", "c")]),
        [interval(f"size {v}", ("metric_key", "c"), ("max_results", v)) for v in (0, -1, 2500, 2501, "x")],
        interval("ajax", ("metric_key", "c"), base=AJAX),
        interval("NaN", ("metric_key", "h")),
        interval("step x", ("metric_key", "c"), ("start_step", "x"), ("end_step", 2)),
    )
