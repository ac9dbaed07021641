"""The one small HTTP client of the house."""

from __future__ import annotations

import base64
import codecs
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO, cast

from assay.wire.errors import AssayError, InvalidInput, Unavailable

codecs.lookup(
    "idna"
)  # hosts are encoded so: a thread that is the first to ask for it, in a fork or at the end, may fail
TIMEOUT_S = 60.0
NEXT_PAGE = "x-next-page-token"  # a header: the token of the page that follows
PIECE = 1 << 20  # bytes
Proof = str | tuple[str, str] | None  # a token; name and password


def get(base: str, path: str, /, *, token: str | None = None, **query: str | int | Sequence[str] | None) -> Any:
    """The decoded answer of a GET below /api/v1; a sequence is sent as a repeated field.

    Raises:
        AssayError: What the server answered, as the class that it raised.
        Unavailable: Nobody listens there.
    """
    given = {name: value for name, value in query.items() if value is not None}
    return _asked(base, f"{path}?{urllib.parse.urlencode(given, doseq=True)}", None, token)


def post(
    base: str, path: str, body: dict[str, Any] | list[Any], *, token: str | None = None, timeout_s: float = TIMEOUT_S
) -> Any:
    """The decoded answer of a POST below /api/v1; the token says who asks. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), token, timeout_s)


def post_as(base: str, path: str, body: dict[str, Any], name: str, password: str) -> Any:
    """The decoded answer of a POST below /api/v1 by somebody with name and password. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), (name, password))


def patch(base: str, path: str, body: dict[str, Any], *, token: str | None = None) -> Any:
    """The decoded answer of a PATCH below /api/v1. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), token, method="PATCH")


def put(base: str, path: str, body: dict[str, Any], *, token: str | None = None) -> Any:
    """The decoded answer of a PUT of JSON below /api/v1. Raises as `get` does."""
    return _asked(base, path, json.dumps(body).encode(), token, method="PUT")


def send(base: str, path: str, body: bytes, kind: str, *, token: str | None = None, **query: str | int) -> Any:
    """The decoded answer of a POST of bytes of this media type. Raises as `get` does."""
    return _asked(base, f"{path}?{urllib.parse.urlencode(query)}", body, token, kind=kind)


def delete(base: str, path: str, *, token: str | None = None) -> Any:
    """The decoded answer of a DELETE below /api/v1. Raises as `get` does."""
    return _asked(base, path, None, token, method="DELETE")


def put_file(
    base: str, path: str, body: bytes | BinaryIO, size: int, *, token: str | None = None, timeout_s: float = TIMEOUT_S
) -> Any:
    """The decoded answer of a PUT of `size` bytes, read from where the file stands now.

    The server may answer before it has read everything, and says then why.

    Raises:
        AssayError: As `get`.
        InvalidInput: The file holds fewer bytes than that.
    """
    sent = {"Content-Length": str(size)}
    kind = "application/octet-stream"
    exactly = body if isinstance(body, bytes) else Exactly(body, size)
    return _asked(base, path, exactly, token, timeout_s, method="PUT", kind=kind, headers=sent)


def get_file(base: str, path: str, target: BinaryIO, /, *, token: str | None = None) -> None:
    """The bytes of the answer to a GET are written to the target. Raises as `get` does; OSError of the target."""
    with stream(base, path, token=token) as answer:
        while piece := _read(base, answer, PIECE):
            target.write(piece)
        if answer.length:  # it was cut short
            raise _nobody(base)


def get_bytes(
    base: str, path: str, *, token: str | None = None, accept: str = "*/*", **query: str | int | Sequence[str] | None
) -> tuple[bytes, Mapping[str, str]]:
    """The body of the answer to a GET below /api/v1 as it is, and its headers, in lower case. Raises as `get` does."""
    with stream(base, path, token=token, accept=accept, **query) as answer:
        return _read(base, answer), {name.lower(): value for name, value in answer.headers.items()}


def post_for_bytes(
    base: str, path: str, body: Mapping[str, Any], *, token: str | None = None, accept: str = "*/*"
) -> bytes:
    """The body of the answer to a POST below /api/v1 as it is. Raises as `get` does."""
    with _opened(base, path, json.dumps(body).encode(), token, headers={"Accept": accept}) as answer:
        return _read(base, answer)


@contextmanager
def stream(
    base: str, path: str, *, token: str | None = None, accept: str = "*/*", **query: str | int | Sequence[str] | None
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET below /api/v1, to be read piece by piece; its `headers` are there. Raises as `get` does.

    What breaks while it is read is raised as it is: OSError, http.client.HTTPException.
    """
    given = {name: value for name, value in query.items() if value is not None}
    path = f"{path}?{urllib.parse.urlencode(given, doseq=True)}" if given else path
    with _opened(base, path, None, token, headers={"Accept": accept}) as answer:
        yield answer


