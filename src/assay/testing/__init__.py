"""Shipped contract suites, builders and fakes, for our own tests and for whoever writes a backend."""
