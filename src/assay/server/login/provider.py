"""Logging in at an OpenID Connect provider: authorization code, PKCE, state and nonce.

What ties the browser's return to its leaving is one secret in a cookie, from which state, nonce and the verifier of
PKCE are derived. So no replica stores anything, and any of them may take the browser back.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from anyio.to_thread import run_sync
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from assay.core.accounts import User
from assay.core.logins import local_path
from assay.server.auth.cookies import cookies
from assay.server.login.fetch import check_address, fetched
from assay.services.providers import Identity, ProviderService
from assay.wire.errors import PermissionDenied, Unavailable

COOKIE = "assay_oidc"
LASTS_S = 600
CALLBACK = "/login/oidc/callback"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
LEEWAY_S = 60
METADATA_S = 3_600.0  # how long what the provider says of itself is believed
CODE_BOUND = 4_000
GROUPS_BOUND = 2_000
WORD_BOUND = 1_000


@dataclass(frozen=True, slots=True)
class Client:
    """What the operator has set.

    Attributes:
        issuer: The provider's address, as it calls itself.
        id: Of this server at the provider.
        secret: Of this server at the provider; empty: it has none, and PKCE alone proves it.
        name_claim: Which claim is the name of a user here.
        groups_claim: Which claim lists the groups.
        scopes: What is asked for beside `openid`.
    """

    issuer: str
    id: str
    secret: str = ""
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ("profile", "email")


class Provider:
    """The way out to the provider, and back.

    Args:
        client: What the operator has set.
        service: Who comes of whom the provider vouches for.
        base: The address that browsers reach this server by, which no request can change.
        clock_s: A clock that never goes back.
    """

    def __init__(
        self, client: Client, service: ProviderService, base: Callable[[], str], clock_s: Callable[[], float]
    ) -> None:
        check_address(client.issuer, "--oidc-issuer")
        self._client = client
        self._service = service
        self._base = base
        self._clock_s = clock_s
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._until_s = float("-inf")

    @property
    def shown_name(self) -> str:
        """What people call it."""
        return urlsplit(self._client.issuer).hostname or "the provider"

    async def leave(self, request: Request, onward: str) -> Response:
        """The browser goes to the provider. Raises Unavailable."""
        metadata = await run_sync(self._known)
        secret = secrets.token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._callback,
            "scope": " ".join(("openid", *self._client.scopes)),
            "state": _derived(secret, "state"),
            "nonce": _derived(secret, "nonce"),
            "code_challenge": create_s256_code_challenge(_derived(secret, "verifier")),
            "code_challenge_method": "S256",
        }
        target = metadata["authorization_endpoint"]
        answer = RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(asked)}", 303)
        kept = f"{secret}.{base64.urlsafe_b64encode(onward.encode()).decode().rstrip('=')}"
        self._set(request, answer, kept, LASTS_S)
        return answer

    async def back(self, request: Request) -> tuple[User, str]:
        """Who has come back, and where he wanted to go.

        Raises:
            PermissionDenied: The provider did not vouch for him, or we do not let him in.
            Unavailable: The provider does not answer.
        """
        secret, onward = self._left(request)
        code = request.query_params.get("code", "")
        if error := request.query_params.get("error"):
            raise _refused(f"The provider refused: {''.join(filter(str.isprintable, error[:100]))}")
        # RFC 9207: where the provider says who it is, it is the one that the browser was sent to.
        if request.query_params.get("iss", self._client.issuer) != self._client.issuer:
            raise _refused("The answer came from another provider")
        if not code or len(code) > CODE_BOUND:
            raise _refused("The provider sent no code")
        return await run_sync(self._entered, secret, code), onward

    def forget(self, request: Request, answer: Response) -> None:
        """The browser forgets that it was sent away."""
        self._set(request, answer, "", 0)

    def _left(self, request: Request) -> tuple[str, str]:
        """The secret and the path that the browser left with. Raises PermissionDenied."""
        state = request.query_params.get("state", "")
        for kept in cookies(request.scope, COOKIE):
            secret, _, onward = kept[: 4 * WORD_BOUND].partition(".")
            if compare_digest(_derived(secret, "state").encode(), state.encode("utf-8", "replace")):
                try:
                    path = base64.urlsafe_b64decode(onward + "=" * (-len(onward) % 4)).decode("ascii")
                except ValueError:
                    path = "/"
                return secret, local_path(path)
        raise _refused("This browser did not ask for this login, or it took longer than ten minutes")

    def _entered(self, secret: str, code: str) -> User:
        told = self._told(code, _derived(secret, "verifier"))
        claims = self._claims(told, _derived(secret, "nonce"))
        return self._service.enter(self._identity(claims))

    def _told(self, code: str, verifier: str) -> dict[str, Any]:
        """What the provider gives for the code."""
        metadata, client = self._known(), self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        headers = {}
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not client.secret:
            form["client_id"] = client.id
        elif "client_secret_basic" in methods:
            pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": client.id, "client_secret": client.secret}
        return fetched(metadata["token_endpoint"], form, headers)

    def _claims(self, told: dict[str, Any], nonce: str) -> dict[str, Any]:
        """What the provider says of the user, checked; with what it says only on a second question."""
        client = self._client
        token, access = told.get("id_token"), told.get("access_token")
        if not isinstance(token, str):
            raise _refused("The provider sent no ID token")
        decoded = self._decoded(token)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.id}},
            {"nonce": nonce, "client_id": client.id, "access_token": access},
        )
        try:
            claims.validate(int(time.time()), LEEWAY_S)
        except Exception as error:
            raise _refused("The provider's ID token is not valid") from error
        found = dict(decoded.claims)
        userinfo = self._known().get("userinfo_endpoint")
        if isinstance(access, str) and isinstance(userinfo, str):
            more = fetched(userinfo, headers={"Authorization": f"Bearer {access}"})
            if more.get("sub") != found["sub"]:
                raise _refused("The provider speaks of two users")
            found = {**more, **found}
        return found

    def _decoded(self, token: str) -> jwt.Token:
        for attempt in range(2):
            keys = self._keys_known(anew=attempt > 0)  # it may have changed its keys meanwhile
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                continue
        raise _refused("The provider's ID token is not signed by its keys")

    def _identity(self, claims: dict[str, Any]) -> Identity:
        client = self._client
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= WORD_BOUND:
            raise _refused("The provider does not say who you are")
        verified = claims.get("email_verified") in (True, "true")
        email = claims.get("email") if verified and isinstance(claims.get("email"), str) else ""
        name = email if client.name_claim == "email" else claims.get(client.name_claim)
        if not isinstance(name, str) or not name:
            raise _refused(f"The provider does not say your {client.name_claim}, or has not verified it")
        listed = claims.get(client.groups_claim, [])
        groups = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
        return Identity(
            client.issuer,
            subject,
            name[:WORD_BOUND],
            claims["name"] if isinstance(claims.get("name"), str) else "",
            email or "",
            frozenset(word for word in groups[:GROUPS_BOUND] if isinstance(word, str)),
        )

    @property
    def _callback(self) -> str:
        return self._base() + CALLBACK

    def _known(self) -> dict[str, Any]:
        """What the provider says of itself. Raises Unavailable."""
        if self._clock_s() >= self._until_s:
            found = fetched(self._client.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self._client.issuer:
                raise Unavailable(
                    "The provider calls itself otherwise",
                    field="--oidc-issuer",
                    remedy=f"set --oidc-issuer to {str(found.get('issuer'))[:200]!r} if that is the one you mean",
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                check_address(str(found.get(name)), "--oidc-issuer")
            self._metadata, self._keys = found, None
            self._until_s = self._clock_s() + METADATA_S
        return self._metadata

    def _keys_known(self, *, anew: bool) -> KeySet:
        if self._keys is None or anew:
            found = fetched(self._known()["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Unavailable(
                    "The provider's keys cannot be read", field="--oidc-issuer", remedy="an admin sees to the provider"
                ) from error
        return self._keys

    def _set(self, request: Request, answer: Response, value: str, lasts_s: int) -> None:
        # Lax: the provider sends the browser back, which is another site; it lasts for minutes and proves nobody.
        secure = request.scope["scheme"] == "https"
        answer.set_cookie(
            COOKIE, value, max_age=lasts_s, path="/login/oidc", secure=secure, httponly=True, samesite="lax"
        )


def _derived(secret: str, what: str) -> str:
    """43 signs that nobody knows who does not know the secret."""
    digest = sha256(f"{what}:{secret}".encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _refused(message: str) -> PermissionDenied:
    return PermissionDenied(message, field="account", remedy="log in again; if it stays so, ask an admin of the server")
