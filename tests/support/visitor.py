"""A browser without a screen: it keeps cookies, says where its forms come from, and fills them in."""

from __future__ import annotations

import http.client
import re
import ssl
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from support.server import Answer

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"/?>')
FORM = re.compile(r'<form [^>]*action="([^"]*)".*?</form>', re.DOTALL)
ONWARD = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')


@dataclass
class Visitor:
    """Whoever visits a server."""

    url: str
    context: ssl.SSLContext | None = None
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)  # by host with port, and name
    set_cookies: list[str] = field(default_factory=list)  # as they came

    def ask(self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """The answer to one request, no further."""
        parts = urlsplit(urljoin(self.url, target))
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        given = {"context": self.context} if parts.scheme == "https" else {}
        connection = kind(parts.hostname or "", parts.port, timeout=60, **given)  # type: ignore[arg-type]
        mine = "; ".join(f"{name}={value}" for (host, name), value in self.cookies.items() if host == parts.netloc)
        sent = {"Accept": "text/html", **({"Cookie": mine} if mine else {}), **(headers or {})}
        try:
            connection.request(method, parts._replace(scheme="", netloc="", fragment="").geturl(), body, sent)
            response = connection.getresponse()
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    self._keep(parts.netloc, value)
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def _keep(self, host: str, told: str) -> None:
        self.set_cookies.append(told)
        for name, morsel in SimpleCookie(told).items():
            if morsel["max-age"] == "0" or morsel.value == "":
                self.cookies.pop((host, name), None)
            else:
                self.cookies[host, name] = morsel.value

    def cookie(self, name: str) -> str | None:
        """The value of a cookie of this server."""
        return self.cookies.get((urlsplit(self.url).netloc, name))

    def visit(self, target: str, *, hops: int = 10) -> tuple[str, Answer]:
        """The page where one arrives, and its address."""
        answer = self.ask("GET", target)
        return self._onward(urljoin(self.url, target), answer, hops)

    def submit(self, page: tuple[str, Answer], *, at: int = 0, hops: int = 10, **fields: str) -> tuple[str, Answer]:
        """Fills in the form of a page, the first unless told otherwise, and arrives somewhere."""
        address, answer = page
        text = answer.body.decode()
        found = list(FORM.finditer(text))[at]
        given = {name: unescape(value) for name, value in HIDDEN.findall(found[0])} | fields
        target = urljoin(address, unescape(found[1]))
        parts = urlsplit(address)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Sec-Fetch-Site": "same-origin",
        }
        return self._onward(target, self.ask("POST", target, urlencode(given).encode(), headers), hops)

    def _onward(self, address: str, answer: Answer, hops: int) -> tuple[str, Answer]:
        while hops and 300 <= answer.status < 400:
            address, hops = urljoin(address, answer.headers["location"]), hops - 1
            answer = self.ask("GET", address)
        if hops and (found := ONWARD.search(answer.body.decode("utf-8", "replace"))):
            return self.visit(urljoin(address, unescape(found[1])), hops=hops - 1)
        return address, answer
