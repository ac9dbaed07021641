"""A provider that errs or lies: its answers are bounded, and no token is believed that it did not make for us."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from support.stores import open_store

from assay.server.login import fetch
from assay.server.login.fetch import fetched
from assay.server.login.provider import Client, Provider, _derived
from assay.services.access import AccessService
from assay.services.providers import ProviderService
from assay.wire.errors import AssayError, InvalidInput, PermissionDenied, Unavailable

BROWSER = "the secret of a browser"


@dataclass
class Liar:
    """What the provider answers, by path; a function is called for it."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # paths, and what proved who asks


@pytest.fixture
def liar() -> Iterator[Liar]:
    found = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.path, self.headers.get("Authorization", "")))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = found.answers.get(self.path, 404)
            answer = answer() if callable(answer) else answer
            status, headers, body = (answer, {}, b"") if isinstance(answer, int) else (200, {}, answer)
            if isinstance(answer, tuple):
                status, headers, body = answer
            if isinstance(body, dict):
                body = json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


KEY = RSAKey.generate_key(2048, parameters={"kid": "k1"})


@dataclass
class House:
    """A provider of ours that asks the liar."""

    liar: Liar
    provider: Provider

    def entered(self, **given: Any) -> str:
        """The name of whoever comes in, if the provider's token has these claims."""
        now = int(time.time())
        claims = {
            "iss": self.liar.url,
            "sub": "s-1",
            "aud": "assay",
            "iat": now,
            "exp": now + 60,
            "nonce": _derived(BROWSER, "nonce"),
            "preferred_username": "ada",
            **given,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return self.token(jwt.encode({"alg": "RS256", "kid": "k1"}, told, KEY))

    def token(self, token: Any) -> str:
        self.liar.answers["/token"] = {"id_token": token, "access_token": "a", "token_type": "Bearer"}
        return self.provider._entered(BROWSER, "code").name


@pytest.fixture
def house(liar: Liar, tmp_path: Path) -> Iterator[House]:
    with open_store("sqlite-memory", tmp_path, lambda: None) as store:
        access = AccessService(store, time.monotonic, lambda: time.time_ns() // 1_000)
        service = ProviderService(store, access, lambda: secrets.token_bytes(32))
        client = Client(liar.url, "assay", "secret")
        liar.answers["/.well-known/openid-configuration"] = {
            "issuer": liar.url,
            "authorization_endpoint": f"{liar.url}/auth",
            "token_endpoint": f"{liar.url}/token",
            "jwks_uri": f"{liar.url}/jwks",
        }
        liar.answers["/jwks"] = KeySet([KEY]).as_dict(private=False)
        yield House(liar, Provider(client, service, lambda: "http://127.0.0.1:1", time.monotonic))


def test_a_token_of_the_provider_for_us_is_believed(house: House) -> None:
    assert house.entered() == "ada"
    assert house.entered(aud=["assay", "other"], azp="assay") == "ada"
    assert house.entered(exp=int(time.time()) - 30) == "ada"  # clocks differ
    paths = [path for path, _ in house.liar.asked]
    assert paths.count("/.well-known/openid-configuration") == paths.count("/jwks") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["assay", "another"], "azp": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 9_999_999_999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 1_001},
        {"preferred_username": None},
        {"preferred_username": ["ada"]},
    ],
    ids=str,
)
def test_one_for_somebody_else_or_another_time_is_not(house: House, wrong: dict[str, Any]) -> None:
    with pytest.raises(AssayError) as refused:
        house.entered(**wrong)
    assert refused.value.code in ("permission_denied", "invalid_input")
    assert refused.value.remedy


def test_one_that_another_key_signed_is_not(house: House) -> None:
    claims = {"iss": house.liar.url, "sub": "s", "aud": "assay", "nonce": _derived(BROWSER, "nonce")}
    claims |= {"iat": int(time.time()), "exp": int(time.time()) + 60, "preferred_username": "ada"}
    public = KEY.as_pem(private=False)
    good = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEY)
    head, body, _ = good.split(".")
    none, shared = (encoded(json.dumps({"alg": alg, "kid": "k1"}).encode()) for alg in ("none", "HS256"))
    as_secret = encoded(hmac.digest(public, f"{shared}.{body}".encode(), "sha256"))
    for token in (
        jwt.encode({"alg": "RS256", "kid": "k1"}, claims, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "RS256", "kid": "other"}, claims, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "ES256", "kid": "k1"}, claims, ECKey.generate_key("P-256")),
        f"{shared}.{body}.{as_secret}",  # its public key as a secret
        f"{none}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}",
        "",
        "a.b.c",
        None,
        7,
        {"a": 1},
        "x" * 100_000,
    ):
        with pytest.raises(PermissionDenied):
            house.token(token)


def test_a_new_key_of_the_provider_is_asked_for(house: House) -> None:
    assert house.entered() == "ada"
    fresh = RSAKey.generate_key(2048, parameters={"kid": "k2"})
    claims = {"iss": house.liar.url, "sub": "s-1", "aud": "assay", "nonce": _derived(BROWSER, "nonce")}
    claims |= {"iat": int(time.time()), "exp": int(time.time()) + 60, "preferred_username": "ada"}
    house.liar.answers["/jwks"] = KeySet([KEY, fresh]).as_dict(private=False)
    assert house.token(jwt.encode({"alg": "RS256", "kid": "k2"}, claims, fresh)) == "ada"


def test_the_second_answer_speaks_of_the_same_user(house: House) -> None:
    metadata = house.liar.answers["/.well-known/openid-configuration"]
    metadata["userinfo_endpoint"] = f"{house.liar.url}/me"
    house.liar.answers["/me"] = {"sub": "s-2", "preferred_username": "root"}
    with pytest.raises(PermissionDenied, match="two users"):
        house.entered(preferred_username=None)
    house.liar.answers["/me"] = {"sub": "s-1", "preferred_username": "grace", "iss": "x"}
    assert house.entered(preferred_username=None) == "grace"


@pytest.mark.parametrize(
    "answer",
    [
        404,
        500,
        (302, {"Location": "/elsewhere"}, b""),
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        {"issuer": "https://evil.example"},
        b" " * (fetch.ANSWER_BOUND + 1),
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_a_provider_that_errs_is_an_answer(house: House, answer: Any) -> None:
    house.liar.answers["/.well-known/openid-configuration"] = answer
    house.liar.answers["/elsewhere"] = {"issuer": house.liar.url}
    with pytest.raises(Unavailable) as refused:
        house.entered()
    assert refused.value.remedy
    assert "/elsewhere" not in [path for path, _ in house.liar.asked]


def test_a_provider_that_is_silent_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.2)
    house.liar.answers["/.well-known/openid-configuration"] = lambda: time.sleep(1) or 200
    with pytest.raises(Unavailable):
        house.entered()


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("url", ["http://internal.example/x", "file:///etc/passwd", "https://u:p@x.example", None])
def test_it_leads_us_to_no_place_without_tls(house: House, name: str, url: str | None) -> None:
    house.liar.answers["/.well-known/openid-configuration"][name] = url
    with pytest.raises(InvalidInput):
        house.entered()
    for wrong in ("file:///etc/passwd", "http://internal.example", "ftp://127.0.0.1"):
        with pytest.raises(InvalidInput):
            fetched(wrong)
