"""Files: the proxy, the listings, and what a local store cannot do."""

from __future__ import annotations

from collections.abc import Iterator

from golden.corpus.script import Case, Step, case, on, raw

PROXY = "/api/2.0/mlflow-artifacts/"
UNKNOWN = "0" * 32
ODDITIES = "${odds}/${odd}/artifacts/"  # where nothing is listed
BAD = (
    "../x",
    "a/../x",
    "a/../../x",
    "%2e%2e/x",
    "a/%2e%2e/x",
    "%252e%252e/x",
    "a%2f..%2fx",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc/passwd",
    "C:/x",
    "C:%5Cx",
    "a%5C..%5Cx",
    "a%5Cb",
    "a%23b",
    "a%00b",
    "./x",
    "a/./x",
    "a//b",
    "file:///etc/passwd",
)


def steps() -> Iterator[Step]:
    """All cases."""
    yield from on("POST", "experiments/create", case("for files", {"name": "files"}, capture={"fexp": "experiment_id"}))
    yield from on(
        "POST",
        "runs/create",
        case("for files", {"experiment_id": "${fexp}", "run_name": "f"}, capture={"frun": "run.info.run_id"}),
        case("for files, none", {"experiment_id": "${fexp}", "run_name": "n"}, capture={"nrun": "run.info.run_id"}),
    )
    yield from on(
        "POST",
        "logged-models",
        case("for files", {"experiment_id": "${fexp}", "name": "f"}, capture={"fmodel": "model.info.model_id"}),
    )
    yield from _put()
    yield from _get()
    yield from _list()
    yield from _get_artifact()
    yield from _browsers()
    yield from _unsupported()
    yield from _delete()


def _file(name: str, body: bytes, tail: str, kind: str | None = None) -> Case:
    return Case(name, raw=body, headers={"Content-Type": kind} if kind else {}, base=PROXY, tail=tail)


def _put() -> Iterator[Step]:
    home = "${fexp}/${frun}/artifacts/"
    yield from on(
        "PUT",
        "artifacts/",
        _file("plain", b"hello\nworld\n", home + "notes.txt", "text/plain"),
        _file("in a folder", b"\x89PNG\r\n\x1a\n", home + "plots/a.png", "image/png"),
        _file("deep", b"{}", home + "a/b/c/d.json"),
        _file("empty", b"", home + "empty.bin"),
        _file("over another", b"hello again\n", home + "notes.txt"),
        _file("blank in the name", b"x", home + "a%20b.txt"),
        _file("unicode", b"x", home + "gr%C3%B6%C3%9Fe%20%E6%97%A5.txt"),
        _file("percent", b"x", home + "100%25.txt"),
        _file("plus", b"x", home + "a+b.txt"),
        _file("JSON with its type", b'{"a": 1}', home + "data.json", "application/json"),
        _file("no suffix", b"MIT", home + "LICENSE"),
        _file("html", b"<script>1</script>", home + "page.html"),
        _file("of a model", b"weights", "${fexp}/models/${fmodel}/artifacts/model/weights.bin"),
        _file("of no run", b"loose", "loose/file.txt"),
        _file("of an unknown run", b"lost", f"${{fexp}}/{UNKNOWN}/artifacts/x.txt"),
        _file("to be a file's folder", b"x", ODDITIES + "notes.txt"),
        _file("over a folder", b"x", home + "plots"),
        _file("below a file", b"x", ODDITIES + "notes.txt/below"),
        _file("no path", b"x", ""),
        [_file(f"path {path}", b"x", path) for path in BAD],
        [_file(f"path in the run {path}", b"x", home + path) for path in BAD[:6]],
        _file("long name", b"x", ODDITIES + "n" * 300),
    )


def _got(name: str, tail: str, **headers: str) -> Case:
    return Case(name, headers={k.replace("_", "-"): v for k, v in headers.items()}, base=PROXY, tail=tail)


