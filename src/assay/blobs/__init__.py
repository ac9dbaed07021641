"""Bytes on a local folder, S3, GCS, Azure or in memory, over obstore."""
