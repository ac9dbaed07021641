"""An S3 server over the wire, with a fresh bucket for each who asks."""

from __future__ import annotations

import http.client
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

_numbers = itertools.count(1)


@dataclass
class S3:
    """A running server: its address, and the environment of whoever uses it."""

    url: str

    @property
    def env(self) -> dict[str, str]:
        """What an operator would set."""
        return {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret/of+an+operator",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-central-1",
        }

    def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of a request past the code under test; this server asks for no signature."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"assay-{os.getpid()}-{next(_numbers)}"
        place = b"<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>"
        status, text = self.request("PUT", f"/{name}", place + b"</CreateBucketConfiguration>")
        assert status == 200, text
        return name


@contextmanager
def s3_server() -> Iterator[S3]:
    """A server on a free port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
