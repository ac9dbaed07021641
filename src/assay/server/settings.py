"""The server's settings: one table, and where each value comes from.

An option beats an environment variable, which beats the settings file, which beats the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.retention import Policy
from assay.sdk.home import default_home
from assay.server.logs import FORMATS, cleaned
from assay.wire.errors import InvalidInput

FILE = "assay.toml"  # in the home
FILE_VARIABLE = "ASSAY_CONFIG"
FILE_BOUND = 64 * 1024  # bytes
TEXT_BOUND = 2_000  # characters of a value
NAMES_BOUND = 100  # of a list
HOURS_BOUND = 8_784  # a year
NUMBER_BOUND = 1 << 60
YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")
Value = str | int | bool | Path | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key in a file, its kind, what it is where nobody says, and what it means."""

    name: str
    kind: str  # text, port, hours, number, path, names, switch, or the choices with | between
    default: Value
    meaning: str
    default_words: str = ""  # of a default that is not a plain value

    @property
    def option(self) -> str:
        """On a command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """In the environment."""
        return "ASSAY_" + self.name.upper()

    @property
    def told_default(self) -> str:
        """The default, for people."""
        if self.default_words:
            return self.default_words
        return ("no", "yes")[self.default] if isinstance(self.default, bool) else str(self.default)


SETTINGS = (
    Setting("home", "path", None, "Where everything is kept.", "~/.assay"),
    Setting("host", "text", "127.0.0.1", "The address to listen on."),
    Setting("port", "port", 5000, "The port; 0: any free one."),
    Setting("store", "text", None, "The catalog: postgresql://user:password@host/database.", "SQLite in the home"),
    Setting("artifacts", "text", None, "Where files lie: s3://bucket/prefix, gs:// or az://.", "the home's folder"),
    Setting("allow_host", "names", (), "Another name that it is called by, as by a proxy.", "none"),
    Setting("tls_cert", "path", None, "The certificate of its own TLS, with those that it hangs on; PEM.", "no TLS"),
    Setting("tls_key", "path", None, "The key of that certificate; PEM.", "no TLS"),
    Setting("proxy", "names", (), "The address or network of a proxy, whose X-Forwarded headers are believed.", "none"),
    Setting("public_url", "text", None, "The address that people use, as https://ml.example.org.", "where it listens"),
    Setting("session_idle_hours", "hours", 12, "A browser that asks nothing for so long is logged out."),
    Setting("session_hours", "hours", 168, "A browser is logged out after so long in any case."),
    Setting("oidc_issuer", "text", None, "The OpenID Connect provider at which people log in: https://...", "none"),
    Setting("oidc_client_id", "text", None, "What the provider calls this server.", "none"),
    Setting("oidc_client_secret_file", "path", None, "The file of the secret that the provider gave.", "none"),
    Setting(
        "oidc_users", "make|known", "make", "Make an account at somebody's first login, or let in known names only."
    ),
    Setting(
        "oidc_name_claim", "text", "preferred_username", "The claim that is the name of a user; `email`, if verified."
    ),
    Setting("oidc_groups_claim", "text", "groups", "The claim that lists a user's groups."),
    Setting("oidc_scope", "names", (), "What is asked for beside openid.", "profile email"),
    Setting(
        "oidc_group", "names", (), "A group whose members the provider names; THEIRS=OURS if called otherwise.", "none"
    ),
    Setting("oidc_allow_domain", "names", (), "Let in only verified e-mail addresses of this domain.", "any"),
    Setting("oidc_allow_group", "names", (), "Let in only members of this group of the provider.", "any"),
    Setting("retention_days", "number", None, "Daily, delete runs that have rested for more days.", "keep all"),
    Setting("retention_max_bytes", "number", None, "Daily, delete the oldest runs while files are more.", "keep all"),
    Setting("retention_purge_days", "number", None, "Daily, purge what was deleted more days ago.", "keep all"),
    Setting("log_format", "|".join(FORMATS), "text", "The form of the log on standard error."),
    Setting("access_log", "switch", False, "Log each request, without its query and headers."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in effect."""

    home: Path
    host: str
    port: int
    store: str | None
    artifacts: str | None
    allow_host: tuple[str, ...]
    tls_cert: Path | None
    tls_key: Path | None
    proxy: tuple[str, ...]
    public_url: str | None
    session_idle_hours: int
    session_hours: int
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret_file: Path | None
    oidc_users: str
    oidc_name_claim: str
    oidc_groups_claim: str
    oidc_scope: tuple[str, ...]
    oidc_group: tuple[str, ...]
    oidc_allow_domain: tuple[str, ...]
    oidc_allow_group: tuple[str, ...]
    retention_days: int | None
    retention_max_bytes: int | None
    retention_purge_days: int | None
    log_format: str
    access_log: bool

    @property
    def keeping(self) -> Policy | None:
        """What the daily job lets go of; None: nothing."""
        policy = Policy(self.retention_days, self.retention_max_bytes, self.retention_purge_days)
        return None if policy == Policy() else policy


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is in effect, where each value comes from, and the file that was read, if one was."""

    settings: Settings
    sources: Mapping[str, str]
    file: Path | None

    def shown(self, name: str) -> str | int | bool | list[str] | None:
        """The value without what is secret in it."""
        value: Value = getattr(self.settings, name)
        if isinstance(value, tuple):
            return list(value)
        return cleaned(str(value)) if isinstance(value, str | Path) else value


def resolve(given: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None) -> Resolved:
    """The settings in effect.

    Args:
        given: Options of a command line by the settings' names; None or () where one is not given.
        environ: The environment.
        file: The settings file, else `ASSAY_CONFIG` names it, else it is the home's `assay.toml` if that is there.

    Raises:
        InvalidInput: A value cannot be used, the file cannot be read, or has a key that is none.
    """
    named = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    home = Path(given.get("home") or environ.get("ASSAY_HOME") or default_home())
    path = named or home / FILE
    written = _written(path, must=named is not None)
    if named is None and "home" in written:
        raise InvalidInput(
            f"{path} lies in the home and cannot say where the home is",
            field="home",
            remedy="remove the key, or keep the file elsewhere and name it with --config",
        )
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting in SETTINGS:
        option, variable = given.get(setting.name), environ.get(setting.variable)
        if option is not None and option != ():
            where, value = setting.option, _parsed(setting, option, setting.option)
        elif variable:
            where, value = setting.variable, _parsed(setting, variable, setting.variable)
        elif setting.name in written:
            where, value = str(path), _parsed(setting, written[setting.name], f"{setting.name} in {path}")
        else:
            where, value = "default", setting.default
        values[setting.name], sources[setting.name] = value, where
    if sources["home"] == str(path):  # a shell does it with the others
        values["home"] = values["home"].expanduser()
    values["home"] = (values["home"] or default_home()).absolute()
    return Resolved(Settings(**values), sources, path if path.exists() else None)


def _written(path: Path, *, must: bool) -> dict[str, Any]:
    """What the file says; nothing where there is none, unless there must be one."""
    if not must and not path.exists():
        return {}
    import tomllib  # noqa: PLC0415 -- most commands meet no file

    try:
        with path.open("rb") as opened:
            text = opened.read(FILE_BOUND + 1)
        if len(text) > FILE_BOUND:
            raise InvalidInput(
                f"{path} has more than {FILE_BOUND} bytes", field="--config", bound=FILE_BOUND, remedy="shorten it"
            )
        written = tomllib.loads(text.decode())
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}", field="--config", remedy="name one that is there") from None
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}", field="--config", remedy="mend its permissions, or name another"
        ) from error
    except ValueError as error:  # of TOML, and of what is no UTF-8
        raise InvalidInput(
            f"{path} is no TOML: {cleaned(str(error))}",
            field="--config",
            remedy='write lines such as port = 5001 or store = "postgresql://host/database"',
        ) from error
    names = [setting.name for setting in SETTINGS]
    for key in written:
        if key not in names:
            import difflib  # noqa: PLC0415

            near = difflib.get_close_matches(key.replace("-", "_"), names, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise InvalidInput(
                f"{path} has the key {key[:100]!r}, which is no setting",
                field=key[:100],
                remedy=f"{meant}There are: {', '.join(names)}",
            )
    return written


def _parsed(setting: Setting, value: object, where: str) -> Value:
    """The value, from an option, a variable or a file. Raises InvalidInput without repeating what may be secret."""
    match setting.kind:
        case "switch":
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.strip().lower() in (*YES, *NO):
                return value.strip().lower() in YES
            raise _wrong(where, "is neither true nor false", "true or false", "give true or false")
        case "port":
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if isinstance(value, str) and value.isascii() and value.isdecimal() and int(value[:6]) <= 65_535:
                return int(value)
            raise _wrong(where, "is no port", 65_535, "give a number from 0 to 65535; 0 takes any free one")
        case "hours":
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if isinstance(value, str) and value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= HOURS_BOUND:
                return int(value)
            raise _wrong(where, "is no number of hours", HOURS_BOUND, f"give a whole number from 1 to {HOURS_BOUND}")
        case "number":
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if (
                isinstance(value, str)
                and value.isascii()
                and value.isdecimal()
                and 1 <= int(value[:20]) <= NUMBER_BOUND
            ):
                return int(value)
            raise _wrong(where, "is no number", NUMBER_BOUND, f"give a whole number from 1 to {NUMBER_BOUND}")
        case "names":
            return _names(value, where)
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > TEXT_BOUND:
        told = f"is no text of 1 to {TEXT_BOUND} printable characters"
        raise _wrong(where, told, TEXT_BOUND, f"give {setting.name} as text, or leave it out")
    if setting.kind == "path":
        return Path(value)
    if setting.kind != "text" and value not in setting.kind.split("|"):
        choices = " or ".join(setting.kind.split("|"))
        raise _wrong(where, f"is not {choices}", setting.kind, f"give {choices}")
    return value


def _names(value: object, where: str) -> tuple[str, ...]:
    items: Sequence[object] = value.replace(",", " ").split() if isinstance(value, str) else ()
    if isinstance(value, list | tuple):
        items = value
    elif not isinstance(value, str):
        raise _wrong(where, "is no list of names", NAMES_BOUND, 'give ["name", "other"]')
    if len(items) > NAMES_BOUND or not all(isinstance(item, str) and len(item) <= 253 for item in items):
        raise _wrong(where, f"is no list of at most {NAMES_BOUND} names", NAMES_BOUND, "give fewer, as text")
    return tuple(str(item) for item in items)


def _wrong(where: str, what: str, bound: int | str, remedy: str) -> InvalidInput:
    return InvalidInput(f"{where} {what}", field=where.partition(" ")[0], bound=bound, remedy=remedy)
