"""Signed links are those that AWS's own library makes."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from assay.blobs.sigv4 import Key, signed


@pytest.mark.parametrize("token", [None, "a/session+token=="])
@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("PUT", "/bucket/a/key", {"partNumber": "7", "uploadId": "x~y_z.-/+ =&"}),
        ("POST", "/bucket/a%20key/%C3%A4", {"uploads": ""}),
        ("GET", "/", {"uploads": "", "prefix": "a/b"}),
        ("GET", "/k", {"response-content-disposition": "attachment; filename*=UTF-8''a%20b"}),
    ],
)
def test_a_link_is_signed_as_aws_does(method: str, path: str, params: dict[str, str], token: str | None) -> None:
    url, secret = f"https://bucket.s3.eu-central-1.amazonaws.com{path}", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    ours = signed(method, url, params, Key("AKIAEXAMPLE", secret, token, "eu-central-1"), datetime.now(UTC), 600)
    given = parse_qs(urlsplit(ours).query, keep_blank_values=True)
    request = AWSRequest(method, url, params=params)
    auth = S3SigV4QueryAuth(Credentials("AKIAEXAMPLE", secret, token), "s3", "eu-central-1", expires=600)
    # The library reads the clock itself; both must have met the same second.
    for _ in range(3):
        auth.add_auth(request)
        theirs = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
        if theirs["X-Amz-Date"] == given["X-Amz-Date"]:
            break
        ours = signed(method, url, params, Key("AKIAEXAMPLE", secret, token, "eu-central-1"), datetime.now(UTC), 600)
        given = parse_qs(urlsplit(ours).query, keep_blank_values=True)
        request = AWSRequest(method, url, params=params)
    assert given == theirs