def _get() -> Iterator[Step]:
    home = "${fexp}/${frun}/artifacts/"
    yield from on(
        "GET",
        "artifacts/",
        _got("plain", home + "notes.txt"),
        _got("in a folder", home + "plots/a.png"),
        _got("deep", home + "a/b/c/d.json"),
        _got("empty", home + "empty.bin"),
        _got("blank in the name", home + "a%20b.txt"),
        _got("unicode", home + "gr%C3%B6%C3%9Fe%20%E6%97%A5.txt"),
        _got("percent", home + "100%25.txt"),
        _got("plus", home + "a+b.txt"),
        _got("no suffix", home + "LICENSE"),
        _got("html", home + "page.html"),
        _got("of a model", "${fexp}/models/${fmodel}/artifacts/model/weights.bin"),
        _got("of no run", "loose/file.txt"),
        _got("range", home + "notes.txt", Range="bytes=0-4"),
        _got("range to the end", home + "notes.txt", Range="bytes=6-"),
        _got("last bytes", home + "notes.txt", Range="bytes=-3"),
        _got("range beyond the end", home + "notes.txt", Range="bytes=100-200"),
        _got("range that is none", home + "notes.txt", Range="lines=1-2"),
        _got("missing", home + "nobody.txt"),
        _got("folder", home + "plots"),
        _got("root of a run", home),
        _got("missing run", f"${{fexp}}/{UNKNOWN}/artifacts/nobody.txt"),
        [_got(f"path {path}", path) for path in BAD],
        Case("ajax", base="/ajax-api/2.0/mlflow-artifacts/", tail=home + "notes.txt"),
    )


def _list() -> Iterator[Step]:
    home = "${fexp}/${frun}/artifacts"
    plain = ["../x", "a/../../x", "%2e%2e/x", "/etc", "//etc", "C:\\x", "a\\b", "a#b", "file:///etc", "./plots", "."]
    yield from on(
        "GET",
        "artifacts",
        Case("root of a run", {"path": home}, base=PROXY),
        Case("slash at the end", {"path": home + "/"}, base=PROXY),
        Case("folder", {"path": home + "/plots"}, base=PROXY),
        Case("deep", {"path": home + "/a/b"}, base=PROXY),
        Case("file", {"path": home + "/notes.txt"}, base=PROXY),
        Case("missing", {"path": home + "/nobody"}, base=PROXY),
        Case("empty run", {"path": "${fexp}/${nrun}/artifacts"}, base=PROXY),
        Case("of a model", {"path": "${fexp}/models/${fmodel}/artifacts"}, base=PROXY),
        Case("of no run", {"path": "loose"}, base=PROXY),
        [Case(f"path {path}", {"path": path}, base=PROXY) for path in plain],
        Case("ajax", {"path": home}, base="/ajax-api/2.0/mlflow-artifacts/"),
    )
    run = {"run_id": "${frun}"}
    yield from on(
        "GET",
        "artifacts/list",
        case("root", run),
        case("empty path", {**run, "path": ""}),
        case("folder", {**run, "path": "plots"}),
        case("slash at the end", {**run, "path": "plots/"}),
        case("deep", {**run, "path": "a/b"}),
        case("file", {**run, "path": "notes.txt"}),
        case("missing", {**run, "path": "nobody"}),
        case("nothing", {"run_id": "${nrun}"}),
        case("by run_uuid", {"run_uuid": "${frun}"}),
        case("unknown", {"run_id": UNKNOWN}),
        case("no run"),
        [case(f"path {path}", {**run, "path": path}) for path in plain],
        case("ajax", run, base="/ajax-api/2.0/mlflow/"),
    )
    yield from on(
        "GET",
        "logged-models/${fmodel}/artifacts/directories",
        case("root"),
        case("folder", {"artifact_directory_path": "model"}),
        case("missing", {"artifact_directory_path": "nobody"}),
        case("empty path", {"artifact_directory_path": ""}),
        case("outside", {"artifact_directory_path": "../x"}),
        case("absolute", {"artifact_directory_path": "/etc"}),
        case("file", {"artifact_directory_path": "model/weights.bin"}),
    )
    yield from on(
        "GET",
        "logged-models/m-00000000000000000000000000000000/artifacts/directories",
        case("unknown"),
    )


def _get_artifact() -> Iterator[Step]:
    run = {"run_uuid": "${frun}"}
    yield from on(
        "GET",
        "/get-artifact",
        case("plain", {**run, "path": "notes.txt"}),
        case("by run_id", {"run_id": "${frun}", "path": "notes.txt"}),
        case("in a folder", {**run, "path": "plots/a.png"}),
        case("html", {**run, "path": "page.html"}),
        case("missing", {**run, "path": "nobody"}),
        case("folder", {**run, "path": "plots"}),
        case("unknown", {"run_uuid": UNKNOWN, "path": "x"}),
        case("no path", run),
        case("no run", {"path": "notes.txt"}),
        case("outside", {**run, "path": "../x"}),
        case("absolute", {**run, "path": "/etc/passwd"}),
    )


