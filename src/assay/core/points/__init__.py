"""Metric points as columns: their order and identity, their stored form, latest values, chunks."""
