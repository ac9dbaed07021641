"""Logging in at a real OpenID provider: from the button to the session, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cli.house import assay, told
from support.provider import SECRET, provider
from support.server import Answer, Server
from support.visitor import Visitor


@dataclass
class Place:
    """A server at which people log in by a provider."""

    server: Server
    issuer: str

    def arrive(self, login: str, onward: str = "/health", visitor: Visitor | None = None) -> tuple[str, Answer]:
        """Where somebody arrives who logs in at the provider."""
        visitor = visitor or Visitor(self.server.url)
        page = visitor.visit(f"/login/oidc?{urlencode({'next': onward})}")
        assert page[0].startswith(self.issuer)
        page = visitor.submit(page, login=login, password="any")
        return visitor.submit(page)

    def sent_back(self, login: str) -> tuple[Visitor, str]:
        """Somebody whom the provider sends back, and the address that he has not visited yet."""
        visitor = Visitor(self.server.url)
        page = visitor.submit(visitor.visit("/login/oidc"), login=login, password="any")
        address, answer = visitor.submit(page, hops=0)
        while not answer.headers["location"].startswith(self.server.url):
            address = answer.headers["location"]
            answer = visitor.ask("GET", address)
        return visitor, answer.headers["location"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("oidc")
    secret = folder / "secret"
    secret.write_text(f"{SECRET}\n")
    with provider() as issuer:
        options = ["--oidc-issuer", issuer, "--oidc-client-id", "assay", "--oidc-client-secret-file", str(secret)]
        server = Server(folder / "home", options=[*options, "--oidc-group", "ml-team=ml"]).start()
        yield Place(server, issuer)
        server.stop()


def test_the_first_login_makes_the_user_and_his_groups(place: Place) -> None:
    visitor = Visitor(place.server.url)
    assert visitor.ask("GET", "/api/v1/runs").status == 401  # nobody is in yet, and it is no open house
    page = visitor.visit("/login?next=/health")
    assert f"Log in with {urlsplit(place.issuer).hostname}".encode() in page[1].body
    address, answer = place.arrive("ada", visitor=visitor)
    assert (address, answer.body) == (f"{place.server.url}/health", b"OK")
    me = visitor.ask("GET", "/api/v1/me").json
    assert (me["name"], me["how"], me["is_admin"]) == ("ada", "oidc", False)
    told_of = [line for line in visitor.set_cookies if line.startswith(("assay_session", "assay_oidc"))]
    assert [line.split("=")[0] for line in told_of] == ["assay_oidc", "assay_session", "assay_oidc"]
    assert "SameSite=lax" in told_of[0]
    assert "SameSite=strict" in told_of[1]
    home = ("--home", place.server.home, "--json")
    assert [item["name"] for item in told("groups", "show", "ml", *home)["members"]] == ["ada"]
    assert told("groups", "list", *home) == ["ml"]
    assert [item["email"] for item in told("users", "list", *home) if item["name"] == "ada"] == ["ada@example.com"]
    again = Visitor(place.server.url)
    place.arrive("ada", visitor=again)
    assert again.ask("GET", "/api/v1/me").json["name"] == "ada"


def test_what_the_provider_says_of_somebody_may_not_be_enough(place: Place) -> None:
    home = ("--home", place.server.home)
    assert assay("users", "create", "root", "--admin", *home).exit_code == 0
    _, answer = place.arrive("eve")  # who calls himself so there
    assert (answer.status, b"belongs to another account" in answer.body) == (403, True)
    _, answer = place.arrive("dot")
    assert (answer.status, b"no name" in answer.body) == (422, True)
    _, answer = place.arrive("nameless")
    assert (answer.status, b"does not say your preferred_username" in answer.body) == (403, True)
    place.arrive("bob")
    assert [item["email"] for item in told("users", "list", *home, "--json") if item["name"] == "bob"] == [""]
    assert assay("users", "disable", "bob", *home).exit_code == 0
    _, answer = place.arrive("bob")
    assert (answer.status, b"disabled" in answer.body) == (403, True)


def test_only_the_browser_that_left_comes_back_and_once(place: Place) -> None:
    visitor, back = place.sent_back("ada")
    parts = urlsplit(back)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}

    def path(**changed: str | None) -> str:
        query = {name: value for name, value in {**given, **changed}.items() if value is not None}
        return f"{parts.path}?{urlencode(query)}"

    other = Visitor(place.server.url)
    assert other.ask("GET", back).status == 403  # login CSRF: another's code
    other.visit("/login/oidc", hops=0)
    assert other.ask("GET", back).status == 403
    for changed in (
        {"state": None},
        {"state": ""},
        {"state": given["state"][:-1] + "-"},
        {"code": None},
        {"code": "x" * 5_000},
        {"iss": "https://evil.example"},
        {"error": "access_denied<script>"},
    ):
        answer = visitor.ask("GET", path(**changed))
        assert answer.status == 403, changed
        assert b"<script>" not in answer.body
    assert visitor.ask("GET", path(code="wrong")).status == 503  # the provider refuses it
    assert visitor.cookie("assay_session") is None
    assert visitor.ask("GET", back).status == 200
    session = visitor.cookie("assay_session")
    assert session
    assert visitor.ask("GET", back).status == 403  # the browser has forgotten that it left
    assert visitor.cookie("assay_session") == session


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example", "/x\r\ny"])
def test_a_login_at_a_provider_leads_nowhere_else(place: Place, onward: str, tmp_path: Path) -> None:
    visitor = Visitor(place.server.url)
    page = visitor.visit(f"/login/oidc?{urlencode({'next': onward})}")
    page = visitor.submit(page, login="ada", password="any")
    address, answer = visitor.submit(page, hops=6)
    assert urlsplit(address).netloc == urlsplit(place.server.url).netloc
    assert b"evil" not in answer.body
