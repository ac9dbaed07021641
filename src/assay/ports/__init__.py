"""Protocols that services speak to; stores and blobs fulfil them."""
