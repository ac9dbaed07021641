"""Those who want in by a browser: foreign pages, planted cookies, guesses, doubtful links; and what the log tells."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import pytest
from cli.house import assay, told
from support.server import Answer, Http, Server
from support.visitor import Visitor

from assay.core.guesses import PLACE_TRIES

GOOD, OTHER = "correct horse battery", "staple the battery horse"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = re.compile(r"assay-[A-Za-z0-9_-]{43}")


@dataclass
class Place:
    """A server with an admin, and what was printed when it had none."""

    server: Server
    setup: str

    def visitor(self) -> Visitor:
        return Visitor(self.server.url)

    def logged_in(self, name: str = "ada", password: str = GOOD, onward: str = "/health") -> Visitor:
        visitor = self.visitor()
        _, answer = visitor.submit(visitor.visit(f"/login?next={onward}"), name=name, password=password)
        assert answer.body == b"OK", answer.body
        return visitor

    def basic(self, name: str, password: str, path: str = "/api/v1/me") -> Answer:
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        http = self.server.http()
        try:
            return http.request("GET", path, headers={"Authorization": f"Basic {pair}"})
        finally:
            http.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("login")
    with (folder / "log").open("w+") as log:
        server = Server(folder / "home", options=("--access-log", "--log-format", "json"), log=log).start()
        assert server.process is not None
        assert server.process.stdout is not None
        setup = [server.process.stdout.readline() for _ in range(3)][-1]
        found = Place(server, next(word for word in setup.split() if "/setup/" in word))
        visitor = found.visitor()
        page = visitor.visit(found.setup)
        refused = visitor.submit(page, name="Ada", password="short", again="short")
        assert b"12 to 200" in refused[1].body
        visitor.submit(refused, name="Ada", password=GOOD, again=GOOD, hops=0)
        assert visitor.cookie("assay_session")
        yield found
        server.stop()
        log.seek(0)
        text = log.read()
    lines = [json.loads(line) for line in text.splitlines()]
    assert any(line.get("path") == "/setup/***" for line in lines)
    assert not SECRETS.search(text)
    assert GOOD not in text
    assert base64.b64encode(f"ada:{GOOD}".encode()).decode() not in text


def test_the_printed_link_is_used_up_and_another_tells_nothing(place: Place) -> None:
    visitor = place.visitor()
    bodies = {visitor.visit(path)[1].body for path in (place.setup, "/setup/assay-" + "x" * 43, "/setup/x")}
    assert len(bodies) == 1
    assert visitor.visit(place.setup)[1].status == 404
    assert visitor.cookie("assay_session") is None


def test_the_cookie_of_a_session_is_the_browsers_alone(place: Place) -> None:
    visitor = place.logged_in()
    (told,) = [line for line in visitor.set_cookies if line.startswith("assay_session")]
    assert {part.strip() for part in told.split(";")[1:]} == {"HttpOnly", "Max-Age=604800", "Path=/", "SameSite=strict"}
    page = visitor.ask("GET", "/password")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
    assert b"<script" not in page.body
    assert page.headers["cache-control"] == "no-store"


def test_a_planted_session_is_not_taken_over(place: Place) -> None:
    """Fixation: whatever a browser brings along, its login gives it a session of its own."""
    visitor = place.visitor()
    planted = "assay-" + "p" * 43
    visitor.cookies[urlsplit(visitor.url).netloc, "assay_session"] = planted
    visitor.submit(visitor.visit("/login"), name="ada", password=GOOD, hops=0)
    first = visitor.cookie("assay_session")
    visitor.submit(place.visitor().visit("/login"), name="ada", password=GOOD, hops=0)
    assert first != planted
    again = Visitor(visitor.url, cookies=dict(visitor.cookies))
    page = place.visitor()
    page.cookies = again.cookies
    assert page.ask("GET", "/api/v1/me").status == 200
    stranger = place.visitor()
    stranger.cookies[urlsplit(stranger.url).netloc, "assay_session"] = planted
    assert stranger.ask("GET", "/api/v1/me").status == 401


def test_logging_out_ends_the_session_and_logging_in_again_the_one_before(place: Place) -> None:
    visitor = place.logged_in()
    before = dict(visitor.cookies)
    page = visitor.ask("GET", "/password")
    assert page.status == 200
    origin = {"Origin": visitor.url}
    assert visitor.ask("POST", "/logout", b"", {}).status == 403  # from nowhere that we know
    assert visitor.ask("POST", "/logout", b"", {"Origin": "https://evil.example"}).status == 403
    assert visitor.ask("GET", "/api/v1/me").status == 200
    assert visitor.ask("POST", "/logout", b"", origin).status == 303
    assert visitor.cookie("assay_session") is None
    visitor.cookies = before
    assert visitor.ask("GET", "/api/v1/me").status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "OWN"}, 201),
    ],
)
def test_a_foreign_page_changes_nothing_by_our_cookie(place: Place, headers: dict[str, str], status: int) -> None:
    visitor = place.logged_in()
    sent = {name: value.replace("OWN", visitor.url) for name, value in headers.items()}
    body = json.dumps({"name": f"t{len(headers)}{status}{len(str(headers))}"}).encode()
    answer = visitor.ask("POST", "/api/v1/tokens", body, {"Content-Type": "application/json", **sent})
    assert answer.status == status, answer.body


def test_a_form_is_taken_only_from_its_own_page(place: Place) -> None:
    """Login CSRF: nobody logs somebody else in."""
    fields = {"name": "ada", "password": GOOD, "next": "/"}
    mine, other = place.visitor(), place.visitor()
    token = re.findall(rb'name="form" value="([^"]*)"', mine.visit("/login")[1].body)[0].decode()
    other.visit("/login")
    own = {"Origin": mine.url}
    for visitor, form, headers in (
        (other, {"form": token}, own),  # another browser's
        (mine, {}, own),
        (mine, {"form": ""}, own),
        (mine, {"form": token}, {}),
        (mine, {"form": token}, {"Sec-Fetch-Site": "cross-site"}),
        (mine, {"form": token}, {"Origin": "null"}),
        (place.visitor(), {"form": token}, own),  # no cookie
    ):
        answer = visitor.ask("POST", "/login", urlencode({**fields, **form}).encode(), {**FORM, **headers})
        assert answer.status == 403
        assert visitor.cookie("assay_session") is None
    answer = mine.ask("POST", "/login", urlencode({**fields, "form": token}).encode(), {**FORM, **own})
    assert answer.status == 303
    assert mine.cookie("assay_session")


@pytest.mark.parametrize("body", [b"", b"\xff", b"%ff", b"a=b&" * 30, b"x" * 9_000, b"name=ada"])
@pytest.mark.parametrize("path", ["/login", "/setup/x"])
def test_what_is_no_form_of_ours_is_refused(place: Place, body: bytes, path: str) -> None:
    visitor = place.visitor()
    for kind in (FORM, {"Content-Type": "application/json"}):
        assert visitor.ask("POST", path, body, {**kind, "Origin": visitor.url}).status in (403, 404, 413, 422)


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "/\t/evil.example",
        "/%0d%0aLocation:x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/" + "a" * 3_000,
    ],
)
def test_a_login_leads_nowhere_else(place: Place, onward: str) -> None:
    visitor = place.visitor()
    page = visitor.visit(f"/login?{urlencode({'next': onward})}")
    _, answer = visitor.submit(page, name="ada", password=GOOD, next=onward, hops=0)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert visitor.ask("GET", f"/login?{urlencode({'next': onward})}").headers["location"] == "/"


def test_whoever_opens_a_page_is_led_to_the_login_and_back(place: Place) -> None:
    visitor = place.visitor()
    address, answer = visitor.visit("/metrics?a=%2F")
    assert urlsplit(address).path == "/login"
    address, answer = visitor.submit((address, answer), name="ADA", password=GOOD)
    assert (address, answer.status) == (f"{visitor.url}/metrics?a=%2F", 200)
    for path, headers in (("/api/v1/runs", {}), ("/metrics", {"Accept": "*/*"}), ("/ajax-api/2.0/mlflow/runs/get", {})):
        assert place.visitor().ask("GET", path, headers=headers).status == 401
    far = place.visitor()  # a link in a chat: the browser keeps a strict cookie back at first
    far.cookies = visitor.cookies
    onward = place.visitor().ask("GET", "/login?next=%2Fhealth", headers={"Sec-Fetch-Site": "cross-site"})
    assert b'http-equiv="refresh"' in onward.body
    assert far.visit("/login?next=%2Fhealth")[1].body == b"OK"


def test_no_answer_holds_an_address_that_the_client_chose(place: Place) -> None:
    http: Http = place.server.http()
    for path in ("/login", "/login?next=/x", "/setup/x", "/password", "/runs/x"):
        for name in ("localhost:1", "localhost"):
            headers = {"Host": name, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
            answer = http.request("GET", path, headers={**headers, "Accept": "text/html"})
            assert b"localhost" not in answer.body
            assert "://" not in answer.headers.get("location", "")
            assert "evil" not in str(answer.headers)
            assert "Secure" not in str(answer.headers)
    http.close()


def test_a_password_is_changed_by_who_knows_it_and_sessions_end(place: Place, make_user: Callable[[str], None]) -> None:
    make_user("carol")
    one, two = place.logged_in("carol", GOOD), place.logged_in("carol", GOOD)
    page = one.visit("/password")
    wrong = one.submit(page, old="wrong", password=OTHER, again=OTHER)
    assert wrong[1].status == 401
    assert one.submit(page, old=GOOD, password=OTHER, again=GOOD)[1].status == 422
    one.submit(page, old=GOOD, password=OTHER, again=OTHER, hops=0)
    assert one.ask("GET", "/api/v1/me").status == 200
    assert two.ask("GET", "/api/v1/me").status == 401
    assert (place.basic("carol", GOOD).status, place.basic("carol", OTHER).status) == (401, 200)


@pytest.fixture
def make_user(place: Place) -> Callable[[str], None]:
    """Makes users with a password, as an admin does it at a terminal."""

    def make(name: str) -> None:
        home = ("--home", place.server.home)
        assert assay("users", "create", name, *home).exit_code == 0
        assert assay("workspaces", "grant", "default", "editor", "--user", name, *home).exit_code == 0
        link = assay("users", "invite", name, *home).stdout.strip()
        visitor = place.visitor()
        visitor.submit(visitor.visit(link), password=GOOD, again=GOOD, hops=0)

    return make


def test_mlflow_and_commands_come_by_name_and_password(place: Place, make_user: Callable[[str], None]) -> None:
    make_user("bob")
    search = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert place.basic("bob", GOOD, search).status == 200
    answer = place.basic("bob", "wrong", search)
    assert (answer.status, answer.json["error_code"]) == (401, "UNAUTHENTICATED")
    home = place.server.home.parent / "elsewhere"
    words = ("--home", home)
    url = place.server.url
    from click.testing import CliRunner

    from assay.cli.root import cli

    env = {"ASSAY_URL": url, "ASSAY_TOKEN": None, "ASSAY_HOME": str(home)}
    ran = CliRunner().invoke(cli, ["login", url, "--name", "bob", "--home", str(home)], input=f"{GOOD}\n", env=env)
    assert ran.exit_code == 0, ran.output
    assert (home / "logins.json").stat().st_mode & 0o777 == 0o600
    assert told("runs", "--url", url, "--json", ASSAY_HOME=str(home)) == []
    (token,) = told("tokens", "list", "--url", url, "--json", ASSAY_HOME=str(home))
    assert token["expires_us"]
    assert "assay login" in assay("runs", "--url", url, ASSAY_HOME=str(home / "none")).output
    (home / "logins.json").chmod(0o644)
    assert "can be read by others" in assay("runs", "--url", url, ASSAY_HOME=str(home)).output
    (home / "logins.json").chmod(0o600)
    secret = json.loads((home / "logins.json").read_text())[url]
    assert told("logout", url, *words, "--json") == {"url": url, "ended": True}
    http = place.server.http()
    assert http.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status == 401
    http.close()
    for wrong in ("ftp://x", "http://ml.example.org", "ml.example.org", "https://u:p@h"):
        assert "What to do" in assay("login", wrong, *words).output


def test_guesses_are_answered_alike_and_too_many_no_more(place: Place, make_user: Callable[[str], None]) -> None:
    """By text and by address; that they cost alike, tests/services/test_logins.py shows."""
    make_user("dora")
    assert place.basic("dora", GOOD).status == 200
    with ThreadPoolExecutor(8) as pool:
        names = ["dora", "nobody", "", "a b", "dora\0", "x" * 300, *(f"nobody{n}" for n in range(PLACE_TRIES - 2))]
        answers = list(pool.map(lambda name: place.basic(name, "wrong"), names))
    refused = [answer for answer in answers if answer.status == 401]
    assert len(refused) <= PLACE_TRIES
    assert len({answer.body for answer in refused}) == 1
    late = [answer for answer in answers if answer.status == 429]
    assert len(late) + len(refused) == len(answers)
    assert late
    assert all(1 <= int(answer.headers["retry-after"]) <= 20 for answer in late)
    assert late[0].json["code"] == "too_often"
    assert place.basic("dora", GOOD).status == 200  # what is remembered is not tried
    visitor = place.visitor()
    form = visitor.visit("/login")
    pages = [visitor.submit(form, name="nobody", password="wrong")[1] for _ in range(3)]  # one may have come back
    assert (pages[-1].status, b"Too many passwords" in pages[-1].body) == (429, True)
    assert told("users", "list", "--home", place.server.home, "--json")  # so are tokens
