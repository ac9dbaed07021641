"""`assay users`, `groups`, `tokens` and `workspaces` against a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cli.house import assay, refused, told
from support.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("accounts") / "home").start()
    yield running
    running.stop()


def test_a_team_is_set_up_at_a_terminal(server: Server) -> None:
    home = ("--home", server.home)
    assert told("runs", "--url", server.url) == []  # everybody may, as long as there are no users
    assert "is a user" in assay("users", "create", "Ada", "--admin", *home).output
    for words in (
        ("users", "create", "bob", "--email", "bob@example.com"),
        ("users", "create", "ci", "--service"),
        ("groups", "create", "data science"),
        ("groups", "add", "data science", "bob", "ci"),
        ("workspaces", "create", "risk"),
        ("workspaces", "grant", "risk", "editor", "--group", "data science"),
    ):
        assert assay(*words, *home).exit_code == 0, words
    assert [item["name"] for item in told("users", "list", *home, "--json")] == ["ada", "bob", "ci"]
    assert told("groups", "list", *home, "--json") == ["data science"]
    assert "bob" in assay("groups", "show", "data science", *home).output
    assert "service" in assay("users", "list", *home).output
    secret = assay(
        "tokens", "create", "laptop", "--user", "bob", "--role", "editor", "--days", "7", *home
    ).stdout.strip()
    bob = {"ASSAY_URL": server.url, "ASSAY_TOKEN": secret}
    assert [item["role"] for item in told("workspaces", "list", "--json", **bob)] == ["editor"]
    assert told("runs", ASSAY_WORKSPACE="risk", **bob) == []
    assert "Workspace 'default' not found" in refused("runs", **bob)
    assert "asks who you are" in refused("runs", "--url", server.url)
    assert "may not manage a user" in refused("users", "list", **bob)
    assert "may not change the members of" in refused("workspaces", "members", "risk", **bob)
    (token,) = told("tokens", "list", "--json", **bob)
    assert (token["name"], token["cap"], token["workspace"]) == ("laptop", "editor", None)
    assert "laptop" in assay("tokens", "list", **bob).output
    assert "limited makes no tokens" in refused("tokens", "create", "more", **bob)
    assert assay("tokens", "revoke", token["id"], **bob).exit_code == 0
    assert "was revoked" in refused("tokens", "list", **bob)
    assert "may hold" in assay("workspaces", "quota", "risk", "--runs", "5", "--points", "none", *home).output
    assert told("workspaces", "quota", "risk", *home, "--json")["quota"]["runs"] == 5
    assert assay("workspaces", "grant", "default", "none", "--user", "bob", "--experiment", "0", *home).exit_code == 0
    assert "0" in assay("workspaces", "members", "default", *home).output
    assert assay("workspaces", "revoke", "risk", "--group", "data science", *home).exit_code == 0
    assert told("workspaces", "members", "risk", *home, "--json") == []
    assert "last admin" in refused("users", "disable", "ada", *home)
    for words in (
        ("users", "admin", "bob"),
        ("users", "disable", "ada"),
        ("users", "enable", "ada"),
        ("users", "admin", "ada", "--remove"),
        ("groups", "drop", "data science", "ci"),
        ("groups", "remove", "data science"),
    ):
        assert assay(*words, *home).exit_code == 0, words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("users", "create", "a b"), "is no name"),
        (("users", "disable", "nobody"), "There is no user 'nobody'"),
        (("groups", "show", "a/b"), "There is no group 'a/b'"),
        (("workspaces", "create", "Risk"), "is no name of a workspace"),
        (("workspaces", "create", "default"), "exists already"),
        (("workspaces", "grant", "default", "viewer"), "Say whose role"),
        (("workspaces", "grant", "default", "none", "--user", "nobody"), "is no role"),
        (("workspaces", "quota", "default", "--runs", "many"), "is no number"),
        (("workspaces", "members", "nowhere"), "Workspace 'nowhere' not found"),
        (("tokens", "create", "t"), "The actor is no user"),
        (("tokens", "revoke", "6"), "There is no such token"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(server: Server, words: tuple[str, ...], says: str) -> None:
    result = assay(*words, "--home", server.home)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
