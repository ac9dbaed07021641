"""Settings: one table, four places, and a plain word about what cannot be used."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from cli.house import assay, refused, told
from support.server import Server

from assay.cli.root import cli
from assay.server.settings import FILE_BOUND, SETTINGS, Settings, resolve
from assay.wire.errors import InvalidInput

# By kind: what may be said as an option or variable, in a file, and what it means; twice, to tell two places apart.
SAID: dict[str, list[tuple[str, str, Any]]] = {
    "text": [("one", '"one"', "one"), ("two", '"two"', "two")],
    "port": [("1", "1", 1), ("65535", "65535", 65_535)],
    "hours": [("1", "1", 1), ("8784", "8784", 8_784)],
    "number": [("1", "1", 1), ("1152921504606846976", "1152921504606846976", 1 << 60)],
    "make|known": [("make", '"make"', "make"), ("known", '"known"', "known")],
    "path": [("/one", '"/one"', Path("/one")), ("/two", '"/two"', Path("/two"))],
    "names": [("a,b", '["a", "b"]', ("a", "b")), ("c", '["c"]', ("c",))],
    "switch": [("true", "true", True), ("0", "false", False)],
    "text|json": [("json", '"json"', "json"), ("text", '"text"', "text")],
}


def test_the_table_is_whole() -> None:
    """Every setting has a field, an option of `assay up`, and values to be tested with."""
    names = [setting.name for setting in SETTINGS]
    assert names == [field.name for field in fields(Settings)]
    options = {option for param in cli.commands["up"].params for option in param.opts}
    assert {setting.option for setting in SETTINGS} <= options
    assert {setting.kind for setting in SETTINGS} == SAID.keys()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_option_beats_variable_beats_file_beats_default(setting: Any, tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text("")
    (first, first_toml, first_value), (second, _, second_value) = SAID[setting.kind]

    def found(given: dict[str, Any], environ: dict[str, str]) -> tuple[Any, str]:
        outcome = resolve(given, environ, file)
        return getattr(outcome.settings, setting.name), outcome.sources[setting.name]

    assert found({}, {})[1] == "default"
    assert found({}, {setting.variable: ""})[1] == "default"
    file.write_text(f"{setting.name} = {first_toml}\n")
    assert found({}, {}) == (first_value, str(file))
    assert found({}, {setting.variable: second}) == (second_value, setting.variable)
    option = tuple(first.split(",")) if setting.kind == "names" else first
    assert found({setting.name: option}, {setting.variable: second}) == (first_value, setting.option)


def test_where_the_file_is(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other.toml"
    home.mkdir()
    (home / "assay.toml").write_text("port = 1\n")
    other.write_text("port = 2\n")
    assert resolve({"home": str(home)}, {}).settings.port == 1
    assert resolve({}, {"ASSAY_HOME": str(home)}).settings.port == 1
    assert resolve({"home": str(home)}, {"ASSAY_CONFIG": str(other)}).settings.port == 2
    assert resolve({"home": str(home)}, {"ASSAY_CONFIG": "none"}, other).settings.port == 2
    other.write_text(f'home = "{home}"\n')
    assert resolve({}, {}, other).settings.home == home
    assert resolve({}, {}, other).settings.port == 5000, "two files were read"


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("porto = 1", "porto", "did you mean port?"),
        ("allow-host = []", "allow-host", "did you mean allow_host?"),
        ("[server]\nport = 1", "server", "There are: home"),
        ("port = 65536", "port", "0 to 65535"),
        ("port = -1", "port", "0 to 65535"),
        ("port = true", "port", "0 to 65535"),
        ("port = 1.5", "port", "0 to 65535"),
        ('access_log = "perhaps"', "access_log", "true or false"),
        ("access_log = 1", "access_log", "true or false"),
        ('log_format = "xml"', "log_format", "text or json"),
        ("log_format = 1", "log_format", "give log_format as text"),
        ('host = ""', "host", "give host as text"),
        ('store = "a\\nb"', "store", "give store as text"),
        ("allow_host = 1", "allow_host", "give ["),
        ("allow_host = [1]", "allow_host", "as text"),
        (f"allow_host = {['a'] * 101}", "allow_host", "fewer"),
        ('home = "/elsewhere"', "home", "--config"),
        ("port = ", "--config", "port = 5001"),
        ("a = 1\n" * FILE_BOUND, "--config", "shorten"),
        ("\0", "--config", "write lines"),
    ],
)
def test_nonsense_in_a_file_is_refused(text: str, key: str, remedy: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "assay.toml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        resolve({"home": str(home)}, {})
    assert caught.value.field == key
    assert str(home) in caught.value.message
    assert remedy in (caught.value.remedy or "")
    assert [path.name for path in home.iterdir()] == ["assay.toml"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "\uff19"),
        ("PORT", "9" * 500),
        ("ACCESS_LOG", "2"),
        ("SESSION_HOURS", "0"),
        ("SESSION_HOURS", "8785"),
        ("SESSION_HOURS", "1.5"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_MAX_BYTES", "-1"),
        ("RETENTION_MAX_BYTES", "9" * 500),
        ("LOG_FORMAT", "JSON"),
        ("HOST", "a\tb"),
    ],
)
def test_nonsense_in_the_environment_is_refused(variable: str, value: str, tmp_path: Path) -> None:
    said = refused("settings", "--home", tmp_path / "home", **{f"ASSAY_{variable}": value})
    assert f"ASSAY_{variable}" in said
    assert not (tmp_path / "home").exists()


def test_a_secret_that_cannot_be_used_is_not_repeated(tmp_path: Path) -> None:
    said = refused("up", "--home", tmp_path / "home", ASSAY_STORE="postgresql://u:hidden@h/d\x07")
    assert "ASSAY_STORE" in said
    assert "hidden" not in said


def test_no_file_where_one_was_named(tmp_path: Path) -> None:
    said = refused("settings", "--config", tmp_path / "none.toml")
    assert "There is no file" in said
    assert "cannot be read" in refused("settings", "--config", tmp_path)


def test_what_is_in_effect_is_shown_without_passwords(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('store = "postgresql://someone:hidden@db.example/assay?password=hidden"\naccess_log = true\n')
    words = ("settings", "--config", file, "--port", "7", "--allow-host", "a", "--allow-host", "b")
    shown = told(*words, "--json", ASSAY_LOG_FORMAT="json", ASSAY_HOME=str(tmp_path))
    assert shown["file"] == str(file)
    found = {name: tuple(item.values()) for name, item in shown["settings"].items()}
    assert found.keys() == {setting.name for setting in SETTINGS}
    apart = ("tls", "oidc", "session", "retention")
    assert {name: item for name, item in found.items() if not name.startswith(apart)} == {
        "proxy": ([], "default"),
        "public_url": (None, "default"),
        "home": (str(tmp_path), "ASSAY_HOME"),
        "host": ("127.0.0.1", "default"),
        "port": (7, "--port"),
        "store": ("postgresql://***@db.example/assay?***", str(file)),
        "artifacts": (None, "default"),
        "allow_host": (["a", "b"], "--allow-host"),
        "log_format": ("json", "ASSAY_LOG_FORMAT"),
        "access_log": (True, str(file)),
    }
    plain = assay(*words).stdout
    assert "hidden" not in plain
    assert [line.split()[0] for line in plain.splitlines()] == [setting.name for setting in SETTINGS]
    assert "the home's folder" in plain
    assert assay("settings", "--access-log", "--no-access-log").stdout.splitlines()[-1].split() == [
        "access_log",
        "no",
        "--access-log",
    ]


def test_a_server_and_the_other_commands_do_what_the_file_says(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    file = home / "assay.toml"
    file.write_text('allow_host = ["ml.example.org"]\nstore = "postgresql://nobody@127.0.0.1:1/none"\n')
    assert "check that it runs" in refused("up", "--home", home)
    for words in (("doctor",), ("backup", tmp_path / "backup"), ("gc", "--yes"), ("audit", "verify"), ("audit", "key")):
        assert "check that it runs" in refused(*words, "--home", home)
    file.write_text('allow_host = ["ml.example.org"]\n')
    server = Server(home).start()
    try:
        http = server.http()
        assert http.request("GET", "/health", headers={"Host": "ml.example.org"}).status == 200
        assert http.request("GET", "/health", headers={"Host": "other.example.org"}).status == 403
        http.close()
    finally:
        server.stop()
