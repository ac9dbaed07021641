"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support import alone, evidence
from support.length import LONG
from support.postgres import postgres
from support.server import Server

settings.register_profile("short", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", parent=settings.get_profile("short"), max_examples=400)
settings.load_profile("long" if LONG else "short")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server on a fresh home, stopped at the end."""
    running = Server(tmp_path / "home").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def database_server() -> Iterator[Any]:
    """A real PostgreSQL, one for all tests of a worker; `fresh_database` makes databases in it."""
    with postgres() as running:
        yield running


DEAR = ("exchange", "e2e", "durability")  # folders whose files take minutes


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker ends with it alone."""
    items.sort(key=lambda item: item.path.parent.name not in DEAR)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around the timeout: who waits for his turn uses none of his time
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """In the long form, a test marked `alone` runs by itself."""
    if not LONG:
        return (yield)
    with alone.turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The long form leaves docs/evidence.md behind; a part of the tests does not."""
    if not LONG or terminalreporter.config.option.collectonly:
        return
    if terminalreporter.config.args != terminalreporter.config.getini("testpaths"):
        return
    stats = {
        name: len(reports)
        for name, reports in terminalreporter.stats.items()
        if name in ("passed", "failed", "error", "skipped")
    }
    reports = [report for group in ("passed", "failed") for report in terminalreporter.stats.get(group, ())]
    told = [(r.nodeid, str(value)) for r in reports for name, value in r.user_properties if name == "evidence"]
    evidence.write(stats, told)
