"""How people come in, as the operator has set it; and whether so many may."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assay.core.accounts import group_name
from assay.core.logins import HOUR_US
from assay.server.guard import LOOPBACK
from assay.server.login.fetch import check_address
from assay.server.proxies import Network, networks
from assay.server.settings import Settings
from assay.services.logins import Lasting
from assay.services.providers import Policy, ProviderService
from assay.wire.errors import InvalidInput

if TYPE_CHECKING:
    from assay.server.login.provider import Provider

SECRET = "ASSAY_OIDC_CLIENT_SECRET"  # noqa: S105 -- a variable's name
SECRET_BOUND = 4_096
PUBLIC = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+/?\Z")
HOST = "--host"


@dataclass(frozen=True, slots=True)
class Door:
    """How people come in.

    Attributes:
        is_open: Whether everybody who reaches it may track while there are no users.
        base: The address that browsers use, without a slash at its end; it is never taken from a request.
        trusted: Where our proxies are.
        issuer: The identity provider; empty: none.
        client_id: Of this server there.
        client_secret: Of this server there.
        name_claim: Which claim is the name of a user here.
        groups_claim: Which claim lists the groups.
        scopes: What is asked for beside `openid`.
    """

    is_open: bool = True
    base: Callable[[], str] = field(default=lambda: "")
    trusted: Sequence[Network] = ()
    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ("profile", "email")

    def provider(self, service: ProviderService, clock_s: Callable[[], float]) -> Provider | None:
        """The way to the identity provider, if there is one."""
        if not self.issuer:
            return None
        from assay.server.login.provider import Client, Provider  # noqa: PLC0415 -- 0.2 s that few servers need

        client = Client(
            self.issuer, self.client_id, self.client_secret, self.name_claim, self.groups_claim, self.scopes
        )
        return Provider(client, service, self.base, clock_s)


def door_of(settings: Settings, base: Callable[[], str]) -> Door:
    """How people come in by these settings.

    Args:
        settings: What is in effect.
        base: The address that this server prints, for where no other is set.

    Raises:
        InvalidInput: A setting cannot be used, or is missing beside another.
    """
    public = public_url(settings)
    if settings.oidc_issuer is not None:
        check_address(settings.oidc_issuer, "--oidc-issuer")
        if settings.oidc_client_id is None:
            raise InvalidInput(
                "The identity provider needs to know who asks",
                field="--oidc-client-id",
                remedy="give --oidc-client-id: what the provider calls this server",
            )
    return Door(
        not is_exposed(settings) and settings.oidc_issuer is None,
        (lambda: public) if public else base,
        networks(settings.proxy),
        settings.oidc_issuer or "",
        settings.oidc_client_id or "",
        _secret(settings.oidc_client_secret_file),
        settings.oidc_name_claim,
        settings.oidc_groups_claim,
        settings.oidc_scope or ("profile", "email"),
    )


def lasting_of(settings: Settings) -> Lasting:
    """How long sessions last."""
    return Lasting(settings.session_idle_hours * HOUR_US, settings.session_hours * HOUR_US)


def policy_of(settings: Settings) -> Policy:
    """Whom the identity provider lets in. Raises InvalidInput."""
    groups = {}
    for word in settings.oidc_group:
        theirs, _, ours = word.partition("=")
        groups[theirs] = group_name(ours or theirs)
    return Policy(
        settings.oidc_users == "make",
        frozenset(map(str.casefold, settings.oidc_allow_domain)),
        frozenset(settings.oidc_allow_group),
        groups,
    )


def public_url(settings: Settings) -> str:
    """The address that browsers use, where it is set. Raises InvalidInput."""
    given = settings.public_url
    if given is None:
        return ""
    if not PUBLIC.match(given) or not urlsplit(given).hostname:
        raise InvalidInput(
            "The public address is not https://HOST or https://HOST:PORT",
            field="--public-url",
            remedy="give it without a path; a proxy passes on whole hosts",
        )
    check_address(given, "--public-url")
    return given.rstrip("/")


def is_exposed(settings: Settings) -> bool:
    """Whether others than this machine may reach the server, by its address or through a proxy."""
    public = urlsplit(public_url(settings)).hostname
    return settings.host not in LOOPBACK or bool(settings.proxy) or (public is not None and public not in LOOPBACK)


def check_transport(settings: Settings) -> None:
    """Returns if what people send to the server can be read by nobody on the way.

    Raises:
        InvalidInput: It is not so, or a setting is missing beside another.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        missing = "--tls-key" if settings.tls_key is None else "--tls-cert"
        raise InvalidInput("TLS needs a certificate and its key", field=missing, remedy=f"give {missing}, too")
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not path.is_file():
            raise InvalidInput(f"There is no file {path}", field="--tls-cert", remedy="name one that is there")
    if settings.host in LOOPBACK or settings.tls_cert is not None:
        return
    if settings.proxy and public_url(settings).startswith("https://"):
        return
    raise InvalidInput(
        f"{settings.host} can be reached by others, and what they send could be read on the way",
        field=HOST,
        remedy="give --tls-cert and --tls-key; or, where a proxy with TLS stands before it, --proxy with the proxy's "
        "address and --public-url https://...; or leave --host out",
    )


def check_users(settings: Settings, *, has_users: bool) -> None:
    """Returns if whoever reaches the server is asked who he is. Raises InvalidInput."""
    if not is_exposed(settings) or has_users or settings.oidc_issuer is not None:
        return
    raise InvalidInput(
        f"{settings.host if settings.host not in LOOPBACK else 'The server'} can be reached by others, and there are "
        "no users yet",
        field=HOST,
        remedy="start it once without --host, --proxy and --public-url and open the link that it prints, which makes "
        "the first admin; or set --oidc-issuer",
    )


def _secret(path: Path | None) -> str:
    """The secret of this server at the provider, from the environment or the file. Raises InvalidInput."""
    given = os.environ.get(SECRET, "").strip()
    if given or path is None:
        return given
    try:
        text = path.read_text()[:SECRET_BOUND].strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"The file {path} cannot be read", field="--oidc-client-secret-file", remedy="mend its permissions"
        ) from error
    return text
