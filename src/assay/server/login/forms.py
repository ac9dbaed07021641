"""Forms that only a page of this server can have sent: same origin, and a token that fits a cookie of the browser."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from assay.server.auth.cookies import cookies, same_origin, set_cookie
from assay.wire.errors import InvalidInput, PermissionDenied, TooLarge

COOKIE = "assay_form"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}\Z")
TOKEN = "form"  # noqa: S105 -- a field's name
LASTS_S = 8 * 3_600
BODY_BOUND = 8 * 1024
FIELDS_BOUND = 20
KIND = "application/x-www-form-urlencoded"


class Forms:
    """The browser's secret of forms, kept in a cookie, and the token that a form of it carries."""

    def __init__(self, request: Request) -> None:
        self._request = request
        kept = next((found for found in cookies(request.scope, COOKIE) if SECRET.match(found)), None)
        self._fresh = kept is None
        self._secret = kept or secrets.token_urlsafe(32)

    @property
    def token(self) -> tuple[str, str]:
        """The hidden field of a form."""
        return TOKEN, sha256(f"form:{self._secret}".encode()).hexdigest()

    def keep(self, response: Response) -> Response:
        """The answer, which lets the browser keep the secret."""
        if self._fresh:
            set_cookie(response, self._request.scope, COOKIE, self._secret, lasts_s=LASTS_S)
        return response

    async def sent(self) -> dict[str, str]:
        """The fields of the form.

        Raises:
            PermissionDenied: It is no form of ours.
            InvalidInput: It is no form.
            TooLarge: It is too long.
        """
        request = self._request
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
            raise InvalidInput("The body is no form", field="Content-Type", bound=KIND, remedy="use the page")
        data = b""
        async for piece in request.stream():
            data += piece
            if len(data) > BODY_BOUND:
                raise TooLarge("The form is too long", field="body", bound=BODY_BOUND, remedy="shorten what you gave")
        try:
            pairs = parse_qsl(
                data.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_BOUND, errors="strict"
            )
        except ValueError:
            raise InvalidInput("The body is no form", field="body", remedy="use the page") from None
        fields = dict(pairs)
        token = fields.pop(TOKEN, "")
        fits = hmac.compare_digest(token.encode("utf-8", "replace"), self.token[1].encode())
        if self._fresh or not fits or not same_origin(request.scope):
            raise PermissionDenied(
                "The form was not sent by this page, or the page lay open too long",
                field="form",
                remedy="try again; this page needs cookies",
            )
        return fields
