"""Who may reach the server: off this machine it starts only where it asks who people are, and nobody reads along."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli.house import assay, refused
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.server import Server
from support.visitor import Visitor

GOOD = "correct horse battery"
PROXIED = ("--proxy", "127.0.0.1", "--public-url", "https://ml.example.org")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    return cert, secret


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an admin."""
    home = tmp_path_factory.mktemp("reach") / "home"
    server = Server(home).start()
    assert server.process is not None
    assert server.process.stdout is not None
    link = next(word for line in server.process.stdout for word in line.split() if "/setup/" in word)
    visitor = Visitor(server.url)
    visitor.submit(visitor.visit(link), name="ada", password=GOOD, again=GOOD, hops=0)
    server.stop()
    return home


def test_it_says_what_is_missing(tmp_path: Path, tls: tuple[Path, Path], peopled: Path) -> None:
    words = ("up", "--port", "0", "--home", tmp_path / "home")
    certified = ("--tls-cert", tls[0], "--tls-key", tls[1])
    assert "--tls-cert and --tls-key; or" in refused(*words, "--host", "0.0.0.0")
    assert "--proxy" in refused(*words, "--host", "0.0.0.0", "--public-url", "https://ml.example.org")
    assert "--public-url" in refused(*words, "--host", "0.0.0.0", "--proxy", "10.0.0.0/8")
    assert "no users yet" in refused(*words, "--host", "0.0.0.0", *certified)
    assert "no users yet" in refused(*words, *PROXIED)  # others reach it through the proxy
    assert "--tls-key" in refused(*words, *certified[:2])
    assert "no file" in refused(*words, "--tls-cert", tmp_path / "none", "--tls-key", tls[1])
    for wrong in (
        "ml.example.org",
        "https://ml.example.org/assay",
        "https://u:p@ml.example.org",
        "ftp://x",
        "http://x",
    ):
        assert "--public-url" in refused(*words, "--public-url", wrong) or "https" in refused(
            *words, "--public-url", wrong
        )
    assert "--oidc-client-id" in refused(*words, "--oidc-issuer", "https://op.example.org")
    assert "https://" in refused(*words, "--oidc-issuer", "http://op.example.org", "--oidc-client-id", "x")
    assert "no network" in refused(*words, "--proxy", "somewhere")
    assert assay("up", "--insecure").exit_code == 2
    people = ("up", "--port", "0", "--home", peopled)
    assert "could be read on the way" in refused(*people, "--host", "0.0.0.0")


def test_with_tls_it_serves_others(tls: tuple[Path, Path], peopled: Path) -> None:
    options = ("--host", "0.0.0.0", "--tls-cert", str(tls[0]), "--tls-key", str(tls[1]))
    server = Server(peopled, options=options).start()
    try:
        port = urlsplit(server.url).port
        assert server.url == f"https://0.0.0.0:{port}"
        visitor = Visitor(f"https://localhost:{port}", ssl.create_default_context(cafile=str(tls[0])))
        _, answer = visitor.submit(visitor.visit("/login?next=/health"), name="ada", password=GOOD)
        assert answer.body == b"OK"
        assert all("Secure" in told for told in visitor.set_cookies)
        assert visitor.ask("GET", "/api/v1/me").json["name"] == "ada"
        big = visitor.ask("GET", "/api/v1/openapi.json")
        assert len(big.json["paths"]) > 20
    finally:
        server.stop()


def test_behind_a_proxy_the_browser_sees_its_address(peopled: Path) -> None:
    server = Server(peopled, options=PROXIED).start()
    try:
        visitor = Visitor(server.url)
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ml.example.org", "X-Forwarded-For": "198.51.100.7"}
        page = visitor.ask("GET", "/login", headers=said)
        assert page.status == 200
        assert all("Secure" in told for told in visitor.set_cookies)
        assert visitor.ask("GET", "/login", headers={**said, "X-Forwarded-Host": "evil.example"}).status == 403
        own = {**said, "Origin": "https://ml.example.org"}
        assert visitor.ask("POST", "/login", b"", {**own, "Content-Type": "text/plain"}).status == 422
        assert visitor.ask("POST", "/login", b"", {**own, "Origin": server.url}).status == 403
        env = {"ASSAY_HOME": str(peopled)}
        link = assay("users", "invite", "ada", **env).stdout.strip()
        assert link.startswith("https://ml.example.org/setup/assay-")
    finally:
        server.stop()
