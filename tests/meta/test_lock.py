"""The lock file names only the public package index, and pins every file by its hash."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from meta.tree import ROOT

HOSTS = {"pypi.org", "files.pythonhosted.org"}


def texts(value: Any) -> Iterator[str]:
    """Every text within a value."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from texts(item)
        case list():
            for item in value:
                yield from texts(item)


def hosts(lock: Any) -> set[str]:
    """Every host that a lock names."""
    return {urlsplit(text).hostname or "" for text in texts(lock) if "://" in text}


def sources(lock: Any) -> set[str]:
    """The kinds of places that packages come from."""
    return {kind for package in lock["package"] for kind in package["source"]}


def test_the_lock_names_the_public_index_only() -> None:
    """No mirror, no direct address, no repository."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    assert len(lock["package"]) > 50
    assert hosts(lock) == HOSTS
    assert sources(lock) == {"registry", "editable"}
    assert [package["name"] for package in lock["package"] if "editable" in package["source"]] == ["assay-ml"]


def test_every_locked_file_has_its_hash() -> None:
    """What is installed is what was locked."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    wheels = [wheel for package in lock["package"] for wheel in package.get("wheels", [])]
    assert wheels
    assert [wheel["url"] for wheel in wheels if not wheel["hash"].startswith("sha256:")] == []


def test_another_host_is_caught() -> None:
    """A mirror's address does not pass for the index."""
    lock = {
        "package": [
            {"source": {"registry": "https://mirror.example/simple"}, "wheels": [{"url": "https://pypi.org/a"}]}
        ]
    }
    assert hosts(lock) == {"mirror.example", "pypi.org"}
    assert sources({"package": [{"source": {"git": "https://pypi.org/x"}}]}) == {"git"}


@pytest.mark.parametrize("folder", ["ui", "tests/browser"])
def test_locks_of_npm_name_no_registry_and_pin_every_file(folder: str) -> None:
    """Whoever builds takes them from the registry that his npm knows."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    packages = {name: told for name, told in lock["packages"].items() if name}
    assert packages
    assert [name for name, told in packages.items() if "resolved" in told] == []
    assert [name for name, told in packages.items() if "integrity" not in told] == []
    wanted = json.loads((ROOT / folder / "package.json").read_text())
    versions = [*wanted.get("dependencies", {}).values(), *wanted.get("devDependencies", {}).values()]
    assert [version for version in versions if not version[0].isdigit()] == []
