"""What got into MLflow's servers, tried on ours. docs/explanation/security.md says which advisory each test is for."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.server import API, ROOT, Answer, Http, Server

SECRET = b"planted-secret-that-no-answer-may-hold"
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SCRIPT = "<script>alert(1)</script>"
PUBLIC = {"/", "/health", "/ready", "/metrics", "/version"}
TABLE_ROW = re.compile(r"\| ([A-Z]+) \| `([^`]+)` \|")


@dataclass
class House:
    """A server with users, and what lies around it."""

    server: Server
    http: Http
    secret: Path
    tokens: dict[str, str]
    run_id: str = ""
    model_id: str = ""
    names: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, body: Any = None, who: str = "editor", **headers: str) -> Answer:
        """The answer to a request of somebody; of nobody if he is called so."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who != "nobody":
            sent["Authorization"] = f"Bearer {self.tokens[who]}"
        return self.http.request(method, path, body, sent)

    def experiments(self) -> set[str]:
        """The names of all that there are."""
        found = self.ask("POST", API + "experiments/search", {"max_results": 1_000}).json["experiments"]
        return {item["name"] for item in found}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for all tests of this file: an admin, an editor and a viewer have tokens."""
    folder = tmp_path_factory.mktemp("advisories")
    secret = folder / "secret.txt"
    secret.write_bytes(SECRET)
    server = Server(folder / "home").start()
    http = server.http()
    house = House(server, http, secret, {"home": (server.home / "token").read_text().strip()})
    for role in ("admin", "editor", "viewer"):
        assert house.ask("POST", "/api/v1/users", {"name": role}, "home").status == 201
        change = {"role": role, "user": role}
        assert house.ask("PATCH", "/api/v1/workspaces/default/members", change, "home").status == 200
        made = house.ask("POST", "/api/v1/tokens", {"name": "t", "user": role}, "home")
        house.tokens[role] = made.json["secret"]
    run = house.ask("POST", API + "runs/create", {"experiment_id": "0"}).json
    house.run_id = run["run"]["info"]["run_id"]
    model = house.ask("POST", API + "logged-models", {"experiment_id": "0", "name": "m"}).json
    house.model_id = model["model"]["info"]["model_id"]
    house.names = house.experiments()
    yield house
    http.close()
    server.stop()


def closed(answer: Answer, what: object) -> None:
    """Refused with a code of the 4xx or as not served, and nothing of the secret is told."""
    assert 400 <= answer.status < 500 or answer.status == 501, (what, answer)
    assert SECRET not in answer.body, what
    assert b"root:" not in answer.body, what


SOURCES = [
    "{secret}", "file://{secret}", "file:{secret}", "file://localhost{secret}", "//{secret}", "\\\\host\\share",
    "C:\\Windows\\win.ini", "file:///C:/Windows/win.ini", "..\\..\\secret.txt", "runs:/{run}/../../../secret.txt",
    "mlflow-artifacts:/../../secret.txt", "mlflow-artifacts:/%2e%2e/%2e%2e/secret.txt", "mlflow-artifacts:/a#/../../x",
    "http://127.0.0.1:{port}/x#/../..", "http://127.0.0.1:{port}/;params=../..", "s3://bucket/../../x", "dbfs:/../x",
    "http://127.0.0.1:{port}/x?a=%252e%252e", "ftp://127.0.0.1:{port}/x", "hdfs://127.0.0.1:{port}/x", "",
    "models:/m/../..", "data:text/plain,x", "file:%2f%2f{secret}",
]  # fmt: skip


def test_no_source_of_a_model_is_opened_and_nobody_is_called(house: House) -> None:
    """Whatever a client names as the place of files of a model or run; the tag of a prompt opens no way past that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        places = {"secret": house.secret, "run": house.run_id, "port": listener.getsockname()[1]}
        for number, source in enumerate(SOURCES):
            given = source.format(**places)
            tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}] if number % 2 else []
            house.ask("POST", API + "registered-models/create", {"name": "v", "tags": tags})
            made = {"name": "v", "source": given, "run_id": house.run_id, "tags": tags}
            closed(house.ask("POST", API + "model-versions/create", made), given)
            for path in ("secret.txt", "passwd", "", "x"):
                got = house.ask("GET", f"/model-versions/get-artifact?name=v&version=1&path={path}")
                closed(got, given)
            made = {"experiment_id": "0", "artifact_uri": given, "artifact_location": given, "source": given}
            run = house.ask("POST", API + "runs/create", made).json["run"]["info"]
            assert given == "" or given not in run["artifact_uri"]
            model = house.ask("POST", API + "logged-models", {"name": "m", **made}).json["model"]["info"]
            for path in ("secret.txt", "passwd", "x"):
                closed(house.ask("GET", f"/get-artifact?run_id={run['run_id']}&path={path}"), given)
                place = f"/ajax-api/2.0/mlflow/logged-models/{model['model_id']}/artifacts/files"
                closed(house.ask("GET", f"{place}?artifact_file_path={path}"), given)
            named = {"name": f"at {number}", "artifact_location": given}
            answer = house.ask("POST", API + "experiments/create", named)
            if answer.status == 200:
                inside = {"experiment_id": answer.json["experiment_id"]}
                uid = house.ask("POST", API + "runs/create", inside).json["run"]["info"]["run_id"]
                closed(house.ask("GET", f"/get-artifact?run_id={uid}&path=secret.txt"), given)
                listed = house.ask("GET", API + f"artifacts/list?run_id={uid}")
                assert listed.status >= 400 or listed.json.get("files", []) == [], given
        with pytest.raises(BlockingIOError):
            listener.accept()


