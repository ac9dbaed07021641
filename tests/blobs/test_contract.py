"""The shipped contract of objects, over a local folder and over S3's protocol on the wire."""

from __future__ import annotations

from assay.testing.blobs import BlobContract


class TestBlobs(BlobContract):
    """Objects."""
