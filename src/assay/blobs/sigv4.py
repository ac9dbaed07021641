"""Signed links to S3 with parameters of ours: AWS Signature Version 4 in the query string."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Key:
    """Who signs, and for which region."""

    id: str
    secret: str
    token: str | None
    region: str


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(method: str, url: str, params: Mapping[str, str], key: Key, now: datetime, ttl_s: int) -> str:
    """The link: whoever has it may make this one request until `ttl_s` after `now` (UTC).

    Args:
        method: GET, PUT, POST or DELETE.
        url: Scheme, host and encoded path, without a query.
        params: The query's parameters, not encoded.
    """
    parts = urlsplit(url)
    day, time = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{key.region}/s3/aws4_request"
    query = dict(params) | {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key.id}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(ttl_s),
        "X-Amz-SignedHeaders": "host",
    }
    if key.token:
        query["X-Amz-Security-Token"] = key.token
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
    request = f"{method}\n{parts.path}\n{encoded}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    secret = f"AWS4{key.secret}".encode()
    for text in (day, key.region, "s3", "aws4_request"):
        secret = _mac(secret, text)
    signature = _mac(secret, f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashed}").hex()
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{encoded}&X-Amz-Signature={signature}"
