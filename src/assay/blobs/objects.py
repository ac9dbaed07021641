"""Objects in S3, Google Cloud Storage or Azure, over obstore."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import obstore
from blake3 import blake3
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from assay.blobs.multipart import S3Multipart
from assay.blobs.names import NAME, check_name
from assay.ports.blobs import PIECE, Held
from assay.wire.errors import Corrupt, InvalidInput, NotFound, NotSupported, Unavailable

OWNER = "owner"
FOLDER = "objects/"
PART = 16 << 20  # bytes; 10,000 parts at most make an object
PARTS_AT_ONCE = 4
FETCH = 8 << 20  # bytes asked for at once: a request is short, however slowly its reader takes them
RETRY: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
REMEDY = "check the bucket, the endpoint and the credentials that the environment names"


@contextmanager
def _passing(store: str) -> Iterator[None]:
    """The store's failures in the words of the house. FileNotFoundError passes: its meaning is the caller's."""
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise Unavailable(
            f"{store} refuses the credentials: {_first(error)}",
            field="--artifacts",
            remedy="set credentials that may read, write, list and delete there, as AWS_ACCESS_KEY_ID for S3",
            retry_after_s=30,
        ) from error
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise Unavailable(
            f"{store} does not answer as it should: {_first(error)}",
            field="--artifacts",
            remedy=REMEDY,
            retry_after_s=5,
        ) from error


def _first(error: BaseException) -> str:
    return str(error).partition("\n\n")[0].partition("Debug source")[0].strip()[:300]


class ObjectUpload:
    """See `assay.ports.blobs.Upload`. Small ones are one request; larger ones are sent in parts meanwhile."""

    def __init__(self, store: Any, address: str, key: str) -> None:
        self._address = address
        self._hash = blake3()
        self._size = 0
        self._writer: Any = obstore.open_writer(store, key, buffer_size=PART, max_concurrency=PARTS_AT_ONCE)

    def write(self, data: Sequence[bytes]) -> None:
        """Appends bytes."""
        with _passing(self._address):
            for piece in data:
                self._hash.update(piece)
                self._writer.write(piece)
                self._size += len(piece)

    def finish(self) -> tuple[int, str]:
        """Size and digest of the object, which the store has acknowledged."""
        with _passing(self._address):
            self._writer.close()
        return self._size, self._hash.hexdigest()

    def abort(self) -> None:
        """Nobody sees the object; parts that were sent remain until a sweep."""
        self._writer = None


class ObjectBlobs:
    """See `assay.ports.blobs.BlobStore`.

    Args:
        address: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`. Credentials, region and
            endpoint are those of the process's environment, by the names that the cloud's own tools use.
        environment: The same environment, for what we ask of it ourselves.

    Raises:
        InvalidInput: The address cannot be read.
    """

    links = True

    def __init__(self, address: str, environment: Mapping[str, str] = os.environ) -> None:
        self.address = address.rstrip("/")
        options: Any = {"allow_http": environment.get("AWS_ENDPOINT_URL", "").startswith("http://")}
        try:
            self._store: Any = from_url(address, client_options=options, retry_config=RETRY)
        except (BaseError, ValueError) as error:
            raise InvalidInput(
                f"The address of the files cannot be used: {_first(error)}",
                field="--artifacts",
                remedy="s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix",
            ) from error
        self.multipart = S3Multipart.over(self._store, FOLDER, environment) if address.startswith("s3://") else None

    def _key(self, id: str) -> str:
        return FOLDER + check_name(id)

    def owner(self) -> int | None:
        """The catalog's number, if it has left one."""
        with _passing(self.address):
            try:
                return int(bytes(obstore.get(self._store, OWNER).bytes()))
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise Unavailable(
                        f"{self.address} names a bucket that does not exist", field="--artifacts", remedy=REMEDY
                    ) from error
                return None

    def claim(self, number: int) -> int:
        """The catalog's number, left by whoever came first."""
        with _passing(self.address):
            try:
                obstore.put(self._store, OWNER, str(number).encode(), mode="create")
            except AlreadyExistsError:
                return self.owner() or 0
        return number

    def create(self, id: str) -> ObjectUpload:
        """A new object."""
        return ObjectUpload(self._store, self.address, self._key(id))

    def put(self, id: str, data: bytes) -> str:
        """The digest of a new, small object."""
        with _passing(self.address):
            obstore.put(self._store, self._key(id), data, use_multipart=False)
        return blake3(data).hexdigest()

    def read(self, id: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a range, by requests of a few pieces each."""
        if start >= end:
            return
        while start < end:
            wanted = min(FETCH, end - start)
            with _passing(self.address):
                try:
                    found = memoryview(obstore.get_range(self._store, self._key(id), start=start, length=wanted))
                except FileNotFoundError:
                    raise NotFound(
                        f"The object {id} is missing", field="blob_id", remedy="restore it from a backup"
                    ) from None
            if len(found) != wanted:
                raise Corrupt(f"The object {id} ends at byte {start + len(found)}", remedy="restore it from a backup")
            for at in range(0, wanted, PIECE):
                yield bytes(found[at : at + PIECE])
            start += wanted

    def link(self, id: str, name: str, ttl_s: int) -> str:
        """A signed link, where the credentials can sign."""
        key = self._key(id)
        if self.multipart is not None:
            return self.multipart.download(id, name, ttl_s)
        try:
            return str(obstore.sign(self._store, "GET", key, timedelta(seconds=ttl_s)))
        except BaseError as error:
            raise NotSupported(f"{self.address} gives no links", remedy="read through the server") from error

    def delete(self, id: str) -> None:
        """The object is gone."""
        key = self._key(id)
        with _passing(self.address):
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    def held(self) -> Iterator[Held]:
        """All objects, as far as they are ours."""
        with _passing(self.address):
            for page in obstore.list(self._store, FOLDER, chunk_size=1_000):
                for meta in page:
                    name = meta["path"].rpartition("/")[2]
                    if NAME.match(name):
                        yield Held(name, int(meta["last_modified"].timestamp() * 1_000_000))

    def sweep(self, before_us: int) -> int:
        """Multipart uploads begun earlier are aborted on S3; the other clouds forget theirs by themselves."""
        return 0 if self.multipart is None else self.multipart.sweep(before_us)