def _browsers() -> Iterator[Step]:
    ajax = "/ajax-api/2.0/mlflow/"

    def sent(name: str, query: str, body: bytes = b"from a browser") -> Case:
        return Case(name, raw=body, headers={"Content-Type": "text/plain"}, base=ajax, tail=query)

    yield from on(
        "POST",
        "upload-artifact",
        sent("plain", "?run_uuid=${frun}&path=sent/a.txt"),
        sent("over", "?run_uuid=${frun}&path=sent/a.txt", b"again"),
        sent("no run", "?path=sent/a.txt"),
        sent("no path", "?run_uuid=${frun}"),
        sent("no data", "?run_uuid=${frun}&path=sent/b.txt", b""),
        sent("too large", "?run_uuid=${frun}&path=sent/b.txt", bytes(10 * 1024 * 1024 + 1)),
        sent("unknown", f"?run_uuid={UNKNOWN}&path=sent/a.txt"),
        sent("outside", "?run_uuid=${frun}&path=../x"),
        sent("absolute", "?run_uuid=${frun}&path=/etc/x"),
    )
    yield from on("GET", "/get-artifact", case("sent", {"run_uuid": "${frun}", "path": "sent/a.txt"}))
    file = "artifact_file_path"
    yield from on(
        "GET",
        "logged-models/${fmodel}/artifacts/files",
        case("plain", {file: "model/weights.bin"}, base=ajax),
        case("missing", {file: "model/nobody"}, base=ajax),
        case("no path", base=ajax),
        case("outside", {file: "../x"}, base=ajax),
        case("absolute", {file: "/etc/passwd"}, base=ajax),
    )
    yield from on(
        "GET",
        "logged-models/m-00000000000000000000000000000000/artifacts/files",
        case("unknown", {file: "x"}, base=ajax),
    )


def _unsupported() -> Iterator[Step]:
    home = "${fexp}/${frun}/artifacts"
    good = {
        "create": {"path": "x.bin", "num_parts": 2},
        "complete": {"path": "x.bin", "upload_id": "u", "parts": [{"part_number": 1, "etag": "e", "url": "u"}]},
        "abort": {"path": "x.bin", "upload_id": "u"},
    }
    for name, fields in good.items():
        yield from on(
            "POST",
            f"mpu/{name}/",
            Case("plain", fields, base=PROXY, tail=home),
            Case("nothing", {}, base=PROXY, tail=home),
            Case("no path", {k: v for k, v in fields.items() if k != "path"}, base=PROXY, tail=home),
            Case("outside", fields, base=PROXY, tail="../x"),
            raw("text", "{}", "text/plain", base=PROXY, tail=home),
        )
    yield from on(
        "GET",
        "presigned/",
        Case("plain", base=PROXY, tail=home + "/notes.txt"),
        Case("missing", base=PROXY, tail=home + "/nobody"),
        Case("outside", base=PROXY, tail="../x"),
        Case("absolute", base=PROXY, tail="/etc/passwd"),
        Case("encoded", base=PROXY, tail="%2e%2e/x"),
    )
    run = {"run_id": "${frun}", "path": "notes.txt"}
    for route in ("artifacts/presigned-upload-url", "artifacts/presigned-download-url"):
        yield from on(
            "POST",
            route,
            case("plain", run),
            case("no path", {"run_id": "${frun}"}),
            case("no run", {"path": "x"}),
            case("unknown run", {**run, "run_id": UNKNOWN}),
            case("outside", {**run, "path": "../x"}),
            case("expiration", {**run, "expiration": 0}),
            raw("text", "{}", "text/plain"),
        )


def _delete() -> Iterator[Step]:
    home = "${fexp}/${frun}/artifacts/"
    yield from on(
        "DELETE",
        "artifacts/",
        _got("plain", home + "LICENSE"),
        _got("again", home + "LICENSE"),
        _got("folder", home + "plots"),
        _got("missing", home + "nobody"),
        _got("of no run", "loose/file.txt"),
        [_got(f"path {path}", path) for path in BAD[:14]],
    )
    yield from on("GET", "artifacts/", _got("deleted", home + "LICENSE"))
    yield from on("GET", "artifacts/list", case("after deletes", {"run_id": "${frun}"}))
