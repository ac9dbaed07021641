"""How the commands on accounts speak to a server: which one, in whose name, and what they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.cli.options import HOME, JSON, URL, server_url
from assay.cli.tables import show_table
from assay.sdk import http
from assay.sdk.home import default_home, token_for

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Answer = dict[str, Any]
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A server, what proves who asks, and whether the answer is printed as JSON."""

    url: str
    token: str | None
    as_json: bool

    def get(self, path: str, **query: Any) -> Answer:
        """The answer to a GET."""
        found: Answer = http.get(self.url, path, token=self.token, **query)
        return found

    def pages(self, path: str, field: str) -> list[Any]:
        """Everything that a list has."""
        found: list[Any] = []
        token = ""
        while True:
            page = self.get(path, limit=PAGE, page_token=token)
            found += page[field]
            token = page["next_page_token"] or ""
            if not token:
                return found

    def post(self, path: str, body: Answer) -> Answer:
        """The answer to a POST."""
        found: Answer = http.post(self.url, path, body, token=self.token)
        return found

    def patch(self, path: str, body: Answer) -> Answer:
        """The answer to a PATCH."""
        found: Answer = http.patch(self.url, path, body, token=self.token)
        return found

    def put(self, path: str, body: Answer) -> Answer:
        """The answer to a PUT."""
        found: Answer = http.put(self.url, path, body, token=self.token)
        return found

    def delete(self, path: str) -> Answer:
        """The answer to a DELETE."""
        found: Answer = http.delete(self.url, path, token=self.token)
        return found

    def say(self, answer: Any, text: str) -> None:
        """Prints the answer as JSON, or the text."""
        click.echo(json.dumps(answer, indent=2) if self.as_json else text)

    def show(self, answer: Any, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Prints the answer as JSON, or the rows as a table."""
        if self.as_json:
            click.echo(json.dumps(answer, indent=2))
        elif rows:
            show_table(names, rows)


def asks(command: Decorated) -> Decorated:
    """The command has the options that say which server it asks, and is given it as its first argument."""

    @URL
    @HOME
    @JSON
    @wraps(command)
    def asking(*args: Any, url: str | None, home: Path | None, as_json: bool, **given: Any) -> Any:
        address = server_url(url, home)
        return command(Asked(address, token_for(address, home or default_home()), as_json), *args, **given)

    return asking  # type: ignore[return-value]  # click calls it by names


def when(at_us: int | None) -> str:
    """A time for people, in UTC; nothing where there is none."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M") if at_us else ""


def safe(name: str) -> str:
    """A name as a part of a path; names of groups have slashes."""
    return http.quoted_path(name)
