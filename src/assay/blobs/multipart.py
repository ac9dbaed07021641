"""S3's multipart uploads, whose parts a client sends by links that the server has signed.

obstore knows no links with parameters, so the few requests are made here: each is a signed link, followed at once.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import obstore
from obstore.exceptions import BaseError

from assay.blobs.names import NAME, check_name
from assay.blobs.sigv4 import Key, signed
from assay.ports.blobs import Part
from assay.wire.errors import AssayError, InvalidInput, Unavailable

ATTEMPT_S = 60
OWN_TTL_S = 300
ATTEMPTS = 3


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {_tag(child): (child.text or "").strip() for child in element}


class S3Multipart:
    """See `assay.ports.blobs.Multipart`.

    Args:
        bucket: URL of the bucket, without a slash at its end.
        prefix: What the keys of objects begin with.
        store: obstore's store, for what it can do itself.
        folder: What the keys begin with inside of `store`.
        environment: Holds the secret key.
    """

    def __init__(self, bucket: str, prefix: str, store: Any, folder: str, environment: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._store = store
        self._folder = folder
        self._environment = environment

    @classmethod
    def over(cls, store: Any, folder: str, environment: Mapping[str, str]) -> S3Multipart | None:
        """The uploads of this store, if the environment holds the key that it signs with."""
        try:
            probe = urlsplit(str(obstore.sign(store, "GET", f"{folder}x", timedelta(seconds=1))))
        except BaseError:
            return None
        signer = parse_qs(probe.query).get("X-Amz-Credential", [""])[0].partition("/")[0]
        if signer != environment.get("AWS_ACCESS_KEY_ID") or "AWS_SECRET_ACCESS_KEY" not in environment:
            return None  # obstore found its credentials elsewhere, and does not tell the secret
        tail = f"{(store.prefix or '').strip('/')}/{folder}".lstrip("/")
        bucket = f"{probe.scheme}://{probe.netloc}{probe.path}".removesuffix(f"/{quote(tail)}x")
        return cls(bucket, tail, store, folder, environment)

    def _key(self) -> Key:
        link = str(obstore.sign(self._store, "GET", f"{self._folder}x", timedelta(seconds=1)))
        scope = parse_qs(urlsplit(link).query)["X-Amz-Credential"][0].split("/")
        token = self._environment.get("AWS_SESSION_TOKEN")
        return Key(scope[0], self._environment["AWS_SECRET_ACCESS_KEY"], token, scope[2])

    def _link(self, method: str, path: str, params: Mapping[str, str], ttl_s: int) -> str:
        return signed(method, f"{self._bucket}/{quote(path)}", params, self._key(), datetime.now(UTC), ttl_s)

    def _ask(self, method: str, path: str, params: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the answer; tried again where the store is away."""
        for attempt in range(1, ATTEMPTS + 1):
            parts = urlsplit(self._link(method, path, params, OWN_TTL_S))
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.netloc, timeout=ATTEMPT_S)
            try:
                connection.request(method, f"{parts.path}?{parts.query}", body or None)
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
                if status < 500 or attempt == ATTEMPTS:
                    return status, text
            except (OSError, http.client.HTTPException) as error:
                if attempt == ATTEMPTS:
                    raise Unavailable(
                        f"The object store does not answer: {error}",
                        remedy="check that its endpoint can be reached",
                        retry_after_s=5,
                    ) from error
            finally:
                connection.close()
        raise AssertionError("unreachable")

    def begin(self, id: str) -> str:
        """The upload's name in S3."""
        status, text = self._ask("POST", self._prefix + check_name(id), {"uploads": ""})
        if status != 200:
            raise _refused(status, text)
        return _texts(ElementTree.fromstring(text))["UploadId"]  # noqa: S314 -- the operator's own store

    def links(self, id: str, backend_id: str, count: int, ttl_s: int) -> list[str]:
        """Where to PUT each part."""
        path = self._prefix + check_name(id)
        return [
            self._link("PUT", path, {"partNumber": str(number), "uploadId": backend_id}, ttl_s)
            for number in range(1, count + 1)
        ]

    def complete(self, id: str, backend_id: str, parts: Sequence[Part]) -> int:
        """The object is made; its size in bytes, as S3 tells it."""
        named = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(part.etag)}</ETag></Part>" for part in parts
        )
        body = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
        status, text = self._ask("POST", self._prefix + check_name(id), {"uploadId": backend_id}, body)
        # S3 may answer 200 and fail after that, in the body. NoSuchUpload is also what a second attempt is told.
        if (status != 200 or b"<Error>" in text) and b"NoSuchUpload" not in text:
            raise _refused(status, text)
        try:
            return int(obstore.head(self._store, self._folder + id)["size"])
        except FileNotFoundError:
            raise _refused(status, text) from None

    def abort(self, id: str, backend_id: str) -> None:
        """The parts are gone."""
        status, text = self._ask("DELETE", self._prefix + check_name(id), {"uploadId": backend_id})
        if status not in (200, 204, 404):
            raise _refused(status, text)

    def download(self, id: str, name: str, ttl_s: int) -> str:
        """Where to GET the object, to be saved under this name."""
        kind = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return self._link("GET", self._prefix + check_name(id), {"response-content-disposition": kind}, ttl_s)

    def sweep(self, before_us: int) -> int:
        """Uploads that began earlier are aborted; how many."""
        old = [(id, name) for id, name, began_us in self._open() if began_us < before_us]
        for id, name in old:
            self.abort(id, name)
        return len(old)

    def _open(self) -> Iterator[tuple[str, str, float]]:
        """Object, name and beginning (microseconds since the epoch) of each upload under way."""
        after: dict[str, str] = {}
        while True:
            status, text = self._ask("GET", "", {"uploads": "", "prefix": self._prefix} | after)
            if status != 200:
                raise _refused(status, text)
            root = ElementTree.fromstring(text)  # noqa: S314 -- the operator's own store
            for element in root:
                if _tag(element) == "Upload":
                    found = _texts(element)
                    id = found["Key"].removeprefix(self._prefix)
                    if NAME.match(id):
                        began = datetime.fromisoformat(found["Initiated"])
                        yield id, found["UploadId"], began.timestamp() * 1_000_000
            page = _texts(root)
            if page.get("IsTruncated") != "true":
                return
            after = {"key-marker": page["NextKeyMarker"], "upload-id-marker": page["NextUploadIdMarker"]}


def _refused(status: int, text: bytes) -> AssayError:
    try:
        told = _texts(ElementTree.fromstring(text))  # noqa: S314 -- the operator's own store
    except ElementTree.ParseError:
        told = {}
    code = told.get("Code", f"status {status}")
    if code in ("InvalidPart", "InvalidPartOrder", "EntityTooSmall", "NoSuchUpload", "MalformedXML"):
        return InvalidInput(
            f"The parts do not make an object: {code}",
            field="parts",
            remedy="send every part again, each but the last of at least 5 MiB",
        )
    return Unavailable(
        f"The object store refuses: {code}",
        remedy="check what the server's credentials may do",
        retry_after_s=5,
    )
