"""The server's log, on standard error: one line an event, with the request that it belongs to, and without secrets."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

FORMATS = ("text", "json")
# What was asked while the event happened; the threads and tasks of a request have it, too.
request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("assay.access")

TOKENS = re.compile(r"assay-[A-Za-z0-9_-]{43,}|(?i:\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,})")
PASSWORDS = re.compile(r"(?<=://)[^\s'\"]+@")
QUERIES = re.compile(r"(?<=[\w/])\?[^\s?'\"<>=]+=[^\s'\"<>]*")


def cleaned(text: str) -> str:
    """The text without tokens, passwords within addresses, and query strings."""
    text = TOKENS.sub("***", text)
    text = PASSWORDS.sub("***@", text)
    return QUERIES.sub("?***", text)


def _lines(record: logging.LogRecord, formatter: logging.Formatter) -> tuple[str, str]:
    """The message and the traceback, if there is one, both cleaned."""
    trace = formatter.formatException(record.exc_info) if record.exc_info else ""
    return cleaned(record.getMessage()), cleaned(trace)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Text(logging.Formatter):
    """For people: time, level, logger, request, message; a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as text. What a client sent cannot begin a line."""
        message, trace = _lines(record, self)
        message = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in message)
        asked = request_id.get()
        asked = f" [{cleaned(asked)}]" if asked else ""
        head = f"{_time(record)} {record.levelname} {record.name}{asked} {message}"
        return f"{head}\n{trace}" if trace else head


class Json(logging.Formatter):
    """For programs: each event is one line, a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as JSON."""
        message, trace = _lines(record, self)
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if asked := request_id.get():
            told["request_id"] = cleaned(asked)
        told |= {name: cleaned(value) if isinstance(value, str) else value for name, value in _asked(record).items()}
        if trace:
            told["exception"] = trace
        return json.dumps(told)


def _asked(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "asked", {})
    return found


@contextmanager
def logged(form: str, *, requests: bool) -> Iterator[None]:
    """Warnings, and requests if asked for, go to standard error in this form meanwhile, from every logger.

    Where the program that runs the server has handlers of its own, they are used as they are.

    Args:
        form: One of `FORMATS`.
        requests: Whether each request is an event, too.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Text())
    root = logging.getLogger()
    ours = not root.handlers
    if ours:
        root.addHandler(handler)
    access.setLevel(logging.INFO if requests else logging.WARNING)
    try:
        yield
    finally:
        if ours:
            root.removeHandler(handler)
