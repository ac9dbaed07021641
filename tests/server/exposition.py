"""Prometheus' text format, read strictly: what this does not understand, a scraper need not either."""

from __future__ import annotations

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\+Inf|[0-9.eE+-]+)\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\\\|\\"|\\n)*)"(?:,|\Z)')
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> tuple[dict[str, str], Samples]:
    """The kind of each metric, and each sample by name and labels. Fails on what is out of order."""
    kinds: dict[str, str] = {}
    samples: Samples = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, f"{name} comes twice"
            kinds[name] = kind
            continue
        match = SAMPLE.match(line)
        assert match, line
        base = next(name for name in reversed(kinds))
        endings = ("_bucket", "_sum", "_count") if kinds[base] == "histogram" else ("",)
        assert match[1] in [base + ending for ending in endings], f"{match[1]} stands below {base}"
        labels, at = [], 0
        while at < len(match[2] or ""):
            label = LABEL.match(match[2], at)
            assert label, line
            labels.append((label[1], label[2]))
            at = label.end()
        key = match[1], frozenset(labels)
        assert key not in samples, line
        samples[key] = float(match[3])
    return kinds, samples


def value(samples: Samples, name: str, **labels: str) -> float:
    """The one sample."""
    return samples.get((name, frozenset(labels.items())), 0.0)