def quoted(part: str) -> str:
    """One part of a path."""
    return urllib.parse.quote(part, safe="")


def quoted_path(path: str) -> str:
    """A path of several parts, such as a file's."""
    return urllib.parse.quote(path)


class Exactly:
    """So many bytes of a file: one that grows is not sent beyond, as the length was told before."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, count: int = -1) -> bytes:
        """The next bytes. Raises InvalidInput if there are fewer than were told."""
        found = self._file.read(self._left if count < 0 else min(count, self._left))
        if not found and self._left:
            raise InvalidInput("The file became shorter while it was sent", field="body", remedy="send it again")
        self._left -= len(found)
        return found


def _asked(
    base: str,
    path: str,
    body: bytes | Exactly | None,
    token: Proof = None,
    timeout_s: float = TIMEOUT_S,
    *,
    method: str | None = None,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Any:
    try:
        with _opened(base, path, body, token, timeout_s, method=method, kind=kind, headers=headers) as answer:
            return json.load(answer)
    except ValueError as error:
        raise _puzzle(base) from error
    except (OSError, http.client.HTTPException) as error:
        raise _nobody(base) from error


def _opened(
    base: str,
    path: str,
    body: bytes | Exactly | None,
    token: Proof = None,
    timeout_s: float = TIMEOUT_S,
    *,
    method: str | None = None,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> http.client.HTTPResponse:
    url = f"{base.rstrip('/')}/api/v1/{path}"
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"{base!r} is no server's address", remedy="give http://HOST:PORT")
    sent = {**(headers or {}), "Content-Type": kind}
    if workspace := os.environ.get("ASSAY_WORKSPACE", "").strip():
        sent["Assay-Workspace"] = workspace
    request = urllib.request.Request(url, body, sent, method=method)  # noqa: S310 -- checked above
    if token is not None:
        request.add_unredirected_header("Authorization", _proof(token))  # told to nobody else
    try:
        return cast("http.client.HTTPResponse", _opener().open(request, timeout=timeout_s))
    except urllib.error.HTTPError as error:
        with error:
            raise _answered(base, error) from error
    except ValueError as error:
        raise _puzzle(base) from error
    except (OSError, http.client.HTTPException) as error:
        raise _nobody(base) from error


def _proof(token: str | tuple[str, str]) -> str:
    """What the header says of who asks."""
    if isinstance(token, str):
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(":".join(token).encode()).decode()


class _Patient(http.client.HTTPConnection):
    """Reads the answer also of a server that gave it, and went, before it had taken the whole body."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().request(*args, **kwargs)
        except (BrokenPipeError, ConnectionResetError):
            if self.sock is None:
                raise


class _PatientHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Patient, request)


@cache
def _opener() -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_PatientHandler()]
    if hasattr(http.client, "HTTPSConnection"):  # a Python with TLS

        class PatientTls(_Patient, http.client.HTTPSConnection):
            pass

        class TlsHandler(urllib.request.HTTPSHandler):
            def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(PatientTls, request)

        handlers.append(TlsHandler())
    return urllib.request.build_opener(*handlers)


def _read(base: str, answer: http.client.HTTPResponse, count: int | None = None) -> bytes:
    """The rest of an answer's body, or its next bytes. Raises Unavailable."""
    try:
        return answer.read(count)
    except (OSError, http.client.HTTPException) as error:
        raise _nobody(base) from error


def _answered(base: str, error: urllib.error.HTTPError) -> AssayError:
    try:
        return _rebuilt(error.read()) or _puzzle(base)
    except (OSError, http.client.HTTPException):
        return _nobody(base)


def _nobody(base: str) -> Unavailable:
    return Unavailable(f"No server answers at {base}", remedy="start one with: assay up")


def _puzzle(base: str) -> Unavailable:
    """What a proxy says whose server is away, or something that is no Assay server."""
    return Unavailable(f"The answer of {base} could not be understood", remedy="is this an Assay server?")


def _rebuilt(body: bytes) -> AssayError | None:
    try:
        told = json.loads(body)
        kind = AssayError.registry.get(told["code"], AssayError)
        return kind(
            told["detail"],
            field=told.get("field"),
            bound=told.get("bound"),
            remedy=told.get("remedy"),
            details=told.get("details"),
        )
    except (ValueError, KeyError, TypeError):
        return None