# Stock's routes that have been ways in, and that we do not serve.
ABSENT = [
    "/graphql", "/signup", "/api/2.0/mlflow/users/create", "/api/2.0/mlflow/users/create-ui",
    "/api/2.0/mlflow/users/update-admin", "/ajax-api/2.0/mlflow/gateway-proxy", "/api/2.0/mlflow/gateway/secrets",
    "/gateway/x/mlflow/invocations", "/ajax-api/3.0/mlflow/gateway/secrets/create", "/ajax-api/3.0/jobs",
    "/api/3.0/mlflow/traces", "/v1/traces", "/api/3.0/mlflow/assessments", "/api/2.0/mlflow/webhooks",
    "/api/3.0/mlflow/label-schemas", "/ajax-api/3.0/mlflow/assistant/message", "/api/3.0/mlflow/scorers/register",
    "/api/2.0/mlflow/registered-models/create", "/api/2.0/mlflow/model-versions/create",
    "/model-versions/get-artifact", "/ajax-api/2.0/mlflow/get-trace-artifact", "/api/2.0/dbfs/get",
]  # fmt: skip


def test_what_we_do_not_serve_is_no_way_in(house: House) -> None:
    """GraphQL, sign-up, gateway, jobs, traces, webhooks, assistant: not even an admin of the server finds one."""
    body = {"name": "x", "username": "x", "password": "x" * 20, "gateway_path": "http://169.254.169.254/", "url": "x"}
    for path in ABSENT:
        for method in ("GET", "POST", "PUT", "DELETE"):
            for who in ("nobody", "editor", "home"):
                answer = house.ask(method, path, body if method in ("POST", "PUT") else None, who)
                assert answer.status in (401, 404, 405), (method, path, who, answer)
    people = house.ask("GET", "/api/v1/users", None, "home").json["users"]
    assert {user["name"] for user in people} == {"admin", "editor", "viewer"}


def served() -> list[tuple[str, str]]:
    """Every route on the generated pages, with something in place of what it names."""
    found = []
    for page, prefixes in (
        ("mlflow-routes.md", ("/api/2.0/", "/ajax-api/2.0/", "/api/3.0/", "/ajax-api/3.0/")),
        ("native-routes.md", ("",)),
    ):
        for method, path in TABLE_ROW.findall((ROOT / "docs/reference" / page).read_text()):
            filled = re.sub(r"\{[^}]+\}", "1", path)
            found += [(method, filled)] if path.startswith("/") else [(method, base + filled) for base in prefixes]
    return found


def test_who_says_nothing_gets_nothing(house: House) -> None:
    """Every route of every dialect, in each of its forms, asks who calls; so do disguises of their paths."""
    routes = served()
    assert len(routes) > 200
    for method, path in routes:
        if path in PUBLIC:
            continue
        answer = house.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None, "nobody")
        assert answer.status == 401, (method, path, answer)
    for path in (
        "//api/2.0/mlflow/experiments/search", "/API/2.0/mlflow/experiments/search", "/health/../api/v1/runs",
        "/version/../api/v1/runs", "/api/v1/./runs", "/api/v1/runs/", "/api/v1%2fruns", "/static/../api/v1/runs",
        "/static-prefix/api/v1/runs", "/api/2.0/mlflow/../mlflow/experiments/search", "/health;/api/v1/runs",
    ):  # fmt: skip
        assert house.ask("GET", path, None, "nobody").status in (401, 404, 405), path
    forged = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "admin", "X-Real-IP": "127.0.0.1"}
    forged |= {"Forwarded": "for=127.0.0.1", "X-Remote-User": "admin"}
    assert house.http.request("GET", "/api/v1/runs", headers=forged).status == 401


