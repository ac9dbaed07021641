"""MLflow's REST API as an import reads it, of MLflow 2 and later."""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import IO, Any, cast

from assay.exchange.mlflow_artifacts import PROXIED
from assay.wire.errors import InvalidInput, NotFound, Unavailable

API = "/api/2.0/mlflow/"
TIMEOUT_S = 120.0
PATIENCE_S = (0.5, 2.0, 5.0)  # between tries of a server that is busy
ANSWER_BOUND = 256 << 20  # bytes
DEPTH = 100  # of folders
BUSY = (429, 500, 502, 503, 504)
SOURCE = "source"  # the field of errors that are the source's, not the target's


class TrackingServer:
    """A tracking server.

    User and password may stand in the address; else they are those that MLflow's own client takes from the
    environment.
    """

    def __init__(self, address: str) -> None:
        try:
            parts = urllib.parse.urlsplit(address)
            named = bool(parts.hostname and parts.port != 0)
        except ValueError:
            named = False
        if not named or parts.hostname is None:  # what it says is not told: there may be a password in it
            raise InvalidInput("The address names no host and port", field="SOURCE", remedy="give http://host:port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.url = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "") + parts.path.rstrip("/")
        user = urllib.parse.unquote(parts.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = urllib.parse.unquote(parts.password or "") or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
        self._login = f"Bearer {token}" if token else ""
        if user:
            self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def get(self, route: str, **query: str | int | None) -> dict[str, Any]:
        """The answer of a GET."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self._asked(f"{API}{route}?{urllib.parse.urlencode(given)}", None)

    def post(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a POST, which here only ever asks."""
        return self._asked(API + route, json.dumps(body).encode())

    def searched(self, route: str, what: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The things of all pages of a search by POST."""
        token: str | None = None
        while True:
            page = self.post(route, body if token is None else {**body, "page_token": token})
            yield from self._things(page, what)
            if not (token := self._next(page, token)):
                return

    def listed(self, route: str, what: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The things of all pages of a listing by GET."""
        token: str | None = None
        while True:
            page = self.get(route, page_token=token, **query)
            yield from self._things(page, what)
            if not (token := self._next(page, token)):
                return

    def _things(self, page: dict[str, Any], what: str) -> list[dict[str, Any]]:
        """The things of a page. Raises Unavailable where they are none."""
        found = page.get(what, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self._odd()
        return found

    def _next(self, page: dict[str, Any], token: str | None) -> str | None:
        """The token of the page after. Raises Unavailable where it is the same page."""
        found: str | None = page.get("next_page_token")
        if found and found == token:
            raise self._odd()
        return found

    def _odd(self) -> Unavailable:
        told = f"The answer of {self.url} could not be understood"
        return Unavailable(told, field=SOURCE, remedy="is this MLflow's server?")

    def walk(self, route: str, field: str, **query: str) -> Iterator[tuple[str, int | None]]:
        """The files of a run or model, folder by folder: path and size."""
        folders, seen = [""], {""}
        while folders:
            found = self._things(self.get(route, **{field: self._inside(folders.pop()), **query}), "files")
            for item in sorted(found, key=lambda item: str(item["path"])):
                if item.get("is_dir"):
                    if item["path"] in seen:
                        raise self._odd()
                    seen.add(item["path"])
                    folders.append(item["path"])
                else:
                    size = item.get("file_size")
                    yield item["path"], None if size is None else int(size)

    def list_files(self, path: str) -> Iterator[tuple[str, int | None]]:
        """The files below a folder of the server's artifact store: path below the folder, and size."""
        folders = [""]
        while folders:
            below = self._inside(folders.pop())
            asked = urllib.parse.urlencode({"path": f"{path}/{below}".rstrip("/")})
            for item in self._things(self._asked(f"{PROXIED}?{asked}", None), "files"):
                name = f"{below}/{item['path'].rsplit('/', 1)[-1]}".lstrip("/")
                if item.get("is_dir"):
                    folders.append(name)
                else:
                    size = item.get("file_size")
                    yield name, None if size is None else int(size)

    def _inside(self, folder: str) -> str:
        """The folder. Raises Unavailable where it lies deeper than any does."""
        if folder.count("/") > DEPTH:
            raise self._odd()
        return folder

    def open_file(self, path: str) -> IO[bytes]:
        """The bytes of a file of the server's artifact store."""
        return self.download(f"{PROXIED}/{urllib.parse.quote(path)}")

    def download(self, route: str, **query: str) -> IO[bytes]:
        """The bytes that a route answers."""
        return self._opened(f"{route}?{urllib.parse.urlencode(query)}" if query else route, None)

    def _asked(self, path: str, body: bytes | None) -> dict[str, Any]:
        for wait_s in (*PATIENCE_S, None):
            try:
                with self._opened(path, body) as answer:
                    data = answer.read(ANSWER_BOUND + 1)
                found = json.loads(data) if len(data) <= ANSWER_BOUND else None
            except (Unavailable, OSError, http.client.HTTPException) as error:
                if wait_s is None or (isinstance(error, Unavailable) and error.retry_after_s is None):
                    raise error if isinstance(error, Unavailable) else self._away(error) from error
                time.sleep(wait_s)
            except (ValueError, RecursionError) as error:
                raise self._odd() from error
            else:
                if not isinstance(found, dict):
                    raise self._odd()
                return found
        raise AssertionError  # the loop returns or raises

    def _opened(self, path: str, body: bytes | None) -> IO[bytes]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 -- http and https only
        if self._login:
            request.add_unredirected_header("Authorization", self._login)  # told to nobody else
        try:
            return cast("IO[bytes]", urllib.request.urlopen(request, timeout=TIMEOUT_S))  # noqa: S310 -- the same
        except urllib.error.HTTPError as error:
            with error:
                told = _message(error)
                if error.code in (401, 403):
                    remedy = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
                    raise Unavailable(f"{self.url} asks who you are: {told}", field=SOURCE, remedy=remedy) from error
                if error.code == 404:
                    raise NotFound(f"{self.url} does not have it: {told}", field=SOURCE) from error
                raise Unavailable(
                    f"{self.url} answers {error.code}: {told}",
                    field=SOURCE,
                    retry_after_s=1 if error.code in BUSY else None,
                ) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error

    def _away(self, error: BaseException) -> Unavailable:
        return Unavailable(
            f"{self.url} does not answer: {error}", field=SOURCE, remedy="start MLflow's server", retry_after_s=1
        )


def _message(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read(100_000))
        return str(told.get("message", ""))[:200]
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return str(error.reason)[:200]
