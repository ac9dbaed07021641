"""The pages on which people come in and go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from assay.core.accounts import User
from assay.core.logins import Opened, Purpose, local_path
from assay.core.passwords import LEAST
from assay.core.scope import How, Scope
from assay.dialects.native.errors import STATUS
from assay.dialects.rules import PUBLIC, Manner, Ruled
from assay.server.auth.cookies import SESSION, SessionCookies, cookies, set_cookie
from assay.server.auth.guessing import PasswordGate
from assay.server.login.forms import Forms
from assay.server.login.page import Field, form, link, page, text, wrong
from assay.services.access import AccessService
from assay.services.logins import LoginService
from assay.wire.errors import AssayError, InvalidInput, TooOften

if TYPE_CHECKING:
    from assay.server.login.provider import Provider  # its libraries are loaded where there is one

LOGIN, LOGOUT, CHANGE, SETUP, PROVIDER = "/login", "/logout", "/password", "/setup", "/login/oidc"
NAME = Field("name", "Name", fills="username")
PASSWORD = Field("password", "Password", "password", "current-password")
OLD = Field("old", "The password until now", "password", "current-password")
NEW = Field("password", f"Password, {LEAST} characters or more", "password", "new-password", least=LEAST)
AGAIN = Field("again", "The same once more", "password", "new-password", least=LEAST)
Endpoint = Callable[[Request], Awaitable[Response]]


class LoginPages:
    """The pages.

    Args:
        access: What knows of users.
        logins: What knows of sessions and links.
        gate: What checks passwords.
        provider: Where people may log in instead; None: nowhere.
    """

    def __init__(
        self, access: AccessService, logins: LoginService, gate: PasswordGate, provider: Provider | None = None
    ) -> None:
        self._access = access
        self._logins = logins
        self._gate = gate
        self._provider = provider
        self._cookies = SessionCookies(logins)

    def routes(self, manner: Manner) -> list[BaseRoute]:
        """Where the pages lie. Whoever wants to come in is nobody yet, so nobody is asked who he is."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", LOGIN, self.asked),
            ("POST", LOGIN, self.given),
            ("GET", LOGOUT, self.leaving),
            ("POST", LOGOUT, self.left),
            ("GET", CHANGE, self.changing),
            ("POST", CHANGE, self.changed),
            ("GET", SETUP + "/{secret}", self.opened),
            ("POST", SETUP + "/{secret}", self.used),
        ]
        if self._provider is not None:
            table += [("GET", PROVIDER, self.sent_away), ("GET", f"{PROVIDER}/callback", self.came_back)]
        return [
            Ruled(path, shown(endpoint), rule=PUBLIC, manner=manner, methods=[method])
            for method, path, endpoint in table
        ]

    async def asked(self, request: Request) -> Response:
        """The page that asks for name and password; who is in already is led on."""
        onward = local_path(request.query_params.get("next", "/"))
        state = await run_sync(self._access.refresh)
        if await self._cookies.actor(request.scope, state) is not None or (not state.has_users and not self._provider):
            return RedirectResponse(onward, 303)
        if request.headers.get("sec-fetch-site") == "cross-site":  # it kept our cookies back: ask it once more
            return page("Log in", link(_login(onward), "Go on"), leads_to=_login(onward))
        return self._ask(request, onward)

    def _ask(self, request: Request, onward: str, name: str = "", error: AssayError | None = None) -> Response:
        forms = Forms(request)
        body = "" if error is None else wrong(error.message, error.remedy)
        fields = [Field("name", "Name", fills="username", value=name), PASSWORD]
        body += form(LOGIN, [forms.token, ("next", onward)], fields, "Log in")
        if self._provider is not None:
            target = f"{PROVIDER}?{urlencode({'next': onward})}"
            body += "<hr>" + link(target, f"Log in with {self._provider.shown_name}", "button second")
        return forms.keep(page("Log in", body, 200 if error is None else STATUS[error.code]))

    async def given(self, request: Request) -> Response:
        """The session begins if name and password are right."""
        forms, name, onward = Forms(request), "", "/"
        try:
            fields = await forms.sent()
            name, onward = fields.get("name", "")[:200], local_path(fields.get("next", "/"))
            state = await run_sync(self._access.refresh)
            client = request.client.host if request.client else ""
            user = await self._gate.user(name, fields.get("password", ""), client, state.version)
        except AssayError as error:
            answer = self._ask(request, onward, name, error)
            if isinstance(error, TooOften) and error.retry_after_s:
                answer.headers["Retry-After"] = str(int(error.retry_after_s) + 1)
            return answer
        return await self._begun(request, user.id, How.PASSWORD, onward)

    async def _begun(self, request: Request, user_id: int, how: How, onward: str, *, far: bool = False) -> Response:
        """The browser has a new session, and none that it had before.

        Args:
            request: The request.
            user_id: Whose.
            how: How he proved himself.
            onward: Where it leads.
            far: Whether another site sent the browser here.
        """
        for old in cookies(request.scope, SESSION):
            if await run_sync(self._logins.by_session, old, -1) is not None:
                await run_sync(self._logins.end, old)
        secret = await run_sync(self._logins.begin, user_id, how)
        answer: Response = RedirectResponse(onward, 303)
        if far:
            answer = page("You are logged in", link(onward, "Go on"), leads_to=onward)
        lasts_s = self._logins.lasting.whole_us // 1_000_000
        set_cookie(answer, request.scope, SESSION, secret, lasts_s=lasts_s)
        return answer

    async def leaving(self, request: Request) -> Response:
        """The page on which somebody logs out: a link alone does not, since any page could hold it."""
        actor = await self._cookies.actor(request.scope, await run_sync(self._access.refresh))
        if actor is None:
            return RedirectResponse(LOGIN, 303)
        body = text(f"You are {actor.name}." if actor.id else "This browser may do what the server's owner may.")
        body += form(LOGOUT, [], [], "Log out")
        if actor.id:
            body += link(CHANGE, "Change your password", "button second")
        return page("Log out", body)

    async def left(self, request: Request) -> Response:
        """The session is over. Its own pages send a cookie that no other site can send."""
        state = await run_sync(self._access.refresh)
        if await self._cookies.actor(request.scope, state) is not None:
            for secret in cookies(request.scope, SESSION):
                await run_sync(self._logins.end, secret)
        answer = RedirectResponse(LOGIN, 303)
        set_cookie(answer, request.scope, SESSION, "", lasts_s=0)
        return answer

    async def changing(self, request: Request) -> Response:
        """The page on which somebody who is in changes his password."""
        return await self._change(request)

    async def _change(self, request: Request, error: AssayError | None = None) -> Response:
        actor = await self._cookies.actor(request.scope, await run_sync(self._access.refresh))
        if actor is None or actor.id == 0:
            return RedirectResponse(_login(CHANGE), 303)
        forms, body = Forms(request), "" if error is None else wrong(error.message, error.remedy)
        body += text(f"For the user {actor.name}. All sessions of yours will end; tokens will not.")
        body += form(CHANGE, [forms.token], [OLD, NEW, AGAIN], "Change password")
        return forms.keep(page("Change your password", body, 200 if error is None else STATUS[error.code]))

    async def changed(self, request: Request) -> Response:
        """The password is another, if the old one is right; a new session begins."""
        state = await run_sync(self._access.refresh)
        actor = await self._cookies.actor(request.scope, state)
        if actor is None or actor.id == 0:
            return RedirectResponse(_login(CHANGE), 303)
        try:
            fields = await Forms(request).sent()
            client = request.client.host if request.client else ""
            user = await self._gate.user(actor.name, fields.get("old", ""), client, state.version)
            await run_sync(self._logins.change_password, Scope(actor=actor), user, _twice(fields))
        except AssayError as error:
            return await self._change(request, error)
        return await self._begun(request, user.id, How.PASSWORD, "/")

    async def opened(self, request: Request) -> Response:
        """What the link is for. Looking at it does not use it up: mail programs look, too."""
        return await self._show(request)

    async def _show(self, request: Request, error: AssayError | None = None) -> Response:
        secret = request.path_params["secret"]
        found = await run_sync(self._logins.opened, secret)
        if found is None:
            told = "restart the server, which prints a new one while it has no users; else ask an admin for one"
            return page("This link is of no use", wrong("It was used, has expired, or never was one", told), 404)
        forms = Forms(request)
        body = "" if error is None else wrong(error.message, error.remedy)
        return forms.keep(self._shown(f"{SETUP}/{secret}", forms, found, body, error))

    def _shown(self, target: str, forms: Forms, found: Opened, body: str, error: AssayError | None) -> Response:
        status = 200 if error is None else STATUS[error.code]
        if found.purpose is Purpose.SET_PASSWORD:
            body += text(f"For the user {found.name}. Sessions that are open will end.")
            return page("Set your password", body + form(target, [forms.token], [NEW, AGAIN], "Set password"), status)
        body += text("Whoever has this link becomes the admin of this server. From then on, it asks everybody.")
        body += form(target, [forms.token], [NAME, NEW, AGAIN], "Create the first admin")
        body += "<hr>" + text("Or stay alone: this browser may do what the owner of the server's home may.", "muted")
        body += form(target, [forms.token, ("alone", "yes")], [], "Go on without users", "second")
        return page("Welcome to Assay", body, status)

    async def used(self, request: Request) -> Response:
        """The link is used, and the session begins."""
        secret, forms = request.path_params["secret"], Forms(request)
        try:
            fields = await forms.sent()
            found = await run_sync(self._logins.opened, secret)
            if found is not None and fields.get("alone") == "yes" and found.purpose is Purpose.FIRST_ADMIN:
                await run_sync(self._logins.enter_as_home, secret)
                return await self._begun(request, 0, How.LINK, "/")
            user = await run_sync(_made, self._logins, secret, found, fields)
        except AssayError as error:
            return await self._show(request, error)
        return await self._begun(request, user.id, How.LINK, "/")

    async def sent_away(self, request: Request) -> Response:
        """The browser goes to the provider."""
        assert self._provider is not None
        return await self._provider.leave(request, local_path(request.query_params.get("next", "/")))

    async def came_back(self, request: Request) -> Response:
        """The provider has sent the browser back: the session begins, if it vouches for somebody whom we let in."""
        assert self._provider is not None
        user, onward = await self._provider.back(request)
        answer = await self._begun(request, user.id, How.OIDC, onward, far=True)
        self._provider.forget(request, answer)
        return answer


def shown(endpoint: Endpoint) -> Endpoint:
    """The endpoint, whose errors are pages too."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except AssayError as error:
            body = wrong(error.message, error.remedy) + link(LOGIN, "Log in", "button")
            return page("That did not work", body, STATUS[error.code])

    return answered


def _made(logins: LoginService, secret: str, found: Opened | None, fields: dict[str, str]) -> User:
    """The user of the link, with the new password."""
    password = _twice(fields)
    if found is not None and found.purpose is Purpose.FIRST_ADMIN:
        return logins.become_admin(secret, fields.get("name", ""), password)
    return logins.set_password(secret, password)


def _twice(fields: dict[str, str]) -> str:
    """The new password. Raises InvalidInput if it was not typed the same twice."""
    if fields.get("password", "") != fields.get("again"):
        raise InvalidInput("The two passwords differ", field="again", remedy="type the same twice")
    return fields.get("password", "")


def _login(onward: str) -> str:
    return f"{LOGIN}?{urlencode({'next': onward})}"