@pytest.mark.parametrize("pair", ["admin:password1234", "admin:password", "admin:", ":", "mlflow:mlflow", "home:"])
def test_there_is_no_default_password(house: House, pair: str) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    assert house.http.request("GET", "/api/v1/runs", headers=basic).status == 401


def test_a_viewer_changes_no_file(house: House) -> None:
    """Neither through the proxy of artifacts, nor in parts, nor as a web page sends it, nor by a presigned address."""
    place = f"{PROXY}/0/{house.run_id}/artifacts/kept.txt"
    assert house.ask("PUT", place, b"kept").status == 200
    parts = {"path": "kept.txt", "num_parts": 1, "upload_id": "x", "parts": []}
    mpu = f"/api/2.0/mlflow-artifacts/mpu/{{}}/0/{house.run_id}/artifacts/kept.txt"
    ajax = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={house.run_id}&path=kept.txt"
    presigned = API + "artifacts/presigned-upload-url"
    for who, status in (("viewer", 403), ("nobody", 401)):
        for method, path, body in (
            ("PUT", place, b"other"),
            ("DELETE", place, None),
            ("POST", ajax, b"other"),
            ("POST", presigned, {"run_id": house.run_id, "path": "kept.txt"}),
            *(("POST", mpu.format(step), parts) for step in ("create", "complete", "abort")),
            ("POST", API + "runs/delete", {"run_id": house.run_id}),
        ):
            answer = house.ask(method, path, body, who)
            assert answer.status == status, (who, method, path, answer)
    assert house.ask("GET", place, None, "viewer").body == b"kept"


def test_what_a_form_can_send_is_no_order(house: House) -> None:
    """A page elsewhere can make a browser send such bodies without asking first: nothing is made of them."""
    body = json.dumps({"name": "planted", "experiment_id": "0"}).encode()
    for path in (API + "experiments/create", "/ajax-api/2.0/mlflow/experiments/create", "/api/v1/experiments"):
        for kind in (*FORMS, ""):
            assert house.ask("POST", path, body, Content_Type=kind).status in (400, 415, 422), (path, kind)
    assert "planted" not in house.experiments()


def test_nothing_that_was_sent_comes_back_as_a_page(house: House) -> None:
    """Headers, paths, names and files with scripts in them: answers are JSON, or a download in a sandbox."""
    for answer in (
        house.ask("POST", API + "experiments/create", b"{}", Content_Type=SCRIPT),
        house.ask("POST", API + "runs/create", b"{}", Content_Type=f"application/json{SCRIPT}"),
        house.ask("GET", f"/get-artifact?run_id={house.run_id}&path={SCRIPT}"),
        house.ask("GET", API + f"runs/get?run_id={SCRIPT}"),
        house.ask("GET", "/api/v1/runs", X_Request_Id=SCRIPT),
    ):
        assert not answer.headers["content-type"].startswith("text/html"), answer
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert SCRIPT not in str(answer.headers)
    for name in ("page.html", "image.svg", "MLmodel.xhtml"):
        assert house.ask("PUT", f"{PROXY}/0/{house.run_id}/artifacts/{name}", SCRIPT.encode()).status == 200
        for place in (f"/get-artifact?run_id={house.run_id}&path={name}", f"{PROXY}/0/{house.run_id}/artifacts/{name}"):
            headers = house.ask("GET", place).headers
            assert headers["content-disposition"].startswith("attachment"), headers
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("size", [501, 100_000, 5_000_000])
def test_a_name_without_end_is_refused(house: House, size: int) -> None:
    for fields in ({"name": "n" * size}, {"name": "n", "artifact_location": "s3://b/" + "x" * (size + 2_048)}):
        answer = house.ask("POST", API + "experiments/create", fields)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert len(answer.body) < 2_000


def test_a_name_is_compared_as_it_is(house: House) -> None:
    """A name that looks like another one in an address is another name; what is meant is said by an id."""
    pair = ("a%2Fb", "a%252Fb")
    for name in pair:
        assert house.ask("POST", API + "experiments/create", {"name": name}).status == 200
    ids = {
        house.http.request(
            "GET",
            API + "experiments/get-by-name",
            headers={"Authorization": f"Bearer {house.tokens['viewer']}"},
            experiment_name=name,
        ).json["experiment"]["experiment_id"]
        for name in pair
    }
    assert len(ids) == 2
    for name in (
        "ADMIN",
        "Admin",
        "admin ",
        "admin\u200b",
        "%61dmin",
    ):  # an account is found by its name: none is another's
        answer = house.ask("POST", "/api/v1/users", {"name": name}, "home")
        assert answer.status in (409, 422), answer


def test_a_pickle_is_bytes(house: House, tmp_path: Path) -> None:
    """A file that would run a program when it is loaded is kept, listed and given back, and runs nothing."""
    marker = tmp_path / "ran"
    evil = f"cposix\nsystem\n(S'touch {marker}'\ntR.".encode()
    for name in ("model/python_model.pkl", "model/model.joblib", "model/MLmodel"):
        place = f"{PROXY}/0/{house.run_id}/artifacts/{name}"
        assert house.ask("PUT", place, evil).status == 200
        assert house.ask("GET", place).body == evil
    assert house.ask("GET", API + f"artifacts/list?run_id={house.run_id}&path=model").status == 200
    assert not marker.exists()


def test_a_token_lies_nowhere(house: House) -> None:
    """The catalog has its SHA-256, by which it is looked up, and nothing in the home has the token itself."""
    token = house.tokens["editor"].encode()
    for path in house.server.home.rglob("*"):
        if path.is_file() and path.name != "token":
            assert token not in path.read_bytes(), path
    with closing(sqlite3.connect(house.server.home / "assay.db")) as connection:
        kept = connection.execute("SELECT digest FROM access_token").fetchall()
    digest = sha256(token).hexdigest()
    assert any(value in (digest, bytes.fromhex(digest)) for (value,) in kept)


def test_a_workspace_of_others_is_like_none(house: House) -> None:
    """Its name cannot be found out: the answer is that to a name which nobody has."""
    assert house.ask("POST", "/api/v1/workspaces", {"name": "hidden"}, "home").status == 201
    answers = []
    for name in ("hidden", "nobody"):
        native = house.ask("GET", "/api/v1/runs", Assay_Workspace=name)
        mlflow = house.ask("POST", API + "experiments/search", {"max_results": 1}, X_MLFLOW_WORKSPACE=name)
        read = house.ask("GET", f"/api/v1/workspaces/{name}")
        answers.append([(a.status, a.body.replace(name.encode(), b"")) for a in (native, mlflow, read)])
        answers[-1] = [(status, re.sub(rb'"request_id":"[^"]*"', b"", body)) for status, body in answers[-1]]
    assert answers[0] == answers[1]
    assert {status for status, _ in answers[0]} == {404}


LOADERS = {
    "pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "torch", "yaml", "jinja2", "mako",
    "zipfile", "xml", "runpy",
}  # fmt: skip
CALLS = {"eval", "exec", "system", "popen", "extractall", "getoutput", "mktemp"}
SERVING = ("core", "wire", "ports", "stores", "blobs", "services", "dialects", "server")


def faults(tree: ast.AST) -> list[str]:
    """What a module has that a server must not: loaders that run what they load, templates, shells."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [item.name for item in node.names if item.name in LOADERS]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if node.module in LOADERS else []
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            shell = [item for item in node.keywords if item.arg == "shell"]
            found += [name] if name in CALLS or shell else []
    return found


def test_the_server_has_no_loader_template_or_shell() -> None:
    """No module of it can unpickle, unpack an archive into a folder, fill a template, or build a command of text."""
    files = [path for package in SERVING for path in (ROOT / "src/assay" / package).rglob("*.py")]
    assert len(files) > 100
    wrong = {str(path): found for path in files if (found := faults(ast.parse(path.read_text())))}
    assert wrong == {}
    assert faults(ast.parse("import pickle\nimport yaml\nos.system('x')\nrun('x', shell=True)\n")) == [
        "pickle", "yaml", "system", "run",
    ]  # fmt: skip


def test_nobody_else_reads_what_the_server_keeps(tmp_path: Path) -> None:
    """Whatever the umask: its home is closed to other accounts, and in the folder of temporary files nothing stays."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = os.umask(0)
    try:
        server = Server(tmp_path / "home", (), {"TMPDIR": str(temporary)}).start()
    finally:
        os.umask(before)
    try:
        with closing(server.http()) as http:
            for number, size in enumerate((10, 6 << 20)):
                assert http.request("PUT", f"{PROXY}/f{number}", b"x" * size).status == 200
            assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
            for path in (*server.home.glob("token*"), *server.home.glob("server-key*"), *temporary.rglob("*")):
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    finally:
        server.stop()
    assert list(temporary.iterdir()) == []
